"""Plain lines: one for each event, no control codes; for logs, pipes and simple terminals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.observe import units
from penstock.observe.progress.base import Progress
from penstock.observe.progress.state import RunState
from penstock.observe.text_table import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

EVERY_SECONDS = 10.0  # how often a dataset that takes long says so


class PlainLines(Progress):
    """Writes a line for each event, at most one in ten seconds for a dataset under way."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] | None = None) -> None:
        super().__init__()
        self._stream = stream
        self._run = RunState(clock) if clock else RunState()
        self._told: dict[str, float] = {}

    def start(
        self,
        pipeline: str,
        run_id: str,
        datasets: Sequence[tuple[str, str]],
        targets: Sequence[str],
    ) -> None:
        """Say what will be done."""
        self._run.start(pipeline, run_id, datasets, targets)
        sources = sum(kind == "source" for _, kind in datasets)
        counts = [(sources, "source"), (len(datasets) - sources, "transform")]
        told = ", ".join(units.plural(n, noun) for n, noun in [*counts, (len(targets), "target")])
        self._say(f"{pipeline}: run {run_id}: {told}")

    def dataset_started(self, name: str) -> None:
        """Note the time; the line comes when there is something to tell."""
        part = self._run.dataset(name)
        self._run.begin(part)
        self._told[name] = self._run.clock()

    def dataset_progress(self, name: str, rows: int | None, share: float | None) -> None:
        """Say how far it is, now and then."""
        part = self._run.advance(name, rows, share)
        now = self._run.clock()
        if part is None or now - self._told.get(name, now) < EVERY_SECONDS:
            return
        self._told[name] = now
        parts = []
        if part.rows:
            parts.append(units.plural(part.rows, "row"))
        if part.share is not None:
            parts.append(f"{part.share:.0%}")
        left = part.left(now)
        if left is not None:
            parts.append(f"{units.seconds(left)} left")
        elapsed = part.elapsed(now) or 0.0
        self._say(f"{name}: {', '.join(parts) or 'working'} after {units.seconds(elapsed)}")

    def dataset_finished(self, name: str, counts: Mapping[str, Any]) -> None:
        """Say what it gave, and what was set aside."""
        part = self._run.dataset(name)
        self._run.end(part, counts)
        rows = "done" if part.rows is None else units.plural(part.rows, "row")
        line = f"{name}: {rows} in {units.seconds(part.seconds or 0.0)}"
        named = ("filtered", "deduplicated", "quarantined", "rejected")
        aside = [f"{counts[n]:,} {n}" for n in named if counts.get(n)]
        self._say(line + (f" ({', '.join(aside)})" if aside else ""))

    def check(
        self, dataset: str, rule: str, action: str, outcome: str, failed_rows: int | None
    ) -> None:
        """Say which rules are broken."""
        if outcome == "failed":
            rows = f" ({units.plural(failed_rows, 'row')})" if failed_rows else ""
            self._say(f"{dataset}: {action}: {rule} failed{rows}")

    def target_started(self, name: str) -> None:
        """Note the time."""
        self._run.begin(self._run.target(name))

    def target_finished(self, name: str, counts: Mapping[str, Any]) -> None:
        """Say what is published."""
        part = self._run.target(name)
        self._run.end(part, counts)
        files = f" in {units.plural(counts['files'], 'file')}" if counts.get("files") else ""
        rows = units.plural(part.rows or 0, "row")
        self._say(f"{name}: published {rows}{files}")

    def message(self, text: str) -> None:
        """Say it."""
        self._say(text)

    def finish(self, status: str) -> None:
        """Say how it ended."""
        if self._run.started is None:
            self._say(status)
        else:
            took = units.seconds(self._run.elapsed())
            self._say(f"{self._run.pipeline}: run {self._run.run_id}: {status} in {took}")

    def _say(self, text: str) -> None:
        self._stream.write(printable(text) + "\n")
        self._stream.flush()
