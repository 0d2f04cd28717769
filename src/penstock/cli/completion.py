"""`penstock completion SHELL`: the completion script of a shell."""

from __future__ import annotations

import click

from penstock.cli.output import Output, pass_output


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_output
def command(output: Output, shell: str) -> None:
    """Print the completion script of SHELL.

    Bash: `eval "$(penstock completion bash)"`; zsh the same; fish:
    `penstock completion fish | source`.
    """
    from click.shell_completion import get_completion_class

    from penstock.cli.main import cli

    found = get_completion_class(shell)
    assert found is not None
    script = found(cli, {}, "penstock", "_PENSTOCK_COMPLETE").source()
    output.result(script, {"schema": "penstock.completion/1", "shell": shell, "script": script})
