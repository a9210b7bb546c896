"""The command line: a group whose commands are loaded when they are called."""

from __future__ import annotations

import importlib
import os

import click

from hubwright import __version__

_COMMANDS = (
    "init",
    "generate",
    "lint",
    "presets",
    "template",
    "doctor",
    "crds",
    "install",
    "status",
    "rollback",
    "uninstall",
    "rules",
    "chart",
    "completion",
)


class LazyGroup(click.Group):
    """A group that imports the module of a command only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click gives it
        """The commands in the order that one meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click gives it
        """The command, imported; None for a name that is none."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"hubwright.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a hint for a misspelt name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {close[0]}?" if close else f" There are: {', '.join(_COMMANDS)}."
            raise click.UsageError(error.message + hint, ctx) from None


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""
    \b
    Examples:
      hubwright init cluster-a/prod --provider gcp
      hubwright generate
      hubwright lint values
      hubwright presets cluster-a/prod
      hubwright template cluster-a/prod --validate
      hubwright install cluster-a/prod --crds
      hubwright status cluster-a/prod

    Exit codes: 0 fine, 1 findings or drift, 2 cannot run, 3 a fault of hubwright.
    """,
)
@click.version_option(__version__, prog_name="hubwright")
@click.pass_context
def hubwright(ctx: click.Context) -> None:
    """Helm values, JupyterHub values and a users' guide for hubs with Dask Gateway, from one short file a hub."""
    if os.environ.get("NO_COLOR"):
        ctx.color = False
