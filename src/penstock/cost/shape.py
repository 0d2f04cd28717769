"""What of a pipeline its cost depends on, besides how much it reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.cost.cadence import starts_per_day
from penstock.quantities import seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.program import Program
    from penstock.spec.models import Pipeline

_SECRET = re.compile(r"\$\{secret\.([A-Za-z_][A-Za-z0-9_./-]*)\}")


@dataclass(frozen=True, slots=True)
class Shape:
    """A pipeline as it is deployed.

    Attributes:
        targets: connector of each target.
        cut: whether many workers share a run; None: nothing says so.
        whole: why a run cannot be cut.
        starts: of its trigger in a day; None: the trigger does not say.
        zones: availability zones of a private network of its own; 0: outside of any.
        settings: the architecture's own, as `deploy.settings` has them.
    """

    sources: int = 1
    targets: tuple[str, ...] = ("lake",)
    cut: bool | None = None
    whole: str | None = None
    secrets: int = 0
    trigger: str | None = None
    starts: float | None = None
    region: str | None = None
    zones: int = 0
    customer_key: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    def count(self, connector: str) -> int:
        """How many targets are of a connector."""
        return self.targets.count(connector)


def shape_of(
    pipeline: Pipeline,
    program: Program | None,
    *,
    zones: int = 0,
    customer_key: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> Shape:
    """The shape of a definition.

    Args:
        program: says whether a run can be cut.
        settings: over those of `deploy.settings`.
    """
    deploy = pipeline.deploy
    slicing = getattr(program, "slicing", None)
    return Shape(
        sources=max(1, len(pipeline.sources)),
        targets=tuple(target.connector for target in pipeline.targets.values()),
        cut=None if slicing is None else slicing.by != "none",
        whole=None if slicing is None else slicing.because,
        secrets=len(set(_SECRET.findall(pipeline.model_dump_json()))),
        trigger=_trigger(pipeline),
        starts=_starts(pipeline),
        region=deploy.region if deploy else None,
        zones=zones,
        customer_key=customer_key,
        settings={**(deploy.settings if deploy else {}), **(settings or {})},
    )


def _trigger(pipeline: Pipeline) -> str | None:
    ways = ("schedule", "every", "files", "webhook", "stream")
    found = [w for w in ways if pipeline.trigger and getattr(pipeline.trigger, w) is not None]
    return found[0] if found else None


def _starts(pipeline: Pipeline) -> float | None:
    trigger = pipeline.trigger
    if trigger and trigger.schedule:
        return starts_per_day(trigger.schedule)
    if trigger and trigger.every:
        return 86_400 / seconds(trigger.every)
    return None
