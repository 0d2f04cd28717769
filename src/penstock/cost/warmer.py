"""Where compute costs as much as a warmer choice: a task that is always on, a Glue job.

Only what the choice replaces is compared (`Architecture.compute`). Lake, ledger and alarms are the
same either way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock.cost.bill import price

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.cost.architectures.base import Architecture
    from penstock.cost.shape import Shape
    from penstock.cost.volume import Volume
    from penstock.facts.prices import Prices

DAYS_A_MONTH = 730 / 24
LEAST_GB, MOST_GB = 0.001, 10_000.0
_STEPS = 140
TASK_PROCESSORS, TASK_GB = 2, 4
GLUE_PROCESSORS_A_DPU = 4  # `glue.dpu_definition` of the price list
GLUE_LEAST_SECONDS = 60.0
GLUE_TARGET_SECONDS = 900.0
GLUE_START_SECONDS = 15.0
CAVEAT = "a processor there does what one here does"


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch of volumes in GB a day.

    Attributes:
        low: None: from `LEAST_GB` or less on.
        high: None: to `MOST_GB` or more.
    """

    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Where another choice costs no more than the architecture, compute alone.

    Attributes:
        cheaper: the volumes at which it does; empty: at none.
        usd: what either costs a month at the first crossing; None: there is none.
    """

    against: str
    cheaper: tuple[Range, ...]
    usd: Decimal | None
    because: str

    @property
    def gb_per_day(self) -> float | None:
        """From where on the other one costs no more, if it ever begins to."""
        return next((r.low for r in self.cheaper if r.low is not None), None)

    def as_json(self) -> dict[str, Any]:
        """As `penstock cost --json` gives it."""
        return {
            "against": self.against,
            "gb_per_day": self.gb_per_day,
            "cheaper": [{"from_gb_per_day": r.low, "to_gb_per_day": r.high} for r in self.cheaper],
            "compute_usd_per_month": self.usd,
            "because": self.because,
        }


def break_evens(
    architecture: Architecture, volume: Volume, shape: Shape, runs_per_day: float, prices: Prices
) -> list[BreakEven]:
    """Where each warmer choice begins to cost no more than the architecture."""
    machine = architecture.machine(shape)
    per_processor = volume.bytes_per_second / architecture.processors(shape)

    def ours(gb_per_day: float) -> Decimal:
        return compute(architecture, volume, shape, runs_per_day, prices, gb_per_day)

    def task(gb_per_day: float) -> Decimal:
        return always_on(gb_per_day, per_processor, machine, prices)

    def glue(gb_per_day: float) -> Decimal:
        return glue_jobs(gb_per_day, runs_per_day, per_processor, prices)

    return [
        _found(
            "Fargate, always on",
            ours,
            task,
            f"tasks of {TASK_PROCESSORS} vCPU and {TASK_GB} GB, {machine}, day and "
            f"night, as many as the volume needs; {CAVEAT}",
        ),
        _found(
            "Glue jobs",
            ours,
            glue,
            "Glue 6.0, one DPU for the driver and as many workers as finish a run in 15 minutes, "
            f"at least a minute of two DPU; {CAVEAT}",
        ),
    ]


def compute(
    architecture: Architecture,
    volume: Volume,
    shape: Shape,
    runs_per_day: float,
    prices: Prices,
    gb_per_day: float,
) -> Decimal:
    """What compute and its queues cost a month at a volume, in US dollars."""
    runs = Decimal(repr(runs_per_day * DAYS_A_MONTH))
    one = volume.scaled(gb_per_day * 1e9 / runs_per_day)
    usage = architecture.run(one, shape).times(runs) + architecture.idle(shape)
    by_service = price(usage, prices).by_service()
    return sum((by_service.get(s, Decimal(0)) for s in architecture.compute), Decimal(0))


def always_on(gb_per_day: float, per_processor: float, machine: str, prices: Prices) -> Decimal:
    """What tasks on Fargate cost a month that never stop, in US dollars.

    Args:
        per_processor: bytes a second.
        machine: `arm64` or `x86_64`.
    """
    kind = "arm64" if machine == "arm64" else "x86"
    a_day = per_processor * TASK_PROCESSORS * 86_400
    tasks = max(1, math.ceil(gb_per_day * 1e9 / a_day))
    hour = (
        TASK_PROCESSORS * prices[f"ecs_fargate.vcpu_hour_linux_{kind}"].usd
        + TASK_GB * prices[f"ecs_fargate.gb_hour_linux_{kind}"].usd
    )
    return tasks * hour * prices.hours_per_month


def glue_jobs(
    gb_per_day: float, runs_per_day: float, per_processor: float, prices: Prices
) -> Decimal:
    """What a Glue job for each run costs a month, in US dollars."""
    size = gb_per_day * 1e9 / runs_per_day
    per_dpu = per_processor * GLUE_PROCESSORS_A_DPU
    workers = max(1, math.ceil(size / (per_dpu * GLUE_TARGET_SECONDS)))
    took = max(GLUE_LEAST_SECONDS, GLUE_START_SECONDS + size / (per_dpu * workers))
    dpu_hours = Decimal(repr((1 + workers) * took / 3600 * runs_per_day * DAYS_A_MONTH))
    return prices["glue.etl_dpu_hour_glue6"].cost(dpu_hours)


def _found(
    against: str,
    ours: Callable[[float], Decimal],
    theirs: Callable[[float], Decimal],
    because: str,
) -> BreakEven:
    cheaper = ranges(lambda gb: ours(gb) >= theirs(gb))
    ends = [end for found in cheaper for end in (found.low, found.high) if end is not None]
    usd = ours(ends[0]).quantize(Decimal("0.01")) if ends else None
    return BreakEven(against, cheaper, usd, because)


def ranges(holds: Callable[[float], bool]) -> tuple[Range, ...]:
    """The volumes in GB a day at which something holds.

    Looked for in steps of equal ratio from `LEAST_GB` to `MOST_GB`; each change is then halved
    down to a millionth.
    """
    ratio = (MOST_GB / LEAST_GB) ** (1 / _STEPS)
    found: list[Range] = []
    low: float | None = None
    before, held = LEAST_GB, holds(LEAST_GB)
    for step in range(1, _STEPS + 1):
        at = LEAST_GB * ratio**step
        now = holds(at)
        if now != held:
            change = _change(holds, before, at)
            if held:
                found.append(Range(low, change))
            low = change
        before, held = at, now
    return (*found, Range(low, None)) if held else tuple(found)


def _change(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where something that differs at both ends changes: the first volume after the change."""
    first = holds(low)
    while high / low > 1 + 1e-6:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if holds(middle) == first else (low, middle)
    return high
