"""`penstock maintain [TARGET…]`: small files written together, old versions removed."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.tables import table
from penstock.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.maintain import Upkept

KEEP_DAYS = 7.0


@click.command("maintain")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@shared.folder_option
@click.option(
    "--keep-days",
    default=KEEP_DAYS,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Versions that readers saw within so many days stay; the current one always does.",
)
@click.option("--no-vacuum", is_flag=True, help="Keep every version and every file.")
@click.option("--no-compact", is_flag=True, help="Leave small files as they are.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@click.option("--memory", metavar="SIZE", help="What the process may use, e.g. 512MB.")
@click.option("--threads", type=click.IntRange(min=1), help="Default: every core.")
@pass_output
def command(
    output: Output,
    *,
    targets: tuple[str, ...],
    folder: Path,
    keep_days: float,
    no_vacuum: bool,
    no_compact: bool,
    dry_run: bool,
    memory: str | None,
    threads: int | None,
) -> None:
    """Write small files of published tables together, and remove versions nobody needs any more.

    Without a TARGET all that were published are done. The rows that readers see stay the same.
    """
    from penstock.cli.run import parse_size
    from penstock.runtime.maintain import duckdb_engine, maintain
    from penstock.runtime.targets.base import Upkeep

    root = shared.pipeline_root(folder)
    pipeline = shared.pipeline_name(root)
    memory_bytes = parse_size(memory) if memory else None
    ledger = shared.open_ledger(root)
    found: list[Upkept] = []
    if ledger is not None:
        try:
            found = maintain(
                root,
                ledger,
                pipeline,
                targets,
                Upkeep(not no_compact, None if no_vacuum else keep_days, dry_run),
                lambda: duckdb_engine(root, memory_bytes, threads),
                shared.progress(output),
            )
        finally:
            ledger.close()
    elif targets:
        raise UsageError(
            f"nothing was published as `{targets[0]}`",
            code="PSK-CLI-042",
            hint="`penstock run` publishes",
        )
    document = {
        "schema": "penstock.maintain/1",
        "dry_run": dry_run,
        "keep_days": None if no_vacuum else keep_days,
        "compact": not no_compact,
        "targets": [
            {"target": f.target, "changed": f.changed, "run_id": f.run_id, **asdict(f.done)}
            for f in found
        ],
    }
    output.result(lambda: _shown(found, dry_run=dry_run), document)


def _shown(found: list[Upkept], *, dry_run: bool) -> str:
    if not found:
        return "nothing was published yet"
    header = ["target", "small files", "written as", "versions removed", "files removed", "bytes"]
    rows = [
        [
            f.target,
            f.done.files_compacted,
            f.done.files_written,
            len(f.done.versions_removed),
            f.done.files_removed,
            f.done.bytes_removed,
        ]
        for f in found
    ]
    if dry_run:
        header[1:3] = ["to write together"]
        rows = [[r[0], r[1], *r[3:]] for r in rows]
        header = [h.replace("removed", "to remove") for h in header]
    shown = table(header, rows)
    if not any(f.changed for f in found):
        shown += "\n\nthere is nothing to do"
    elif dry_run:
        shown += "\n\nnothing was changed: without --dry-run it is done"
    return shown
