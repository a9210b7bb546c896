"""`hubwright completion`: prints the script that completes commands and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command(
    "completion",
    short_help="Print the completion script of a shell.",
    epilog="""
    \b
    Examples:
      hubwright completion bash > ~/.local/share/bash-completion/completions/hubwright
      hubwright completion zsh  > ~/.zfunc/_hubwright
      hubwright completion fish > ~/.config/fish/completions/hubwright.fish
    """,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the script that makes SHELL complete hubwright's commands and options."""
    made = get_completion_class(shell)
    root = ctx.find_root().command
    if made is None:  # click knows all three; this only satisfies its types
        raise click.UsageError(f"no completion for {shell}")
    click.echo(made(root, {}, "hubwright", "_HUBWRIGHT_COMPLETE").source())
    return 0
