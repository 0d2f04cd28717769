"""The bill of a run as a few rates, for where there is no price list: `penstock.runtime.cost`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.cost.architectures import architecture
from penstock.cost.bill import price
from penstock.cost.volume import Volume
from penstock.facts.prices import load_prices

if TYPE_CHECKING:
    from penstock.cost.shape import Shape
    from penstock.facts.prices import Prices

SCHEMA = "penstock.rates/1"
_AT_ONCE = 1e30
"""Bytes a second of a worker whose seconds are not meant to count."""
_FAR = 1e12
"""Bytes read by as many workers as there can be, each with files of its own to write."""
_LITTLE, _MUCH = 1e9, 1e11
"""Bytes written: below what a warehouse bills at least, and far above."""


def rates_of(name: str, shape: Shape, prices: Prices | None = None) -> dict[str, Any]:
    """What a run on an architecture costs, as `penstock.runtime.cost.Rates` takes it.

    Each rate is the difference of two bills; what is counted in whole numbers (parts of an upload,
    messages of a batch) is spread evenly: the sum is within 3 % of the bill's.

    Raises:
        UsageError: there is no such architecture, or a setting is none of its.
    """
    chosen, known = architecture(name), prices or load_prices()
    chosen.check(shape)
    workers = chosen.workers(_volume(_FAR), shape)

    def usd(volume: Volume) -> float:
        return float(price(chosen.run(volume, shape), known).usd)

    run = usd(_volume(0.0))
    many = usd(_volume(_FAR))
    low = (usd(_volume(_FAR, _LITTLE)) - many) / _LITTLE
    most, twice = usd(_volume(_FAR, _MUCH)), usd(_volume(_FAR, 2 * _MUCH))
    high = (twice - most) / _MUCH
    # Both lines meet where the warehouse begins to bill by its seconds.
    beyond = (most - high * _MUCH - many) / (low - high) if high > low * 1.01 else _MUCH
    return {
        "schema": SCHEMA,
        "run": run,
        "worker": (many - run) / (workers - 1) if workers > 1 else 0.0,
        "second": (usd(_volume(1.0, speed=1e-3)) - run) / 1000,
        "byte_out": low,
        "byte_beyond": high,
        "beyond": beyond,
    }


def _volume(bytes_in: float, bytes_out: float = 0.0, speed: float = _AT_ONCE) -> Volume:
    return Volume(bytes_in=bytes_in, bytes_out=bytes_out, bytes_per_second=speed, start_seconds=0.0)
