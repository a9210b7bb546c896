"""`make bench`: generating the whole fleet against one `helm template` process a hub."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hubwright import fleet, helm, resources
from hubwright.commands import common
from hubwright.commands.generate import planned
from hubwright.outputs import gateway
from tests.conftest import ROOT
from tests.tools.build import program

LEAST_FACTOR = 20


def timed(work: Callable[[], object]) -> float:
    """Seconds that `work` takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fastest(work: Callable[[], object], times: int = 5) -> float:
    """The least of several runs, which other load disturbs least."""
    return min(timed(work) for _ in range(times))


def make_everything() -> int:
    """All files of all hubs, in memory, read from disk anew; how many."""
    return len(planned(common.load([str(ROOT / "values")], None)))


def command(*arguments: str) -> Callable[[], object]:
    """A run of a program, start and all."""
    return lambda: subprocess.run(arguments, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)


def helm_once_a_hub(values: list[tuple[str, str, Path]]) -> None:
    """`helm template` for each hub, as a shell loop would."""
    for release, namespace, file in values:
        command(str(program("helm")), "template", release, str(ROOT / "chart"), "-n", namespace, "-f", str(file))()


def main() -> int:
    """Print the table; 1 when the promised factor is missed."""
    loaded = fleet.read(fleet.Selection(root=ROOT / "values"))
    hubs = common.enabled_hubs(loaded)
    engine = helm.engine("embedded")
    chart = resources.chart_folder()
    with tempfile.TemporaryDirectory() as folder:
        values = []
        for hub, cluster in hubs:
            file = Path(folder) / f"{hub.cluster}-{hub.name}.json"
            file.write_text(json.dumps(gateway.chart_values(hub, cluster)), encoding="utf-8")
            values.append((hub.release, hub.namespace, file))

        def render_all() -> None:
            for hub, cluster in hubs:
                engine.render(chart, gateway.chart_values(hub, cluster), release=hub.release, namespace=hub.namespace)

        render_all()  # loads the library and the chart
        loop = timed(lambda: helm_once_a_hub(values))
        rows = [
            ("helm template, one process a hub", loop),
            ("generate all files of all hubs, in memory", fastest(make_everything)),
            (
                "hubwright generate values --check, one process",
                fastest(command(sys.executable, "-m", "hubwright", "generate", "values", "--check")),
            ),
            (
                "hubwright lint values, one process",
                fastest(command(sys.executable, "-m", "hubwright", "lint", "values")),
            ),
            ("render all hubs with embedded Helm", fastest(render_all)),
        ]
    print_table(rows, len(hubs))
    factor = loop / rows[1][1]
    enough = factor >= LEAST_FACTOR
    sys.stdout.write(f"\ngenerating is {factor:.0f} times faster than helm template (promised: {LEAST_FACTOR})\n")
    return 0 if enough else 1


def print_table(rows: list[tuple[str, float]], hubs: int) -> None:
    """Name, seconds, milliseconds a hub, share of the first row."""
    sys.stdout.write(f"{hubs} hubs\n{'':50}{'s':>8}{'ms/hub':>9}{'factor':>8}\n")
    for name, seconds in rows:
        sys.stdout.write(f"{name:50}{seconds:8.3f}{seconds * 1000 / hubs:9.1f}{rows[0][1] / seconds:8.1f}\n")


if __name__ == "__main__":
    sys.exit(main())
