"""`penstock run`: run the pipeline and publish its targets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.errors import UsageError
from penstock.quantities import size

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.run import RunResult

LEAST_MEMORY = 256 * 1000**2


@click.command("run")
@shared.folder_argument
@click.option("--engine", default="duckdb", show_default=True, help="duckdb, spark, postgres, …")
@click.option("--select", multiple=True, metavar="NAMES", help="Datasets or targets: +name, name+.")
@shared.definition_options
@click.option("--from", "start", metavar="VALUE", help="Backfill: rows from this value on.")
@click.option("--to", "end", metavar="VALUE", help="Backfill: rows before this value.")
@click.option("--full-refresh", is_flag=True, help="Read and publish everything again.")
@click.option("--memory", metavar="SIZE", help="What the process may use, e.g. 512MB.")
@click.option("--threads", type=click.IntRange(min=1), help="Default: every core.")
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    default="text",
    help="`json`: a line of JSON for each event on stderr, in place of the progress.",
)
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    engine: str,
    select: tuple[str, ...],
    profile: str | None,
    variables: tuple[str, ...],
    start: str | None,
    end: str | None,
    full_refresh: bool,
    memory: str | None,
    threads: int | None,
    log: str,
) -> int:
    """Run the pipeline in FOLDER and publish its targets."""
    lines = log == "json"
    output.quiet = output.quiet or lines
    memory_bytes = parse_size(memory) if memory else None
    shared.refuse_warehouse(engine)
    program = shared.program_or_fail(output, folder, engine, profile, variables)

    from penstock.runtime.plan import Span
    from penstock.runtime.run import RunOptions, run
    from penstock.runtime.selection import refuse_to_lose
    from penstock.runtime.selection import select as cut

    chosen = cut(program, select)
    span = Span(start, end) if start is not None or end is not None else None
    if span is None:  # a backfill counts nothing as read
        refuse_to_lose(program, chosen)
    root = folder
    anew = full_refresh and span is None and not select
    ledger = shared.open_ledger(root, create=True, start_over=anew)
    assert ledger is not None
    try:
        options = RunOptions(memory_bytes, threads, full_refresh, span)
        with shared.telling(output, root, log=lines) as observer:
            result = run(chosen, root, ledger, observer, options)
    finally:
        ledger.close()
    tell(output, root, result, with_error=not lines)
    return result.exit_code


def tell(output: Output, root: Path, result: RunResult, *, with_error: bool = True) -> None:
    """Write the HTML report, print the summary, and say what went wrong.

    Args:
        with_error: False where stderr is for log lines, which have told it.
    """
    report = result.document.as_json()
    page = _write_html(root, result) if report["status"] != "skipped" else None
    if result.error and with_error and not output.json:
        output.error(result.error)

    def summary() -> None:
        from penstock.observe.summary import render_summary

        path = str(page) if page else None
        render_summary(report, sys.stdout, report_path=path, with_error=False)  # told above

    output.result(summary, report)


def _write_html(root: Path, result: RunResult) -> Path | None:
    from penstock.observe.report import render

    folder = root / ".penstock" / "runs" / result.document.run_id
    if not folder.is_dir():
        return None
    document = result.document
    page = render(
        document.as_json(), document.program.as_json(), document.for_page(result.previous)
    )
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


def parse_size(text: str) -> int:
    """Bytes of a size such as `512MB` or `2GiB`.

    Raises:
        UsageError: it is none, or too small to work with.

    >>> parse_size("512MB")
    512000000
    """
    try:
        found = size(text, unit=False)
    except ValueError as error:
        raise UsageError(f"--memory takes a size, not `{text}`", hint="--memory 512MB") from error
    if found < LEAST_MEMORY:
        raise UsageError(f"--memory {text} is too little to run in", hint="at least 256MB")
    return found
