"""`python -m tests.tools install NAME...` builds what is missing; `path NAME` prints where a program is."""

from __future__ import annotations

import sys

from tests.tools.build import TOOLS, install, program


def main(arguments: list[str]) -> int:
    """The exit code."""
    verb, *names = arguments or [""]
    unknown = [name for name in names if name not in TOOLS]
    if verb not in ("install", "path") or not names or unknown:
        sys.stderr.write(f"usage: python -m tests.tools install|path NAME...; names: {', '.join(TOOLS)}\n")
        return 2
    for name in names:
        if verb == "install":
            install(name)
        else:
            sys.stdout.write(f"{program(name)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
