"""What the run loop tells while it works. Progress displays and tests listen."""

from __future__ import annotations

from typing import Any, Protocol


class Observer(Protocol):
    """Listens to a run. Called from several threads.

    Events: `run_started` (pipeline, run_id, attempt, datasets, targets), `dataset_started`
    (dataset), `dataset_progress` (dataset, share), `dataset_finished` (dataset, and the counts of
    the run report), `check` (dataset, rule, action, outcome), `target_started` (target),
    `target_finished` (target, and the counts of the run report), `message` (text),
    `run_finished` (status, run_id).
    """

    def event(self, name: str, **values: Any) -> None:
        """Something happened. Must not raise and must return soon."""


class Silent:
    """Listens and says nothing."""

    def event(self, name: str, **values: Any) -> None:
        """Ignore it."""
