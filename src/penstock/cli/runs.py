"""`penstock runs list` and `penstock runs show RUN`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.tables import table
from penstock.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@click.group("runs")
def command() -> None:
    """List runs, or show one."""


@command.command("list")
@shared.folder_argument
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1))
@pass_output
def list_runs(output: Output, *, folder: Path, limit: int) -> None:
    """List the runs of the pipeline in FOLDER, the latest first."""
    root = shared.pipeline_root(folder)
    ledger = shared.open_ledger(root)
    records = ledger.runs(shared.pipeline_name(root), limit=limit) if ledger else []
    rows = []
    for record in records:
        report = record.report or {}
        loaded = sum(t.get("rows_loaded", 0) for t in report.get("targets", {}).values())
        rows.append(
            {
                "run_id": record.run_id,
                "status": record.status,
                "attempt": record.attempt,
                "started_at": record.started_at,
                "ended_at": record.ended_at,
                "seconds": report.get("seconds"),
                "rows_loaded": loaded,
                "program": record.program,
            }
        )

    def shown() -> str:
        if not rows:
            return "no run yet; start one with `penstock run`"
        return table(
            ["run", "status", "attempt", "started", "seconds", "rows loaded"],
            [
                [
                    r["run_id"],
                    r["status"],
                    r["attempt"],
                    str(r["started_at"])[:19],
                    r["seconds"],
                    r["rows_loaded"],
                ]
                for r in rows
            ],
        )

    output.result(shown, {"schema": "penstock.runs/1", "runs": rows})


@command.command("show")
@click.argument("run_id", metavar="RUN")
@shared.folder_option
@pass_output
def show(output: Output, *, run_id: str, folder: Path) -> None:
    """Show the report of RUN: its id, the beginning of it, or `latest`."""
    root = shared.pipeline_root(folder)
    ledger = shared.open_ledger(root)
    name = shared.pipeline_name(root)
    found = None
    if ledger:
        latest = ledger.runs(name, limit=1)
        found = (latest[0] if latest else None) if run_id == "latest" else ledger.run(run_id)
    if found is None:
        raise UsageError(
            f"no run `{run_id}` of `{name}`",
            code="PSK-CLI-004",
            hint="`penstock runs list` shows them; the beginning of an id is enough",
        )
    if found.report is None:
        raise UsageError(
            f"run `{found.run_id}` is {found.status} and has no report yet",
            code="PSK-CLI-004",
            hint="wait for it, or run again if it was killed",
        )
    report = found.report
    page = root / ".penstock" / "runs" / found.run_id / "report.html"

    def shown() -> None:
        from penstock.observe.summary import render_summary

        path = str(page) if page.is_file() else None
        render_summary(report, sys.stdout, report_path=path)

    output.result(shown, report)
