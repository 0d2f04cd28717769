"""The sizes that were tried, and the one beyond which more memory is not worth its price."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from penstock.cost.bill import Usage, Used, price
from penstock.sandbox.lambdas import processors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from penstock.facts.prices import Prices


@dataclass(frozen=True, slots=True)
class Trial:
    """A slice at one size.

    Attributes:
        memory: MB.
        seconds: median of the warm calls; None: none of them came to an end.
        cold_seconds: of the first call, with the start of its process.
        processor_seconds: median.
        peak: bytes.
        code: of the reason.
        failed: why it did not come to an end.
        usd: of a warm call.
    """

    memory: int
    seconds: float | None = None
    cold_seconds: float | None = None
    processor_seconds: float | None = None
    peak: int = 0
    code: str | None = None
    failed: str | None = None
    usd: Decimal | None = None

    @property
    def processors(self) -> float:
        """That Lambda gives with the memory."""
        return processors.share(self.memory)

    @property
    def processors_here(self) -> float:
        """That it had on this machine, at most."""
        return min(self.processors, processors.here())

    def as_json(self) -> dict[str, Any]:
        """As `penstock tune --json` gives it."""
        told = asdict(self) | {
            "processors": round(self.processors, 3),
            "processors_here": round(self.processors_here, 3),
            "peak_bytes": self.peak,
        }
        del told["peak"]
        return told


def usd_of(memory: int, storage: int, machine: str, seconds: float, prices: Prices) -> Decimal:
    """What one call of a function costs at list price.

    Args:
        storage: MB of disk; 512 are free.
        machine: `arm64` or `x86_64`.
    """
    from decimal import Decimal

    from penstock.cost.architectures.serverless_lambda import FREE_DISK_MB

    billed = Decimal(-(-round(seconds * 1e6) // 1000)) / 1000  # by the millisecond, rounded up
    duration = f"lambda.duration_{'arm64' if machine == 'arm64' else 'x86'}"
    disk = Decimal(max(0, storage - FREE_DISK_MB)) / 1024
    usage = Usage.of(
        Used("Lambda", "time", duration, Decimal(memory) / 1024 * billed),
        Used("Lambda", "call", "lambda.requests", Decimal(1)),
        Used("Lambda", "disk over 512 MB", "lambda.ephemeral_storage_over_512MB", disk * billed),
    )
    return price(usage, prices).usd


def knee(trials: Sequence[Trial]) -> Trial | None:
    """The smallest size that no larger one is worth more than: time falls by less than cost rises.

    None: at no size the slice came to an end.

    >>> from decimal import Decimal as D
    >>> found = knee([Trial(512, 8.0, usd=D(4)), Trial(1024, 4.0, usd=D(4)),
    ...               Trial(2048, 3.8, usd=D(8))])
    >>> found.memory
    1024
    """
    done = [
        (trial, trial.seconds, float(trial.usd))
        for trial in sorted(trials, key=lambda trial: trial.memory)
        if trial.seconds and trial.usd
    ]
    for number, (trial, seconds, usd) in enumerate(done):
        larger = done[number + 1 :]
        if not any(_is_worth(seconds, s, usd, u) for _, s, u in larger):
            return trial
    return None


def _is_worth(seconds: float, then: float, usd: float, dearer: float) -> bool:
    falls = (seconds - then) / seconds
    rises = (dearer - usd) / usd
    return falls > 0 and falls >= rises
