"""The cost of a pipeline on an architecture: a run, a month, a month without runs, other sizes."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock.cost.bill import Bill, price
from penstock.cost.volume import Assumption
from penstock.cost.warmer import DAYS_A_MONTH, BreakEven, break_evens

if TYPE_CHECKING:
    from penstock.cost.architectures.base import Architecture
    from penstock.cost.shape import Shape
    from penstock.cost.volume import Volume
    from penstock.diagnostics import Diagnostic
    from penstock.facts.prices import Prices

SCHEMA = "penstock.cost/1"
SIZES = (1.0, 10.0, 100.0)
"""GB a day of the table."""


@dataclass(frozen=True, slots=True)
class Size:
    """A line of the table of sizes.

    Attributes:
        seconds: of a run.
        fits: the limits of the service allow it.
    """

    gb_per_day: float
    seconds: float
    run: Decimal
    month: Decimal
    fits: bool

    def as_json(self) -> dict[str, Any]:
        """As `penstock cost --json` gives it."""
        return {
            "gb_per_day": self.gb_per_day,
            "run_seconds": round(self.seconds),
            "per_run_usd": self.run,
            "per_month_usd": self.month,
            "fits": self.fits,
        }


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a pipeline costs, and what that rests on."""

    pipeline: str
    architecture: Architecture
    prices: Prices
    volume: Volume
    runs_per_day: float
    assumptions: tuple[Assumption, ...]
    run: Bill
    month: Bill
    idle: Bill
    sizes: tuple[Size, ...]
    most_bytes: float
    break_even: tuple[BreakEven, ...]
    findings: tuple[Diagnostic, ...]

    @property
    def not_priced(self) -> tuple[str, ...]:
        """What is left out of every bill."""
        missing = dict.fromkeys((*self.month.not_priced, *self.idle.not_priced))
        return (*missing, *self.architecture.not_priced)

    @property
    def gb_per_day(self) -> float:
        """What a day's runs read together."""
        return self.volume.bytes_in * self.runs_per_day / 1e9

    def as_json(self) -> dict[str, Any]:
        """As `penstock cost --json` gives it (docs/cost-analysis.md)."""
        volume = self.volume
        return {
            "schema": SCHEMA,
            "pipeline": self.pipeline,
            "architecture": self.architecture.name,
            "currency": "USD",
            "prices": {"region": self.prices.region, "compiled": self.prices.compiled},
            "volume": {
                "gb_per_day": self.gb_per_day,
                "runs_per_day": self.runs_per_day,
                "measured_runs": volume.runs,
                "bytes_in": round(volume.bytes_in),
                "rows_in": None if volume.rows_in is None else round(volume.rows_in),
                "bytes_out": round(volume.bytes_out),
                "bytes_per_second": round(volume.bytes_per_second),
                "peak_memory_bytes": volume.peak_memory,
            },
            "assumptions": [a.as_json() for a in self.assumptions],
            "per_run": self.run.as_json(),
            "per_month": self.month.as_json(),
            "idle_per_month": self.idle.as_json(),
            "sizes": [s.as_json() for s in self.sizes],
            "largest_run_bytes": round(self.most_bytes),
            "break_even": [b.as_json() for b in self.break_even],
            "not_priced": list(self.not_priced),
            "diagnostics": [d.as_json() for d in self.findings],
        }


def estimate(
    pipeline: str,
    architecture: Architecture,
    volume: Volume,
    shape: Shape,
    runs_per_day: float,
    prices: Prices,
    *,
    assumptions: tuple[Assumption, ...] = (),
) -> Estimate:
    """Work out what a pipeline costs.

    Args:
        assumptions: of the volume, and of how often it runs.

    Raises:
        UsageError: a setting is none of the architecture's.
    """
    architecture.check(shape)
    return Estimate(
        pipeline=pipeline,
        architecture=architecture,
        prices=prices,
        volume=volume,
        runs_per_day=runs_per_day,
        assumptions=(
            *assumptions,
            *_elsewhere(shape, prices),
            *architecture.assumptions(volume, shape),
        ),
        run=price(architecture.run(volume, shape), prices),
        month=month(architecture, volume, shape, runs_per_day, prices),
        idle=price(architecture.idle(shape), prices),
        sizes=tuple(_size(gb, architecture, volume, shape, runs_per_day, prices) for gb in SIZES),
        most_bytes=architecture.most_bytes(volume, shape),
        break_even=tuple(break_evens(architecture, volume, shape, runs_per_day, prices)),
        findings=tuple(architecture.findings(volume, shape)),
    )


def _elsewhere(shape: Shape, prices: Prices) -> list[Assumption]:
    """What stands in for the prices of another region."""
    if shape.region in {None, prices.region}:
        return []
    because = f"the pipeline is deployed to {shape.region}, whose prices are not in the list"
    return [Assumption("region", prices.region, "assumed", because)]


def month(
    architecture: Architecture, volume: Volume, shape: Shape, runs_per_day: float, prices: Prices
) -> Bill:
    """The bill of a month: its runs, what they keep, and what is paid without any."""
    runs = Decimal(repr(runs_per_day * DAYS_A_MONTH))
    usage = architecture.run(volume, shape).times(runs)
    usage += architecture.month(volume, shape, runs)
    return price(usage + architecture.idle(shape), prices)


def _size(
    gb_per_day: float,
    architecture: Architecture,
    volume: Volume,
    shape: Shape,
    runs_per_day: float,
    prices: Prices,
) -> Size:
    scaled = volume.scaled(gb_per_day * 1e9 / runs_per_day)
    return Size(
        gb_per_day=gb_per_day,
        seconds=architecture.takes(scaled, shape),
        run=price(architecture.run(scaled, shape), prices).usd,
        month=month(architecture, scaled, shape, runs_per_day, prices).usd,
        fits=not architecture.findings(scaled, shape),
    )
