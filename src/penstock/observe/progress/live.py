"""The live table of a terminal: each dataset and target with its state, rows, pace, time left.

It is drawn by one thread of rich, a few times a second, and taken away when the run ends: what
stays is the summary. The only module of the display that imports rich.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from penstock.observe import units
from penstock.observe.progress.base import Progress
from penstock.observe.progress.memory import resident_bytes
from penstock.observe.progress.state import Part, RunState
from penstock.observe.text_table import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from rich.console import RenderableType

REFRESH_PER_SECOND = 8
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
BAR_CELLS = 10
OTHER_LINES = 5  # of the terminal's height: head, titles, rest, and room for the prompt


class LiveTable(Progress):
    """A table that is redrawn in place."""

    def __init__(self, stream: TextIO, console: Console | None = None) -> None:
        super().__init__()
        self._console = console or Console(file=stream, highlight=False)
        self._run = RunState()
        self._live: Live | None = None

    def start(
        self,
        pipeline: str,
        run_id: str,
        datasets: Sequence[tuple[str, str]],
        targets: Sequence[str],
    ) -> None:
        """Draw the table."""
        self._run.start(pipeline, run_id, datasets, targets)
        self.close()
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=REFRESH_PER_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()

    def dataset_started(self, name: str) -> None:
        """Its clock runs."""
        self._run.begin(self._run.dataset(name))

    def dataset_progress(self, name: str, rows: int | None, share: float | None) -> None:
        """Take note for the next drawing."""
        self._run.advance(name, rows, share)

    def dataset_finished(self, name: str, counts: Mapping[str, Any]) -> None:
        """Show what it gave."""
        self._run.end(self._run.dataset(name), counts)

    def check(
        self,
        dataset: str,
        rule: str,  # noqa: ARG002
        action: str,  # noqa: ARG002
        outcome: str,
        failed_rows: int | None,  # noqa: ARG002
    ) -> None:
        """Count it; the summary names the rules."""
        part = self._run.dataset(dataset)
        part.rules += 1
        part.broken += outcome == "failed"

    def target_started(self, name: str) -> None:
        """Its clock runs."""
        self._run.begin(self._run.target(name))

    def target_finished(self, name: str, counts: Mapping[str, Any]) -> None:
        """Show what is published."""
        self._run.end(self._run.target(name), counts)

    def message(self, text: str) -> None:
        """Show it above the table, where it stays."""
        self._console.print(Text(printable(text)))

    def finish(self, status: str) -> None:  # noqa: ARG002
        """Take the table away."""
        self.close()

    def close(self) -> None:
        """Take the table away and show the cursor again."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    # -- drawing

    def _draw(self) -> RenderableType:
        # No lock: rich calls this while it holds its own, which `close` waits for.
        now = self._run.clock()
        parts = list(self._run.parts.values())
        shown = fitting(parts, self._console.size.height - OTHER_LINES)
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        table.add_column("", width=1)
        table.add_column("dataset", no_wrap=True, overflow="ellipsis", ratio=1)
        for title in ("rows", "rows/s", "time", "left"):
            table.add_column(title, justify="right", no_wrap=True)
        table.add_column("rules", no_wrap=True)
        for part in shown:
            table.add_row(*self._row(part, now))
        hidden = _hidden(parts, shown)
        return Group(self._head(parts), table, *([Text(hidden, "dim")] if hidden else []))

    def _head(self, parts: Sequence[Part]) -> Text:
        done = sum(p.state == "done" for p in parts)
        memory = resident_bytes()
        head = Text.assemble(
            (self._run.pipeline, "bold"), f"  {done} of {len(parts)} done", no_wrap=True
        )
        told = f"  {units.seconds(self._run.elapsed())}"
        told += f"  memory {units.size(memory)}" if memory else ""
        return head.append(f"{told}  run {self._run.run_id}", "dim")

    def _row(self, part: Part, now: float) -> list[RenderableType]:
        elapsed, pace, left = part.elapsed(now), part.pace(now), part.left(now)
        waiting = part.state == "waiting"
        rows = "" if part.rows is None else f"{part.rows:,}"
        if part.state == "running" and part.share is not None:
            rows = f"{rows}  {share_bar(part.share)}" if rows else share_bar(part.share)
        return [
            self._sign(part),
            Text(part.name, "dim" if waiting else ""),
            rows,
            "" if pace is None else units.count(round(pace)),
            "" if elapsed is None else units.seconds(elapsed),
            "" if left is None else units.seconds(left),
            _rules(part),
        ]

    def _sign(self, part: Part) -> Text:
        if part.state == "done":
            return Text("!", "yellow") if part.broken or part.aside else Text("✓", "green")
        if part.state == "waiting":
            return Text("·", "dim")
        frame = int(self._run.clock() * REFRESH_PER_SECOND) % len(SPINNER)
        return Text(SPINNER[frame], "blue")


def _rules(part: Part) -> Text:
    told = Text(f"{part.aside:,} set aside" if part.aside else "", "yellow")
    if part.rules:
        kept = f"{part.rules - part.broken}/{part.rules} kept"
        told = Text.assemble((kept, "yellow" if part.broken else "dim"), "  " if told else "", told)
    return told


def share_bar(share: float) -> str:
    """A bar and a percentage.

    >>> share_bar(0.42)
    '━━━━╌╌╌╌╌╌  42 %'
    """
    full = min(BAR_CELLS, max(0, int(share * BAR_CELLS)))
    return "━" * full + "╌" * (BAR_CELLS - full) + f" {share * 100:3.0f} %"


def fitting(parts: Sequence[Part], room: int) -> list[Part]:
    """The parts that a terminal of few lines shows: those under way, the last done, the next."""
    room = max(room, 3)
    if len(parts) <= room:
        return list(parts)
    rank = {"running": 0, "done": 1, "waiting": 2}
    place = {id(p): i for i, p in enumerate(parts)}
    chosen = sorted(parts, key=lambda p: (rank[p.state], _recency(p), place[id(p)]))[:room]
    return sorted(chosen, key=lambda p: place[id(p)])


def _recency(part: Part) -> float:
    return -(part.started or 0.0) if part.state == "done" else 0.0


def _hidden(parts: Sequence[Part], shown: Sequence[Part]) -> str:
    left = [p for p in parts if p not in shown]
    done = sum(p.state == "done" for p in left)
    told = [f"{done} more done"] if done else []
    if len(left) > done:
        told.append(f"{len(left) - done} more to do")
    return ", ".join(told)
