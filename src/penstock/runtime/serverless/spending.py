"""What a run of the functions cost, by the rates that the build brought: the metric `CostUSD`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.runtime.cost import Rates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

RATES = ".penstock/rates.json"
"""Among the pipeline's own files in a package."""


def counted(root: Path) -> Callable[[Mapping[str, Any]], float | None]:
    """What gives the cost of a run from its report, in US dollars at list prices.

    None where the build brought no rates, or the report is of a run that no worker worked on.
    """

    def cost(report: Mapping[str, Any]) -> float | None:
        place, workers = root / RATES, report.get("workers")
        if not workers or not place.is_file():
            return None
        rates = Rates.from_json(json.loads(place.read_text(encoding="utf-8")))
        written = sum(target.get("bytes", 0) for target in report["targets"].values())
        return rates.cost(
            workers=workers["count"], seconds=workers["seconds"], bytes_out=float(written)
        )

    return cost
