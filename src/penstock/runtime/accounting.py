"""Row accounting: what came in, what went out, and the name of everything in between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from penstock.errors import RowsUnaccounted


@dataclass(slots=True)
class Counts:
    """The rows of one dataset in one run. `seconds` is wall time; `bytes`, of the input files.

    `replayed` of `rows_in` came out of the quarantine.
    """

    kind: Literal["source", "transform"]
    rows_in: int = 0
    rows_out: int = 0
    rejected: int = 0
    filtered: int = 0
    deduplicated: int = 0
    quarantined: int = 0
    replayed: int = 0
    bytes: int = 0
    seconds: float = 0.0

    def balance(self, dataset: str) -> None:
        """Hold rows_in against everything that became of them.

        Raises:
            RowsUnaccounted: they differ.
        """
        aside = {
            "rejected": self.rejected,
            "filtered": self.filtered,
            "deduplicated": self.deduplicated,
            "quarantined": self.quarantined,
        }
        accounted = self.rows_out + sum(aside.values())
        if self.rows_in != accounted:
            parts = " + ".join(f"{n:,} {name}" for name, n in aside.items() if n)
            told = f"{self.rows_out:,} out" + (f" + {parts}" if parts else "")
            raise RowsUnaccounted(
                f"`{dataset}` took in {self.rows_in:,} rows but accounts for {accounted:,}: {told}",
                hint="a lookup that finds several rows for one, or an input that changed while it "
                "was read; nothing was published",
            )

    def as_json(self) -> dict[str, Any]:
        """The form of the run report."""
        common: dict[str, Any] = {"kind": self.kind, "rows_in": self.rows_in}
        if self.replayed:
            common |= {"replayed": self.replayed}
        if self.kind == "source":
            common |= {"rejected": self.rejected}
        else:
            common |= {"filtered": self.filtered, "deduplicated": self.deduplicated}
        # -1: known only once the target has taken the rows in
        out = self.rows_out if self.rows_out >= 0 else None
        common |= {"quarantined": self.quarantined, "rows_out": out}
        if self.kind == "source":
            common |= {"bytes": self.bytes}
        return {**common, "seconds": round(self.seconds, 3)}
