"""Reading text into types without changing a value.

DuckDB rounds `1.5` to 2 for an integer column and `1.555` to 1.56 for a decimal(10,2), drops the
time of a date, the offset of a timestamp and the seventh fraction digit, all in silence. So a
column is read as a *carrier* type that keeps the difference, is cast, and compared.

Two ways, both one expression for each column:

- fast: numbers travel as DOUBLE, dates as TIMESTAMP. On lineitem of TPC-H this costs about a tenth
  of the plain typed read. Integers beyond 2^53 do not fit into a DOUBLE (`doubtful` says so), nor
  do decimals of more than 15 digits (they travel as text). A text that differs from the
  value it becomes only behind its 17th digit is not told apart.
- exact: everything travels as text. Used when the fast way found something, to say what.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock import types
from penstock.runtime.engines.duckdb.quoting import literal, name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.program import Column
    from penstock.runtime.engines.duckdb.reasons import NumberStyle
    from penstock.types import Type

_WHOLE = frozenset(("smallint", "integer", "bigint"))
_EXACT_DIGITS = 15
_LARGEST = 2**53 - 1
# A fraction of a second that microseconds cannot hold.
_TOO_FINE = r"[.][0-9]{6}[0-9]*[1-9]"
_TIME = r"\s*[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6}0*)?)?\s*"


@dataclass(frozen=True, slots=True)
class Carried:
    """How one column is read.

    Attributes:
        carrier: DuckDB type that the reader gives.
        value: SQL of the column's value, in its own type.
        good: SQL, true where the value is the text's; never NULL. Empty: always.
    """

    carrier: str
    value: str
    good: str = ""


def fast(column: Column, source: str, style: NumberStyle, *, formatted: bool = False) -> Carried:
    """The fast way.

    Args:
        source: SQL of the column as it is read.
        style: how numbers are written.
        formatted: dates and timestamps are read by a format of the user's, which is strict.
    """
    kind = types.parse(column.type)
    cast = f"TRY_CAST({source} AS {column.type})"
    carrier = "DOUBLE"
    same = f"{cast} IS NOT DISTINCT FROM {source}"
    if kind.name == "double":
        # An overflow gives infinity, and so does the text `inf`: doubtful.
        cast, same = source, f"isfinite({source}) IS NOT FALSE"
    elif kind.name == "date" and not formatted:
        carrier = "TIMESTAMP"
    elif kind.name not in _WHOLE and not (
        kind.name == "decimal" and kind.numbers[0] <= _EXACT_DIGITS
    ):
        return exact(column, source, style, formatted=formatted)
    if column.required:
        same = f"{source} IS NOT NULL AND {same}"
    return Carried(carrier, cast, same)


def doubtful(columns: Iterable[Column]) -> str:
    """SQL, an aggregate: whether a value may have been changed by the fast way unseen.

    True where an integer lies beyond what a DOUBLE counts. Empty: there is no such column. Cheaper
    than a test of each row, because DuckDB keeps the extremes of every block.
    """
    return " OR ".join(
        f"coalesce(max({name(c.name)}) > {_LARGEST} OR min({name(c.name)}) < -{_LARGEST}, false)"
        for c in columns
        if types.parse(c.type).name == "bigint"
    )


def exact(column: Column, source: str, style: NumberStyle, *, formatted: bool = False) -> Carried:
    """The exact way. Arguments as of `fast`."""
    kind = types.parse(column.type)
    if kind.name in {"varchar", "json", "blob", "boolean"} or (formatted and _is_time(kind)):
        good = f"{source} IS NOT NULL" if column.required else ""
        return Carried(column.type, source, good)
    if kind.name in _WHOLE or kind.name in {"decimal", "double"}:
        text = plain_number(source, style)
        same = _same_double(text) if kind.name == "double" else _same_number(text, kind)
        return _text_carried(column, source, text, same)
    return _text_carried(column, source, source, _same_other(source, column, kind))


def plain_number(source: str, style: NumberStyle) -> str:
    """SQL of a number's text with `.` as its separator and no groups (`NumberStyle.plain`)."""
    if style.thousands:
        source = f"replace({source}, {literal(style.thousands)}, '')"
    if style.decimal != ".":
        source = f"replace(replace({source}, '.', '?'), {literal(style.decimal)}, '.')"
    return source


