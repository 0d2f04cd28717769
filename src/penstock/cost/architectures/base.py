"""What an architecture has to say for its cost to be known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from penstock.cost.bill import Usage
    from penstock.cost.shape import Shape
    from penstock.cost.volume import Assumption, Volume
    from penstock.diagnostics import Diagnostic


class Architecture(Protocol):
    """The usage of an architecture; prices are not its business."""

    name: str
    title: str
    compute: tuple[str, ...]
    """Services that another choice of compute replaces."""
    not_priced: tuple[str, ...]
    """What is left out, and why."""

    def check(self, shape: Shape) -> None:
        """Raise a UsageError where a setting is none of this architecture's."""

    def run(self, volume: Volume, shape: Shape) -> Usage:
        """What one run uses."""

    def month(self, volume: Volume, shape: Shape, runs: Decimal) -> Usage:
        """What a month of runs uses besides the runs: what they keep."""

    def idle(self, shape: Shape) -> Usage:
        """What a month uses in which nothing runs."""

    def assumptions(self, volume: Volume, shape: Shape) -> Sequence[Assumption]:
        """What the three rest on."""

    def findings(self, volume: Volume, shape: Shape) -> Sequence[Diagnostic]:
        """Warnings where the service's limits make it the wrong choice for such a run."""

    def most_bytes(self, volume: Volume, shape: Shape) -> float:
        """How much one run may read at its speed before a limit of the service is met."""

    def workers(self, volume: Volume, shape: Shape) -> int:
        """How many share a run."""

    def takes(self, volume: Volume, shape: Shape) -> float:
        """Seconds of a run from its start to its end."""

    def processors(self, shape: Shape) -> float:
        """Of one worker: what other choices of compute are compared by."""

    def machine(self, shape: Shape) -> str:
        """Of a worker: `arm64` or `x86_64`."""
