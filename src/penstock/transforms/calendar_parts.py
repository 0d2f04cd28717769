"""What `calendar` knows of a date, as SQL over `$d`; NULL for NULL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from penstock.transforms.names import cast
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from sqlglot import exp

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Known:
    """One thing known of a date, and its type."""

    sql: str
    type: str = "integer"


def _named(number: str, names: tuple[str, ...]) -> Known:
    """Names that no engine's language settings change."""
    whens = " ".join(f"WHEN {i} THEN '{name}'" for i, name in enumerate(names, start=1))
    return Known(f"CASE {number} {whens} END", "varchar")


_LEAP = "year($d) % 4 = 0 AND (year($d) % 100 <> 0 OR year($d) % 400 = 0)"
PARTS = {
    "year": Known("year($d)"),
    "quarter": Known("quarter($d)"),
    "month": Known("month($d)"),
    "day": Known("day($d)"),
    "day_of_year": Known("dayofyear($d)"),
    "month_name": _named("month($d)", _MONTHS),
    "iso_year": Known("isoyear($d)"),
    "iso_week": Known("weekofyear($d)"),
    "weekday": Known("isodow($d)"),
    "weekday_name": _named("isodow($d)", _DAYS),
    "is_weekend": Known("isodow($d) >= 6", "boolean"),
    "is_leap_year": Known(_LEAP, "boolean"),
    "days_in_month": Known("day(last_day($d))"),
    "month_start": Known("date_trunc('month', $d)", "date"),
    "month_end": Known("last_day($d)", "date"),
    "quarter_start": Known("date_trunc('quarter', $d)", "date"),
    "year_start": Known("date_trunc('year', $d)", "date"),
    "week_start": Known("date_trunc('week', $d)", "date"),
    "date_key": Known("year($d) * 10000 + month($d) * 100 + day($d)"),
    "fiscal_year": Known("year($d)"),
    "fiscal_quarter": Known("quarter($d)"),
    "holiday": Known("NULL", "varchar"),
    "is_holiday": Known("NULL", "boolean"),
    "is_business_day": Known("isodow($d) <= 5", "boolean"),
}


def fiscal(part: str, day: exp.Expr, starts: int, named: Literal["end", "start"]) -> exp.Expr:
    """The fiscal year or quarter of a date.

    Args:
        starts: the month in which the fiscal year starts, from 1.
        named: the year that names it.

    >>> from penstock.transforms.names import column
    >>> fiscal("fiscal_year", column("d"), 7, "end").sql("duckdb")
    'CAST(CASE WHEN MONTH(d) >= 7 THEN YEAR(d) + 1 ELSE YEAR(d) END AS INT)'
    """
    if part == "fiscal_year":
        late, early = "year($d) + 1", "year($d)"
        if named == "start":
            late, early = "year($d)", "year($d) - 1"
        if starts == 1:
            late = early = "year($d)"
        sql = f"CASE WHEN month($d) >= {starts} THEN {late} ELSE {early} END"
        return cast(filled(sql, d=day), "integer")
    months = [(starts - 1 + i) % 12 + 1 for i in range(12)]
    whens = " ".join(
        f"WHEN month($d) IN ({', '.join(map(str, months[3 * q : 3 * q + 3]))}) THEN {q + 1}"
        for q in range(4)
    )
    return cast(filled(f"CASE {whens} END", d=day), "integer")
