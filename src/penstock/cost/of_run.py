"""What one run cost, as a number for its report and its metric."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.cost.architectures import architecture
from penstock.cost.bill import price
from penstock.cost.shape import Shape
from penstock.cost.volume import Volume, measured
from penstock.facts.prices import load_prices

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from penstock.facts.prices import Prices


def cost_of_run(
    report: Mapping[str, Any],
    architecture_name: str,
    *,
    worker_seconds: float | None = None,
    shape: Shape | None = None,
    prices: Prices | None = None,
) -> Decimal:
    """What a run used, priced; in US dollars. One that read nothing costs its calls.

    Args:
        report: its report (`penstock.run/1`).
        worker_seconds: what its workers took together; without it, `seconds` of the report,
            which is right where there was one.
        shape: the pipeline as it is deployed; without it, as the report's targets say.

    Raises:
        UsageError: there is no such architecture.
    """
    known = architecture(architecture_name)
    deployed = shape or Shape(
        sources=max(1, sum(d["kind"] == "source" for d in report["datasets"].values())),
        targets=("lake",) * max(1, len(report["targets"])),
    )
    volume = measured([{**report, "status": "succeeded"}]) or Volume(bytes_in=0.0, bytes_out=0.0)
    took = float(report["seconds"]) if worker_seconds is None else worker_seconds
    if volume.bytes_in and took > 0:
        rate = volume.bytes_in / took
        volume = replace(volume, bytes_per_second=rate, start_seconds=0.0, speed="measured")
    return price(known.run(volume, deployed), prices or load_prices()).usd
