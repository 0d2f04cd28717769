"""A tuning as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from penstock.quantities import size_words

if TYPE_CHECKING:
    from penstock.deploy.architectures.serverless_lambda.tuning.knee import Trial
    from penstock.deploy.architectures.serverless_lambda.tuning.tune import Tuning


def print_tuning(found: Tuning, stream: TextIO) -> None:
    """Write a tuning: the table, the knee, and what was not as in Lambda."""
    console = Console(file=stream, highlight=False, soft_wrap=False)
    held = found.slice
    files = f"{held['files']:,} file{'s' * (held['files'] != 1)}, {size_words(held['bytes'])}"
    console.print(
        f"{found.pipeline} on lambda: slice {held['number'] + 1} of {held['of']} ({files})"
    )
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("memory", "processors", "seconds", "cold", "peak", "USD a million slices"):
        table.add_column(name, justify="right")
    table.add_column("")
    for trial in found.trials:
        table.add_row(*_row(trial, best=trial is found.knee))
    console.print(Padding(table, (1, 0, 1, 2), expand=False))
    for trial in found.trials:
        if trial.failed:
            code = f" ({trial.code})" if trial.code else ""
            _indented(console, f"{trial.memory:,} MB failed{code}: {trial.failed}")
    console.print(
        f"Recommended: [bold]deploy: {{settings: {{memory: {found.knee.memory}}}}}[/bold]. "
        "Beyond it, time falls by less than it costs."
    )
    console.print(
        f"Seconds: median of {found.repeats} warm call{'s' * (found.repeats != 1)}; "
        "cold: the first one, with the start of its process.",
        style="dim",
    )
    console.print("Not as in Lambda", style="bold")
    for text in found.differences:
        _indented(console, f"- {text}")


def _row(trial: Trial, *, best: bool) -> list[str]:
    processors = f"{trial.processors:.2f}"
    if trial.processors_here < trial.processors:
        processors = f"{trial.processors_here:.2f} of {processors}"
    head = [f"{trial.memory:,} MB", processors]
    peak = f"{trial.peak / 2**20:,.0f} MB" if trial.peak else "-"
    if trial.seconds is None or trial.usd is None:
        return [*head, "-", "-", peak, "-", "failed"]
    return [
        *head,
        f"{trial.seconds:,.2f}",
        f"{trial.cold_seconds:,.2f}",
        peak,
        f"{float(trial.usd) * 1e6:,.2f}",
        "← knee" if best else "",
    ]


def _indented(console: Console, text: str) -> None:
    console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))
