"""The commands, from click."""

from __future__ import annotations

import inspect

import click

from penstock.cli.main import COMMANDS, cli
from reference.markdown import table


def page() -> str:
    """Every command with its arguments and options."""
    root = click.Context(cli, info_name="penstock")
    lines = [
        "# Commands",
        "",
        "    penstock [--json] [--quiet] COMMAND [FOLDER]",
        "",
        "`--json` and `--quiet` are taken before or after the command. With `--json` stdout holds",
        "one JSON document and nothing else. Every command has `--help`.",
        "[Exit codes](exit-codes.md).",
        "",
        'Completion for your shell: `eval "$(penstock completion bash)"` in `~/.bashrc`, the same',
        "with `zsh` in `~/.zshrc`, and `penstock completion fish | source` in `config.fish`.",
    ]
    for name in COMMANDS:
        command = cli.get_command(root, name)
        assert command is not None
        lines += _command(command, name, root, level=2)
    return "\n".join(lines)


def _command(command: click.Command, name: str, parent: click.Context, level: int) -> list[str]:
    ctx = click.Context(command, info_name=name, parent=parent)
    lines = ["", f"{'#' * level} {ctx.command_path}", ""]
    if isinstance(command, click.Group):
        lines.append(_help(command))
        for sub in command.list_commands(ctx):
            found = command.get_command(ctx, sub)
            assert found is not None
            lines += _command(found, sub, ctx, level + 1)
        return lines
    usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
    lines += [f"    {usage}", "", _help(command)]
    records = [
        record
        for parameter in command.get_params(ctx)
        if not (isinstance(parameter, click.Option) and "--help" in parameter.opts)
        and (record := parameter.get_help_record(ctx))
        and record[1]
    ]
    if records:
        rows = [[f"`{option}`", text] for option, text in records]
        lines += ["", table(["option", "what"], rows)]
    return lines


def _help(command: click.Command) -> str:
    return inspect.cleandoc(command.help or "").replace("\b\n", "")
