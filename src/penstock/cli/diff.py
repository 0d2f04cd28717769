"""`penstock diff TARGET [A] [B]`: what is different between two versions of a table."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.tables import table
from penstock.cli.where import where_options

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.compare import Difference


@click.command("diff")
@click.argument("target")
@click.argument("a", required=False, metavar="[A]")
@click.argument("b", required=False, metavar="[B]")
@click.option("--keys", help="Columns that pair rows, with commas between; '': compare whole rows.")
@shared.folder_option
@where_options
@pass_output
def command(
    output: Output,
    *,
    target: str,
    a: str | None,
    b: str | None,
    keys: str | None,
    folder: Path,
    sandbox: bool,
    profile: str | None,
) -> None:
    """Compare two versions of TARGET: version names, run ids, or the beginning of one.

    Without B, A is compared with the current version; without both, the one before with the
    current one. Rows are paired by the keys of the target, or by --keys.
    """
    from penstock.cli.query import connect
    from penstock.cli.versions import Versions
    from penstock.runtime.compare import compare

    root = shared.pipeline_root(folder)
    with Versions(root, target, sandbox=sandbox, profile=profile) as versions:
        new = versions.named(b) if b else versions.current()
        old = versions.named(a) if a else versions.before(new)
        used = versions.load.keys if keys is None else _split(keys)
        con = connect(root, views=False)
        try:
            reader = versions.reader
            found = compare(con, reader.relation(old), reader.relation(new), used)
        finally:
            con.close()
    document = {"schema": "penstock.diff/1", "target": target, "a": old, "b": new, **asdict(found)}
    output.result(lambda: _shown(target, old, new, found), document)


def _split(keys: str) -> tuple[str, ...]:
    return tuple(k.strip() for k in keys.split(",") if k.strip())


def _shown(target: str, old: str, new: str, found: Difference) -> str:
    parts = [f"{target}: {old} → {new}"]
    counts = [
        ["before", found.rows_before],
        ["added", found.added],
        ["removed", found.removed],
        ["changed", found.changed],
        ["unchanged", found.unchanged],
        ["after", found.rows_after],
    ]
    parts.append(table(["rows", "count"], counts))
    if found.columns:
        parts.append(table(["column", "rows changed"], [[c, n] for c, n in found.columns.items()]))
    for names, word in ((found.columns_added, "added"), (found.columns_removed, "removed")):
        if names:
            parts.append(f"columns {word}: {', '.join(names)}")
    for kind in ("added", "removed"):
        rows = found.samples[kind]
        if rows:
            parts.append(f"{kind}:\n{table(list(rows[0]), [list(r.values()) for r in rows])}")
    if found.samples["changed"]:
        lines: list[list[Any]] = []
        for row in found.samples["changed"]:
            for column, (before, after) in row["columns"].items():
                lines.append([*row["key"].values(), column, before, after])
        parts.append(f"changed:\n{table([*found.keys, 'column', 'before', 'after'], lines)}")
    if not found.keys:
        hint = "the target has no keys: whole rows are compared; --keys pairs them"
        parts.append(f"note: {hint}")
    return "\n\n".join(parts)
