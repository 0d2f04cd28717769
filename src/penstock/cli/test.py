"""`penstock test`: unit tests of the models, rows in and rows out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, color, pass_output, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.proving.outcome import Outcome, Report

_WORDS = {
    "passed": ("passed ", "green"),
    "failed": ("FAILED ", "red"),
    "invalid": ("INVALID", "yellow"),
}


@click.command("test")
@shared.folder_argument
@click.option("--engine", default="duckdb", show_default=True, help="duckdb, spark, postgres, …")
@click.option(
    "--select", multiple=True, metavar="NAME", help="Tests, by name (* for anything) or by dataset."
)
@shared.definition_options
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    engine: str,
    select: tuple[str, ...],
    profile: str | None,
    variables: tuple[str, ...],
) -> int:
    """Run the unit tests in FOLDER/tests/*.yaml: rows in, rows out.

    Nothing is read from sources and nothing is published.
    """
    from penstock.proving.session import prove

    shared.refuse_warehouse(engine)
    report = prove(
        folder,
        engine,
        profile=profile,
        variables=shared.parse_variables(variables),
        select=select,
        texts=output.files,
        tell=None if output.json else _tell,
    )
    output.diagnostics(
        [
            found
            for outcome in report.outcomes
            for found in outcome.diagnostics
            if outcome.result == "invalid" or found.severity == "warning"
        ]
    )
    output.diagnostics(report.diagnostics)
    output.result(_summary(report), report.as_json())
    return report.exit_code


def _tell(outcome: Outcome) -> None:
    """One test, as it ends."""
    word, hue = _WORDS[outcome.result]
    if color(sys.stdout):
        word = click.style(word, fg=hue, bold=outcome.result != "passed")
    say(f"{word}  {outcome.name}  ({outcome.dataset}, {outcome.seconds:.2f} s)")
    for line in _why(outcome):
        say(f"    {line}")


def _why(outcome: Outcome) -> Iterator[str]:
    from penstock.proving.show import differences

    if outcome.result != "failed":
        return
    yield f"{outcome.span.file}:{outcome.span.line}: {outcome.reason}"
    if outcome.rows is not None:
        yield from differences(outcome.rows)
    if outcome.quarantined is not None and not outcome.quarantined.equal:
        yield "quarantined:"
        yield from (f"  {line}" for line in differences(outcome.quarantined))
    for found in outcome.diagnostics:
        if found.severity == "error":
            yield f"{found.code} {found.message}" + (f" ({found.span})" if found.span else "")


def _summary(report: Report) -> str:
    total = len(report.outcomes)
    if not total and any(d.severity == "error" for d in report.diagnostics):
        return ""  # what is wrong with them has been told
    if not total:
        return "no tests: write them in tests/*.yaml (rows in, rows out)"
    counts = [f"{report.count('passed')} passed"]
    counts += [f"{n} failed" for n in [report.count("failed")] if n]
    counts += [f"{n} invalid" for n in [report.count("invalid")] if n]
    return f"{total} test{'s' * (total != 1)}: {', '.join(counts)}, in {report.seconds:.1f} s"
