"""How much a relation holds, computed; and whether that is little enough to send to everybody.

Spark's own guess is off: a join sends one side to every executor only where its rows were counted
and its texts measured, so that none runs out of memory for a guess that was wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

BROADCAST_BYTES = 32 << 20
"""What a relation may take in memory to be sent to every executor."""

# Bytes of a value in Spark's rows: eight each, and what a decimal of more than 18 digits adds.
# https://spark.apache.org/docs/3.5.6/api/java/org/apache/spark/sql/catalyst/expressions/UnsafeRow.html
_WORD, _WIDE_DECIMAL, _LONG_DECIMAL = 8, 16, 18
_ROW = 32
_MEASURED = frozenset(("StringType", "BinaryType"))
_FIXED = {
    *("BooleanType", "ByteType", "ShortType", "IntegerType", "LongType", "FloatType"),
    *("DoubleType", "DateType", "TimestampType", "TimestampNTZType", "DecimalType", "NullType"),
}


@dataclass(frozen=True, slots=True)
class Size:
    """What a relation holds.

    Attributes:
        bytes: in memory, at least; exact where it is little. None: it has lists or structs, which
            are not measured.
        filled: values that are not NULL, of the columns that were asked for.
    """

    rows: int
    bytes: int | None
    filled: tuple[int, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether it may be sent to every executor."""
        return self.bytes is not None and self.bytes <= BROADCAST_BYTES


def measure(frame: Any, *, required: Sequence[str] = (), rows: int | None = None) -> Size:
    """Count a frame's rows; measure its texts where it could be little.

    Args:
        required: columns whose values are counted.
        rows: how many there are, where that is known and nothing is to be counted.
    """
    from pyspark.sql import functions

    fields = frame.schema.fields
    texts = [f.name for f in fields if type(f.dataType).__name__ in _MEASURED]
    filled: tuple[int, ...] = ()
    if rows is None:
        counted = [functions.count(_column(c)).alias(f"c{i}") for i, c in enumerate(required)]
        found = frame.agg(functions.count(functions.lit(1)).alias("n"), *counted).first()
        rows = int(found["n"])
        filled = tuple(int(found[f"c{i}"]) for i in range(len(required)))
    if not all(type(f.dataType).__name__ in _FIXED | _MEASURED for f in fields):
        return Size(rows, None, filled)
    total = rows * (_ROW + sum(_width(f.dataType) for f in fields))
    if texts and total <= BROADCAST_BYTES:
        lengths = [functions.sum(functions.octet_length(_column(c))) for c in texts]
        total += sum(int(n or 0) for n in frame.agg(*lengths).first())
    return Size(rows, total, filled)


def _width(kind: Any) -> int:
    wide = type(kind).__name__ == "DecimalType" and kind.precision > _LONG_DECIMAL
    return _WORD + (_WIDE_DECIMAL if wide else 0)


def _column(name: str) -> Any:
    from pyspark.sql import functions

    return functions.col("`" + name.replace("`", "``") + "`")
