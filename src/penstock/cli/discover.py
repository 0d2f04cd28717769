"""`penstock discover`: what the files of sources hold, recorded or compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.tables import table

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.compiler.discover import Found

SCHEMA = "penstock.discover/1"


@click.command("discover")
@click.argument("source", required=False)
@shared.folder_option
@click.option("--check", is_flag=True, help="Compare with the schema; write nothing.")
@shared.definition_options
@pass_output
def command(
    output: Output,
    *,
    source: str | None,
    folder: Path,
    check: bool,
    profile: str | None,
    variables: tuple[str, ...],
) -> int:
    """Look at the files of SOURCE (default: of every source) and record their columns.

    They are written to schemas/SOURCE.yaml, which is the source's schema from then on, unless
    pipeline.yaml declares one. With --check, exit code 1 says that files and schema differ.
    """
    from penstock.compiler.discover import discover

    definition = shared.load(output, shared.pipeline_root(folder), profile, variables)
    output.diagnostics([d for d in definition.diagnostics if d.severity == "error"])
    found = discover(definition, source, check=check)
    document = {
        "schema": SCHEMA,
        "check": check,
        "equal": not any(f.changes for f in found) if check else None,
        "sources": [f.as_json() for f in found],
    }
    output.result(lambda: "\n\n".join(_words(f, check=check) for f in found), document)
    return 1 if check and any(f.changes for f in found) else 0


def _words(found: Found, *, check: bool) -> str:
    if not check:
        rows: list[list[object]] = [[c.name, c.type] for c in found.columns]
        ends = f"wrote {found.path}: {found.origin}"
        if found.declared:
            ends += (
                "\nnote: pipeline.yaml declares a schema for this source, and that one counts; "
                "take it away to use the recorded one"
            )
        return f"{table([found.source, 'type'], rows)}\n{ends}"
    if not found.changes:
        return f"{found.source}: the files hold what {found.path} says"
    rows = [
        [c.column, c.change, c.before or "", c.after or "", c.file or ""] for c in found.changes
    ]
    head = f"{found.source}: the files differ from {found.path}"
    return f"{head}\n{table(['column', 'difference', 'schema', 'files', 'first in'], rows)}"
