"""What a run costs, worked out where it runs: a few rates that the build has worked out.

Prices, and what an architecture uses, stay with the compiler (`penstock.cost.rates`); a function
that ends a run has only these numbers, and what it counted itself.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "penstock.rates/1"


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars.

    Attributes:
        run: of any run, one worker included.
        worker: of each further worker, besides its seconds.
        second: of a worker's second.
        byte_out: of a byte that is written.
        byte_beyond: of one beyond `beyond`, where a warehouse loads for longer than it bills at
            least.
        beyond: bytes.
    """

    run: float
    worker: float
    second: float
    byte_out: float
    byte_beyond: float
    beyond: float

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Rates:
        """Rates as the build wrote them.

        Raises:
            RunError: they are none.
        """
        try:
            if found["schema"] != SCHEMA:
                raise ValueError(f"schema {found['schema']}")
            return cls(**{name: float(found[name]) for name in cls.__slots__})
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"these are no rates of a run's cost: {error}",
                code="PSK-COST-005",
                hint="build and apply again: rates and functions come from one build",
            ) from error

    def as_json(self) -> dict[str, Any]:
        """As the build writes them."""
        return {"schema": SCHEMA, **asdict(self)}

    def cost(self, *, workers: int, seconds: float, bytes_out: float) -> float:
        """What a run cost, in US dollars.

        Args:
            seconds: of all workers together.
        """
        low = min(bytes_out, self.beyond)
        return (
            self.run
            + max(0, workers - 1) * self.worker
            + seconds * self.second
            + low * self.byte_out
            + (bytes_out - low) * self.byte_beyond
        )
