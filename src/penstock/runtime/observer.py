"""What the run loop tells while it works. Progress displays and tests listen."""

from __future__ import annotations

from typing import Any, Protocol


class Observer(Protocol):
    """Listens to a run. Called from several threads.

    Events: `plan_started` and `plan_finished` (pipeline), `run_started` (pipeline, run_id,
    attempt, datasets, targets, the `RunDocument` as document, and bounds: dataset → the bounds of
    its slice), `dataset_started` (dataset, kind), `dataset_progress` (dataset, share),
    `dataset_finished` (dataset, and the counts of the run report), `checks_started` and
    `checks_finished` (dataset), `check` (dataset, rule, action, outcome), `target_started` and
    `target_staged` (target), `commit_started` (target), `target_finished` (target, and the counts
    of the run report), `kpi` (kpi, value, unit), `message` (text), `run_finished` (status,
    run_id, document, lane, and previous: the report of the succeeded run before it, or None).
    """

    def event(self, name: str, **values: Any) -> None:
        """Something happened. Must not raise and must return soon."""


class Silent:
    """Listens and says nothing."""

    def event(self, name: str, **values: Any) -> None:
        """Ignore it."""