def nested_json(column: Column, source: str) -> Carried:
    """The exact way for a list, struct or map that comes as JSON.

    `TRY_CAST` would give NULL inside for what does not fit; `TRY(CAST …)` gives NULL for all.
    """
    wide = carrier_of(types.parse(column.type))
    value = f"TRY(CAST({source} AS {column.type}))"
    same = f"TRY(CAST({source} AS {wide})) IS NOT DISTINCT FROM CAST({value} AS {wide})"
    null = "false" if column.required else "true"
    absent = f"({source} IS NULL OR CAST({source} AS VARCHAR) = 'null')"
    good = f"CASE WHEN {absent} THEN {null} ELSE {value} IS NOT NULL AND {same} END"
    return Carried("JSON", value, f"coalesce({good}, false)")


def few_digits(source: str) -> str:
    """SQL: a number that was a DOUBLE on its way still has every digit; true for NULL."""
    digits = f"regexp_replace(split_part(lower({source}), 'e', 1), '[^0-9]', '', 'g')"
    return f"coalesce(strlen({digits}) <= {_EXACT_DIGITS}, true)"


def _text_carried(column: Column, source: str, text: str, same: str) -> Carried:
    value = f"TRY_CAST({text} AS {column.type})"
    null = "false" if column.required else "true"
    good = f"CASE WHEN {source} IS NULL THEN {null} ELSE {value} IS NOT NULL AND {same} END"
    return Carried("VARCHAR", value, f"coalesce({good}, false)")


def _same_number(text: str, kind: Type) -> str:
    scale = kind.numbers[1] if kind.numbers else 0
    simple = rf"\s*[+-]?([0-9]+([.][0-9]{{0,{scale}}}0*)?|[.][0-9]{{1,{max(scale, 1)}}}0*)\s*"
    if not scale:
        simple = r"\s*[+-]?([0-9]+([.]0*)?|[.]0+)\s*"
    # With an exponent or digit groups: the digits behind the point that are not zero.
    part = rf"regexp_extract({text}, '[.]([0-9_]*)', 1)"
    power = rf"coalesce(TRY_CAST(regexp_extract({text}, '[eE]([+-]?[0-9]+)', 1) AS INTEGER), 0)"
    digits = rf"regexp_replace({text}, '[eE].*|[^0-9]', '', 'g')"
    kept = (
        f"strlen(replace({part}, '_', '')) - {power} "
        f"- strlen({digits}) + strlen(rtrim({digits}, '0')) <= {scale}"
    )
    number = r"\s*[+-]?[0-9_]*[.]?[0-9_]*([eE][+-]?[0-9]+)?\s*"
    return (
        f"(regexp_full_match({text}, {literal(simple)}) OR (regexp_full_match({text}, "
        f"{literal(number)}) AND (rtrim({digits}, '0') = '' OR {kept})))"
    )


def _same_double(text: str) -> str:
    infinite = r"\s*[+-]?inf(inity)?\s*"
    return (
        f"(NOT isinf(TRY_CAST({text} AS DOUBLE)) "
        f"OR regexp_full_match(lower({text}), {literal(infinite)}))"
    )


def _same_other(source: str, column: Column, kind: Type) -> str:
    value = f"TRY_CAST({source} AS {column.type})"
    if kind.name == "date":
        return f"{value} = TRY_CAST({source} AS TIMESTAMP)"
    fine = f"(strlen({source}) <= 26 OR NOT regexp_matches({source}, {literal(_TOO_FINE)}))"
    if kind.name == "timestamptz":
        return fine
    if kind.name == "timestamp":
        # With an offset the two differ: the session's time zone is UTC.
        moment = f"epoch_us(TRY_CAST({source} AS TIMESTAMPTZ))"
        return f"(epoch_us({value}) = {moment} OR isinf({value})) AND {fine}"
    if kind.name == "time":
        return f"regexp_full_match({source}, {literal(_TIME)})"
    wide = carrier_of(kind)
    return f"TRY_CAST({source} AS {wide}) IS NOT DISTINCT FROM CAST({value} AS {wide})"


def carrier_of(kind: Type) -> str:
    """A type that keeps what casting to `kind` may lose, for values inside lists and structs."""
    inner = [carrier_of(t) for _, t in kind.fields]
    if kind.name in _WHOLE or kind.name == "decimal":
        return "DOUBLE"
    if kind.name == "date":
        return "TIMESTAMP"
    if kind.name == "list":
        return inner[0] + "[]"
    if kind.name == "map":
        return f"MAP({inner[0]}, {inner[1]})"
    if kind.name == "struct":
        fields = (f"{name(n)} {c}" for (n, _), c in zip(kind.fields, inner, strict=True))
        return f"STRUCT({', '.join(fields)})"
    return str(kind)


def _is_time(kind: Type) -> bool:
    return kind.name in {"date", "timestamp", "timestamptz"}
