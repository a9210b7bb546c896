"""Runs the command line and decides the exit code: 0 fine, 1 findings or drift, 2 cannot run, 3 our bug, 130 ^C."""

from __future__ import annotations

import os
import platform
import sys
import traceback

import click

from hubwright import __version__
from hubwright.cli import hubwright
from hubwright.findings import CannotGoOn

CANNOT_RUN = 2
OUR_BUG = 3
INTERRUPTED = 130


def main() -> None:
    """Entry point of the program."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run the program with `arguments`; the exit code."""
    try:
        code = hubwright.main(args=arguments, prog_name="hubwright", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        return _say("interrupted; nothing is half-written", INTERRUPTED)
    except KeyboardInterrupt:
        return _say("interrupted; nothing is half-written", INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return CANNOT_RUN
    except click.ClickException as error:
        error.show()
        return CANNOT_RUN
    except CannotGoOn as error:
        return _say(f"error: {error}", CANNOT_RUN)
    except BrokenPipeError:
        # The reader of our output (head, less) has gone; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.filename is None:  # of no file: not the user's to mend
            return _say(_bug_report(), OUR_BUG)
        return _say(
            f"error: {error.filename}: {error.strerror}; check the name, the permissions and the disk", CANNOT_RUN
        )
    except Exception:
        return _say(_bug_report(), OUR_BUG)


def _say(text: str, code: int) -> int:
    click.echo(text, err=True)
    return code


def _bug_report() -> str:
    versions = f"hubwright {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return (
        f"{traceback.format_exc()}\nThis is a fault of hubwright. Please report it with the text above and: {versions}"
    )


if __name__ == "__main__":
    main()
