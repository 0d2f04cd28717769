"""`penstock ledger rebuild`: a lost or damaged ledger, made again of what was published."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.rebuild import Rebuilt


@click.group("ledger")
def command() -> None:
    """Rebuild the ledger, the memory of runs: `ledger rebuild`."""


@command.command("rebuild")
@shared.folder_argument
@shared.definition_options
@click.option("--force", is_flag=True, help="Even if the ledger can be read.")
@pass_output
def rebuild(
    output: Output,
    *,
    folder: Path,
    profile: str | None,
    variables: tuple[str, ...],
    force: bool,
) -> None:
    """Make the ledger in FOLDER again of the runs' folders and the published tables.

    The old file is kept under another name. Nothing is changed where the ledger is whole, or
    where something is missing that decides which rows are loaded.
    """
    from penstock.compiler import compile_definition
    from penstock.runtime.rebuild import rebuild as make
    from penstock.runtime.rebuild import wrong

    shared.pipeline_root(folder)
    definition = shared.load(output, folder, profile, variables)
    root = definition.root
    name = definition.pipeline.name
    path = root / ".penstock" / "ledger.sqlite"
    reason = wrong(root, path, name) or ("it was asked for" if force else None)
    schema = {"schema": "penstock.ledger_rebuild/1"}
    if reason is None:
        output.result(
            "the ledger can be read, and knows every run: nothing was changed",
            {**schema, "rebuilt": False},
        )
        return
    program = compile_definition(definition, "duckdb").program
    done = make(root, path, name, program.loads if program else (), reason)
    output.result(lambda: _shown(done), {**schema, "rebuilt": True, **asdict(done)})


def _shown(done: Rebuilt) -> str:
    told = [
        f"the ledger was made again ({done.damage})",
        f"  recovered  {done.runs:,} runs, {done.versions:,} published versions",
        f"             {done.files:,} files read, {done.discarded:,} discarded rows",
    ]
    if done.kept:
        told.append(f"  old file   {done.kept}")
    told += [f"  unfinished {run}: the next run finishes it" for run in done.unfinished]
    told += [f"  lost       {what}" for what in done.lost]
    return "\n".join(told)
