"""From the run loop's events to the methods of a display."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self


class Progress:
    """A display of a run: an observer of the run loop. This one shows nothing.

    Events come from several threads; each method is called by one at a time. Counts are those
    of the run report (`penstock.run/1`). An event of a name that is not known here is ignored,
    and so are values beyond those that a method takes.
    """

    def __init__(self) -> None:
        self._guard = threading.RLock()
        self._methods: dict[str, Callable[[dict[str, Any]], None]] = {
            "run_started": lambda v: self.start(
                v["pipeline"], v["run_id"], v.get("datasets", ()), v.get("targets", ())
            ),
            "dataset_started": lambda v: self.dataset_started(v["dataset"]),
            "dataset_progress": lambda v: self.dataset_progress(
                v["dataset"], v.get("rows"), v.get("share")
            ),
            "dataset_finished": lambda v: self.dataset_finished(v["dataset"], v),
            "check": lambda v: self.check(
                v["dataset"], v["rule"], v["action"], v["outcome"], v.get("failed_rows")
            ),
            "target_started": lambda v: self.target_started(v["target"]),
            "target_finished": lambda v: self.target_finished(v["target"], v),
            "message": lambda v: self.message(v["text"]),
            "run_finished": lambda v: self.finish(v["status"]),
        }

    def event(self, name: str, **values: Any) -> None:
        """Something happened. A display that cannot be written to never stops a run."""
        method = self._methods.get(name)
        if method is None:
            return
        with self._guard:
            try:
                method(values)
            except (OSError, ValueError, UnicodeError):
                self._methods = {}  # the stream is closed or cannot take the text: say no more

    def start(
        self,
        pipeline: str,
        run_id: str,
        datasets: Sequence[tuple[str, str]],
        targets: Sequence[str],
    ) -> None:
        """A run starts: its datasets as (name, `source` or `transform`), and its targets."""

    def dataset_started(self, name: str) -> None:
        """Work on a dataset starts."""

    def dataset_progress(self, name: str, rows: int | None, share: float | None) -> None:
        """Rows so far and share done (0 to 1), where they are known."""

    def dataset_finished(self, name: str, counts: Mapping[str, Any]) -> None:
        """A dataset is done."""

    def check(
        self, dataset: str, rule: str, action: str, outcome: str, failed_rows: int | None
    ) -> None:
        """A rule was evaluated."""

    def target_started(self, name: str) -> None:
        """Rows are being written for a target; nothing is visible yet."""

    def target_finished(self, name: str, counts: Mapping[str, Any]) -> None:
        """A target is published."""

    def message(self, text: str) -> None:
        """Something to tell by the way."""

    def finish(self, status: str) -> None:
        """The run ended: `succeeded`, `failed`, `stopped` or `skipped`."""

    def close(self) -> None:
        """Leave the terminal as it was. Safe to call twice, and without `finish`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Silent(Progress):
    """Shows nothing: for `--quiet` and `--json`."""
