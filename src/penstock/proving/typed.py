"""Cells as values of a column's type, read from their text by DuckDB's casts.

DuckDB rounds `1.5` to an integer and `1.555` to two decimals without a word; here that is an
error, because a test that says 1.5 does not mean 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import Diagnostic, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from penstock.program import Column
    from penstock.proving.rows import Cell, Rows

UNKNOWN_COLUMN = "PSK-TEST-006"
MISFIT = "PSK-TEST-007"
EXACT = frozenset({"smallint", "integer", "bigint", "decimal"})


@dataclass(frozen=True, slots=True)
class Value:
    """A typed value.

    Attributes:
        text: as the cell has it; None is NULL.
        plain: as Python has it; instants in UTC without a zone.
        structured: the text is JSON.
    """

    text: str | None
    plain: Any
    structured: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Typed rows: column name, as the schema spells it → value."""

    rows: tuple[Mapping[str, Value], ...]


class Typer:
    """Types the rows of tests. One DuckDB in memory serves all of them."""

    def __init__(self) -> None:
        import duckdb

        self._con: duckdb.DuckDBPyConnection = duckdb.connect(":memory:", config={"threads": 1})
        self._con.execute("SET TimeZone = 'UTC'")

    def table(
        self,
        rows: Rows,
        schema: Sequence[Column],
        dataset: str,
        report: Callable[[Diagnostic], None],
        *,
        exact: bool,
    ) -> Table | None:
        """Rows as values of a dataset's columns; None, with diagnostics, if some are not.

        Args:
            exact: a number that the type would round is an error; without it the number stays
                what it is (an expected value that the column can never have).
        """
        columns = {c.name.lower(): c for c in schema}
        wrong = False
        for name, span in rows.names.items():
            if name.lower() not in columns:
                hint = did_you_mean(name, [c.name for c in schema], noun="columns")
                message = f"`{dataset}` has no column `{name}`"
                report(Diagnostic(UNKNOWN_COLUMN, message, span, hint or None))
                wrong = True
        if wrong:
            return None
        typed: list[dict[str, Value]] = [{} for _ in rows.rows]
        for name in rows.names:
            column = columns[name.lower()]
            holders = [i for i, row in enumerate(rows.rows) if name in row]
            cells = [rows.rows[i][name] for i in holders]
            for i, cell, value in zip(holders, cells, self._values(cells, column), strict=True):
                if value is None or (exact and _rounded(cell, value, column)):
                    report(_misfit(cell, column))
                    wrong = True
                else:
                    typed[i][column.name] = value
        return None if wrong else Table(tuple(typed))

    def _values(self, cells: Sequence[Cell], column: Column) -> list[Value | None]:
        """The value of each cell; None where its text is no value of the type."""
        texts = [c.text for c in cells]
        cast = f"TRY_CAST(v AS {column.type})"
        if column.type == "timestamptz":
            cast = f"{cast} AT TIME ZONE 'UTC'"
        plain = self._cast(texts, cast)
        if any(c.structured for c in cells):
            from_json = self._cast(texts, f"TRY_CAST(TRY_CAST(v AS JSON) AS {column.type})")
            both = zip(cells, plain, from_json, strict=True)
            plain = [j if c.structured else p for c, p, j in both]
        exact = column.type.partition("(")[0] in EXACT
        values: list[Value | None] = []
        for cell, value in zip(cells, plain, strict=True):
            # A number stays as it is written; the cast only says whether it fits.
            kept = _number(cell.text) if exact else value
            known = cell.text is None or (value is not None and kept is not None)
            values.append(Value(cell.text, kept, cell.structured) if known else None)
        return values

    def _cast(self, texts: Sequence[str | None], expression: str) -> list[Any]:
        sql = f"SELECT {expression} FROM (SELECT unnest(?::VARCHAR[]) AS v)"
        return [row[0] for row in self._con.execute(sql, [list(texts)]).fetchall()]


def _number(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _rounded(cell: Cell, value: Value, column: Column) -> bool:
    if cell.text is None or not isinstance(value.plain, Decimal):
        return False
    digits = _scale(column.type)
    return value.plain != round(value.plain, digits)


def _scale(type_: str) -> int:
    """Digits behind the point of an exact number type.

    >>> _scale("decimal(8,2)"), _scale("integer")
    (2, 0)
    """
    if not type_.startswith("decimal"):
        return 0
    return int(type_.rpartition(",")[2].rstrip(")")) if "," in type_ else 3


def _misfit(cell: Cell, column: Column) -> Diagnostic:
    shown = f"`{cell.text}`" if cell.text else "an empty text"
    message = f"{shown} is no value of `{column.name}`, which is {column.type}"
    hint = None
    number = _number(cell.text)
    if number is not None and column.type.partition("(")[0] in EXACT:
        if number != round(number, _scale(column.type)):
            message = f"`{cell.text}` would be rounded: `{column.name}` is {column.type}"
        else:
            message = f"`{cell.text}` is too large for `{column.name}`, which is {column.type}"
    elif cell.text == "":
        hint = "NULL is written `null`, or as an empty field in CSV"
    return Diagnostic(MISFIT, message, cell.span, hint)
