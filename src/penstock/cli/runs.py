"""`penstock runs`: list, follow, or show one; of this folder, or of a deployment."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.tables import table
from penstock.cli.where import deployed, deployed_ledger, where_options
from penstock.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.ledger.base import Ledger, RunRecord


LOOK_SECONDS = 1.0


@click.group("runs", invoke_without_command=True)
@where_options
@click.option("--follow", "-f", is_flag=True, help="Show runs as they begin and end, until Ctrl-C.")
@click.option("--count", type=click.IntRange(min=1), help="With --follow: until N runs have ended.")
@shared.folder_option
@click.pass_context
def command(
    ctx: click.Context,
    *,
    folder: Path,
    sandbox: bool,
    profile: str | None,
    follow: bool,
    count: int | None,
) -> None:
    """List runs, follow them, or show one. Here, or with --sandbox or --profile where deployed."""
    if ctx.invoked_subcommand is not None:
        return
    output: Output = ctx.obj
    if not follow:
        ctx.invoke(list_runs, folder=folder, limit=20, sandbox=sandbox, profile=profile)
        return
    if output.json:
        raise UsageError("--follow has no end, and --json one document", hint="leave one out")
    root = shared.pipeline_root(folder)
    ledger = _ledger(root, sandbox=sandbox, profile=profile, create=True)
    assert ledger
    ended = _follow(ledger, shared.pipeline_name(root), count)
    ctx.exit(0 if all(status in {"succeeded", "skipped"} for status in ended) else 1)


def _ledger(
    root: Path, *, sandbox: bool, profile: str | None, create: bool = False
) -> Ledger | None:
    if not sandbox and profile is None:
        return shared.open_ledger(root, create=create)
    return deployed_ledger(deployed(root, sandbox=sandbox, profile=profile))


def _follow(ledger: Ledger, name: str, count: int | None) -> list[str]:
    """Print a line when a run begins, and one when it ends; not those that ended before."""
    told = {r.run_id: _state(r) for r in ledger.runs(name, limit=50) if r.ended_at}
    ended: list[str] = []
    while count is None or len(ended) < count:
        for record in reversed(ledger.runs(name, limit=50)):
            if told.get(record.run_id) == _state(record):
                continue
            told[record.run_id] = _state(record)
            click.echo(_line(record))
            if record.ended_at:
                ended.append(record.status)
        if count is None or len(ended) < count:
            time.sleep(LOOK_SECONDS)
    return ended


def _state(record: RunRecord) -> tuple[str, int, str | None]:
    return record.status, record.attempt, record.ended_at


def _line(record: RunRecord) -> str:
    report = record.report or {}
    at = str(record.ended_at or record.started_at)[11:19]
    words = f"{at}  {record.run_id}  {record.status}"
    if not record.ended_at:
        return words + (f"  attempt {record.attempt}" if record.attempt > 1 else "")
    targets = report.get("targets", {})
    loaded = [f"{name} {t.get('rows_loaded', 0):,} rows" for name, t in targets.items()]
    seconds = report.get("seconds")
    words += f"  {seconds:.1f} s" if seconds is not None else ""
    error = report.get("error") or {}
    told = [f"{error.get('message')} [{error.get('code')}]"] if error else loaded
    return f"{words}  {', '.join(told)}".rstrip()


@command.command("list")
@shared.folder_argument
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1))
@where_options
@pass_output
def list_runs(
    output: Output, *, folder: Path, limit: int, sandbox: bool, profile: str | None
) -> None:
    """List the runs of the pipeline in FOLDER, the latest first."""
    root = shared.pipeline_root(folder)
    ledger = _ledger(root, sandbox=sandbox, profile=profile)
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
@shared.folder_behind
@where_options
@pass_output
def show(output: Output, *, run_id: str, folder: Path, sandbox: bool, profile: str | None) -> None:
    """Show the report of RUN: its id, the beginning of it, or `latest`."""
    root = shared.pipeline_root(folder)
    ledger = _ledger(root, sandbox=sandbox, profile=profile)
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
