"""The command line as a user meets it: help, exit codes, misspelt words, no traceback."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hubwright import __version__
from hubwright.__main__ import run
from tests.conftest import ROOT, Run

COMMANDS = ["init", "generate", "lint", "presets", "template", "rules", "chart", "completion"]


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_helps_with_examples(hubwright: Run, command: str) -> None:
    done = hubwright(command, "--help", cwd=ROOT)

    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert f"hubwright {command}" in done.stdout


def test_the_program_lists_its_commands_and_exit_codes(hubwright: Run) -> None:
    done = hubwright("--help", cwd=ROOT)

    assert all(command in done.stdout for command in COMMANDS)
    assert "Exit codes: 0 fine, 1 findings or drift, 2 cannot run, 3 a fault of hubwright." in done.stdout


def test_the_version_is_told(hubwright: Run) -> None:
    assert hubwright("--version", cwd=ROOT).stdout.strip() == f"hubwright, version {__version__}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["genrate"], "No such command 'genrate'. Did you mean generate?"),
        (["frobnicate"], "No such command 'frobnicate'. There are: init, generate, lint"),
        (["lint", "--fromat", "json"], "No such option '--fromat'"),
        (["lint", "cluster-f/prd"], "cluster-f/prd: cluster cluster-f has no such hub; did you mean prod?"),
        (["lint", "clustr-f"], "clustr-f: no such cluster in values; did you mean cluster-f?"),
        (["lint", "README.md"], "README.md: not a hub.yaml, cluster.yaml or defaults.yaml"),
        (["lint", "--root", "nowhere"], "--root nowhere: there is no such folder"),
        (["presets"], "name a hub, or machine types with --machine-type; not both, not neither"),
        (["presets", "--machine-type", "r5.4xlagre"], "r5.4xlagre is not in the catalogue of machine types; did you mean r5.4xlarge?"),
        (["presets", "--machine-type", "r5.xlarge", "--machine-type", "r5.4xlarge"], "worker sizes fit machines of one shape only"),
        (["presets", "--machine-type", "r5.xlarge", "--cpus", "8"], "8 CPUs are more than the machine's 4"),
        (["presets", "--machine-type", "r5.xlarge", "--reserved-cpu", "x", "--reserved-memory", "1Gi"], "x is not a Kubernetes quantity"),
        (["rules", "preset-to-big"], "there is no rule preset-to-big; did you mean preset-too-big?"),
        (["template", "cluster-a/demo"], "none of the hubs named has a Dask Gateway (enabled: false), or there is no hub yet"),
        (["template", "cluster-f/prod", "--engine", "binary", "--helm", "no-helm"], "there is no program no-helm; install Helm, or name it with --helm"),
        (["completion", "tcsh"], "'tcsh' is not one of 'bash', 'zsh', 'fish'"),
        (["init", "Prod"], "Prod: write CLUSTER/HUB, both in lower-case letters, digits and '-', like cluster-a/prod"),
        (["init", "cluster-f/prod"], "values/cluster-f/prod/hub.yaml is there already; edit it, or name another hub"),
        (["chart", "values"], "values holds something other than this chart; name a new or empty folder"),
    ],
)  # fmt: skip
def test_what_cannot_run_says_why_and_exits_with_2(hubwright: Run, arguments: list[str], message: str) -> None:
    done = hubwright(*arguments, cwd=ROOT)

    assert message in done.stderr
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_name_that_no_file_can_have_is_told(hubwright: Run) -> None:
    done = hubwright("lint", "a" * 300, cwd=ROOT)

    assert done.returncode == 2
    assert "File name too long; check the name, the permissions and the disk" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("reason", [errno.EACCES, errno.ENOSPC, errno.EIO, errno.EROFS])
def test_what_the_system_refuses_is_told_with_the_file(
    reason: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(reason, os.strerror(reason), "values/c")

    monkeypatch.setattr("hubwright.fleet.select", refuse)

    assert run(["lint"]) == 2
    assert (
        capsys.readouterr().err
        == f"error: values/c: {os.strerror(reason)}; check the name, the permissions and the disk\n"
    )


def test_a_fault_of_ours_asks_for_a_report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("hubwright.fleet.select", break_down)

    assert run(["lint"]) == 3
    assert f"Please report it with the text above and: hubwright {__version__}" in capsys.readouterr().err


def test_a_folder_without_values_says_how_to_begin(hubwright: Run, tmp_path: Path) -> None:
    done = hubwright("generate", cwd=tmp_path)

    assert done.returncode == 2
    assert "begin with: hubwright init CLUSTER/HUB --provider gcp" in done.stderr


@pytest.mark.parametrize("target", ["values", "values/cluster-f", "values/cluster-f/prod", "values/cluster-f/prod/hub.yaml", "cluster-f", "cluster-f/prod"])  # fmt: skip
def test_hubs_are_named_by_folder_file_or_reference(hubwright: Run, target: str) -> None:
    assert hubwright("generate", target, "--check", cwd=ROOT).returncode == 0


def test_values_are_found_upwards(hubwright: Run) -> None:
    done = hubwright("lint", cwd=ROOT / "values" / "cluster-f" / "prod")

    assert done.returncode == 0
    assert "54 files" in done.stdout


def test_values_are_found_by_root(hubwright: Run, tmp_path: Path) -> None:
    assert hubwright("lint", "--root", str(ROOT), cwd=tmp_path).returncode == 0
    assert hubwright("lint", "cluster-f/prod", "--root", str(ROOT / "values"), cwd=tmp_path).returncode == 0


def test_the_fail_level_decides_the_exit_code(hubwright: Run) -> None:
    assert hubwright("lint", "cluster-e", cwd=ROOT).returncode == 0
    assert hubwright("lint", "cluster-e", "--fail-level", "warning", cwd=ROOT).returncode == 1


def test_findings_come_as_json(hubwright: Run) -> None:
    done = hubwright("lint", "cluster-e", "--format", "json", "--select", "moving-image-tag", cwd=ROOT)

    report = json.loads(done.stdout)
    assert report["summary"] == {"error": 0, "warning": 2, "info": 0, "files": 5, "hubs": 3}
    assert report["findings"][0] == {
        "file": "values/cluster-e/prod/hub.yaml",
        "line": 5,
        "column": 1,
        "path": "image",
        "rule": "moving-image-tag",
        "severity": "warning",
        "message": "the tag latest moves",
        "remedy": "pin a tag that never moves, or a digest",
    }


def test_presets_come_as_json(hubwright: Run) -> None:
    done = hubwright(
        "presets", "--machine-type", "r5.4xlarge", "--machine-type", "r7i.4xlarge", "--format", "json", cwd=ROOT
    )

    report = json.loads(done.stdout)
    assert [machine["name"] for machine in report["machineTypes"]] == ["r5.4xlarge", "r7i.4xlarge"]
    assert report["machineTypes"][1]["basis"] == "rule"
    assert report["machineTypes"][0]["nominal"] == {"cpuMillicores": 16000, "memoryBytes": 128 * 2**30}
    assert [preset["threads"] for preset in report["presets"]] == [1, 2, 4, 8, 16]
    assert set(report["presets"][0]) == {
        "cpus", "label", "workersPerNode", "cpuRequestMillicores", "memoryBytes", "threads", "share",
    }  # fmt: skip
    assert 0.99 < report["presets"][0]["share"] <= 1


def test_presets_of_a_hub_with_two_choices_come_as_json(hubwright: Run) -> None:
    report = json.loads(hubwright("presets", "cluster-azure/prod", "--format", "json", cwd=ROOT).stdout)

    assert list(report) == ["machineTypes", "presets"]
    assert {preset["choice"] for preset in report["presets"]} == {
        "cluster-azure/prod: Standard_E16s_v5",
        "cluster-azure/prod: Standard_F32s_v2",
    }


def test_the_table_of_presets_draws_bars_and_no_colour_when_piped(hubwright: Run) -> None:
    done = hubwright("presets", "cluster-f/prod", cwd=ROOT)

    assert "████████████████████ 100.0 %" in done.stdout or "███████████████████" in done.stdout
    assert "\x1b[" not in done.stdout
    assert "16 CPU, 115 GiB" in done.stdout


def test_the_pool_of_small_machines_has_small_presets_alone(hubwright: Run) -> None:
    report = json.loads(hubwright("presets", "cluster-e/prod", "--format", "json", cwd=ROOT).stdout)

    assert [preset["cpus"] for preset in report["presets"]] == [1, 2, 4]


def on_terminal(arguments: list[str], **environment: str) -> str:
    """What the program prints on a terminal."""
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "hubwright", *arguments],
        cwd=ROOT,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "xterm-256color", **environment},
    )
    os.close(slave)
    text = b""
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:  # the terminal is gone with the program
            break
        if not part:
            break
        text += part
    process.wait()
    os.close(master)
    return text.decode()


def test_findings_have_colour_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)

    assert "\x1b[33m" in on_terminal(["lint", "cluster-e"])


def test_no_color_is_heeded() -> None:
    assert "\x1b[3" not in on_terminal(["lint", "cluster-e"], NO_COLOR="1")
    assert "\x1b[3" not in on_terminal(["presets", "cluster-f/prod"], NO_COLOR="1")


def test_a_reader_that_stops_reading_is_no_error() -> None:
    program = f"{sys.executable} -m hubwright template values | head -1"

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.stdout.startswith("---")
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_program(hubwright: Run, shell: str) -> None:
    assert "hubwright" in hubwright("completion", shell, cwd=ROOT).stdout


def test_an_interrupt_leaves_whole_files_and_exits_with_130(tmp_path: Path) -> None:
    """Interrupted at any moment, a rendered file is the whole old or the whole new one, and no other file is left."""
    import shutil

    shutil.copytree(ROOT / "values", tmp_path / "values")
    before = {p: p.read_bytes() for p in (tmp_path / "values").rglob("rendered/*")}
    for path in before:
        path.write_text("old\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "hubwright", "generate"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()  # the first file is written
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)

    after = {p: p.read_bytes() for p in (tmp_path / "values").rglob("rendered/*")}
    assert process.returncode in (130, 0)  # 0 when it was done before the signal came
    assert process.returncode == 0 or "interrupted" in errors
    assert set(after) == set(before)
    assert all(content in (b"old\n", before[path]) for path, content in after.items())
    assert not list((tmp_path / "values").rglob(".*.yaml.*"))
