"""What is known of each part of a run: its state, rows, pace, and the time it will still take."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

State = Literal["waiting", "running", "done"]

# A forecast from the first instants is noise.
LEAST_SHARE = 0.02
LEAST_SECONDS = 1.0


@dataclass(slots=True)
class Part:
    """A dataset or a target.

    Attributes:
        kind: `source`, `transform` or `target`.
        share: how much is done, 0 to 1; None where it cannot be known.
        seconds: how long it took, once it is done.
        broken: rules broken; `rules`: rules evaluated.
    """

    name: str
    kind: str
    state: State = "waiting"
    rows: int | None = None
    share: float | None = None
    started: float | None = None
    seconds: float | None = None
    aside: int = 0
    rules: int = 0
    broken: int = 0

    def elapsed(self, now: float) -> float | None:
        """Seconds of work so far, or in all."""
        if self.seconds is not None:
            return self.seconds
        return None if self.started is None else now - self.started

    def pace(self, now: float) -> float | None:
        """Rows a second, once there is enough time to tell."""
        elapsed = self.elapsed(now)
        if not self.rows or not elapsed or elapsed < 0.01:
            return None
        return self.rows / elapsed

    def left(self, now: float) -> float | None:
        """Seconds that it will still take, where the share done is known."""
        elapsed = self.elapsed(now)
        if self.state != "running" or elapsed is None or elapsed < LEAST_SECONDS:
            return None
        if self.share is None or self.share < LEAST_SHARE:
            return None
        return elapsed * (1 - self.share) / self.share


@dataclass
class RunState:
    """The parts of a run, in the order they were announced. `clock` in seconds."""

    clock: Callable[[], float] = time.monotonic
    pipeline: str = ""
    run_id: str = ""
    started: float | None = None
    parts: dict[str, Part] = field(default_factory=dict)

    def start(
        self,
        pipeline: str,
        run_id: str,
        datasets: Sequence[tuple[str, str]],
        targets: Sequence[str],
    ) -> None:
        """Take note of everything that will be done."""
        self.pipeline, self.run_id, self.started = pipeline, run_id, self.clock()
        self.parts = {f"dataset:{name}": Part(name, kind) for name, kind in datasets}
        self.parts |= {f"target:{name}": Part(name, "target") for name in targets}

    def dataset(self, name: str) -> Part:
        """A dataset; one that was not announced is taken up now."""
        return self.parts.setdefault(f"dataset:{name}", Part(name, "dataset"))

    def target(self, name: str) -> Part:
        """A target; one that was not announced is taken up now."""
        return self.parts.setdefault(f"target:{name}", Part(name, "target"))

    def advance(self, name: str, rows: int | None, share: float | None) -> Part | None:
        """Take note of how far a dataset is; None where none of that name is under way."""
        part = self.parts.get(f"dataset:{name}")
        if part is None or part.state != "running":
            return None
        part.rows = rows if rows is not None else part.rows
        part.share = share if share is not None else part.share
        return part

    def begin(self, part: Part) -> None:
        """Work on a part starts."""
        part.state, part.started = "running", self.clock()

    def end(self, part: Part, counts: Mapping[str, Any]) -> None:
        """A part is done, with the counts of the run report."""
        part.rows = counts.get("rows_loaded" if part.kind == "target" else "rows_out")
        part.aside = int(counts.get("quarantined") or 0) + int(counts.get("rejected") or 0)
        part.seconds = counts.get("seconds", part.elapsed(self.clock()))
        part.state, part.share = "done", None

    def elapsed(self) -> float:
        """Seconds since the run started."""
        return 0.0 if self.started is None else self.clock() - self.started
