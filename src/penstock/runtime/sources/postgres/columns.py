"""Columns of a server: the Penstock type of each, and the SQL that reads it as a type, or rejects.

A value either arrives as it is, or its row is rejected by the server, with a reason: infinite
dates, NaN in a decimal, digits that do not fit. Nothing is rounded or cut in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from penstock import types

UNCONSTRAINED = "decimal(38,9)"
"""What a numeric without a precision is read as: its values may have any number of digits."""

_PLAIN = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "double",
    "float8": "double",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "time": "time",
    "bytea": "blob",
    "json": "json",
    "jsonb": "json",
}
# Types whose text is all that there is of a value.
_TEXT = frozenset({"text", "varchar", "bpchar", "name", "char", "uuid", "xml", "citext", "inet",
                   "cidr", "macaddr", "macaddr8", "bit", "varbit"})  # fmt: skip
_INTEGERS = {"smallint": 15, "integer": 31, "bigint": 63}
_DIGITS = {"int2": 5, "int4": 10, "int8": 19}
_YEARS = "is infinite or outside the years 1 to 9999"
_MOST_EXACT = 2**53  # whole numbers up to it have an equal double


@dataclass(frozen=True, slots=True)
class ServerColumn:
    """A column as the server has it.

    Attributes:
        kind: the name of its type, that below a domain; `enum`, `list`, or any other.
        spelled: its type in the server's words.
        numbers: precision and scale of a numeric that has them.
        element: of a list.
    """

    name: str
    kind: str
    spelled: str
    numbers: tuple[int, int] | None = None
    element: ServerColumn | None = None

    @property
    def type(self) -> str | None:
        """The Penstock type that holds every value of it; None: there is none."""
        if self.kind == "numeric":
            return _decimal(self.numbers)
        if self.kind == "list":
            assert self.element is not None
            inner = self.element.type
            return f"{inner}[]" if inner else None
        return "varchar" if self.textual else _PLAIN.get(self.kind)

    @property
    def textual(self) -> bool:
        """Whether its text is all that there is of a value."""
        return self.kind in _TEXT or self.kind == "enum"

    @property
    def unconstrained(self) -> bool:
        """Whether it is a numeric without a precision, or a list of such."""
        inner = self.element or self
        return inner.kind == "numeric" and inner.numbers is None


@dataclass(frozen=True, slots=True)
class Taken:
    """How a column is read as a type.

    Attributes:
        sql: what gives the value's text, once no fault is true.
        faults: condition, and what is told of a row for which it is true.
    """

    sql: str
    faults: tuple[tuple[str, str], ...] = ()


def take(have: ServerColumn, want: types.Type, x: str) -> Taken | None:
    """How a column is read as a type; None: it cannot be, without guessing.

    Args:
        x: SQL of the value.
    """
    if want.name == "varchar":
        return Taken(x if have.kind in _TEXT else f"{x}::text")
    if want.name in _INTEGERS:
        return _integer(have, want.name, x)
    if want.name == "decimal":
        return _as_decimal(have, want.numbers, x)
    if want.name == "double":
        return _double(have, x)
    if want.name == "list":
        return _list(have, want, x)
    return _moment(have, want.name, x) or _other(have, want.name, x)


def _integer(have: ServerColumn, want: str, x: str) -> Taken | None:
    bits = _INTEGERS[want]
    if have.kind in _DIGITS:
        known = _INTEGERS[_PLAIN[have.kind]]
        if known <= bits:
            return Taken(x)
        outside = f"{x} NOT BETWEEN {-(2**bits)} AND {2**bits - 1}"
        return Taken(x, ((outside, f"does not fit into {want}"),))
    if have.kind != "numeric":
        return None
    outside = f"{x} = 'NaN' OR {x} NOT BETWEEN {-(2**bits)} AND {2**bits - 1} OR {x} <> trunc({x})"
    return Taken(f"trunc({x})", ((outside, f"does not fit into {want}"),))


def _as_decimal(have: ServerColumn, numbers: tuple[int, ...], x: str) -> Taken | None:
    precision, scale = numbers
    whole = precision - scale
    large = (f"abs({x}::numeric) >= 1e{whole}", f"does not fit into decimal({precision},{scale})")
    if have.kind in _DIGITS:
        return Taken(x, () if whole >= _DIGITS[have.kind] else (large,))
    if have.kind != "numeric":
        return None
    faults = [(f"{x} = 'NaN'", "is NaN")]
    mine = have.numbers
    if mine is None or mine[0] - mine[1] > whole:
        faults.append(large)
    if mine is not None and mine[1] <= scale:
        return Taken(x, tuple(faults))
    faults.append((f"{x} <> round({x}, {scale})", f"has more than {scale} decimals"))
    return Taken(f"round({x}, {scale})", tuple(faults))


def _double(have: ServerColumn, x: str) -> Taken | None:
    if have.kind == "float4":
        return Taken(f"{x}::float8")
    if have.kind in {"float8", "int2", "int4"}:
        return Taken(x)
    if have.kind == "int8":
        inexact = f"{x} NOT BETWEEN {-_MOST_EXACT} AND {_MOST_EXACT}"
        return Taken(x, ((inexact, "has no equal double"),))
    if have.kind == "numeric":
        return Taken(f"{x}::float8", ((f"abs({x}) >= 1e308", "does not fit into double"),))
    return None


def _moment(have: ServerColumn, want: str, x: str) -> Taken | None:
    """Dates and times. A zone is never guessed: `timestamp` and `timestamptz` do not mix."""
    outside = (f"{x} < '0001-01-01' OR {x} >= '10000-01-01'", _YEARS)
    if have.kind == "time" and want == "time":
        return Taken(x, ((f"{x} = '24:00'", "is 24:00, which is no time of a day"),))
    if have.kind == want and want in {"date", "timestamp", "timestamptz"}:
        return Taken(x, (outside,))
    if have.kind == "date" and want == "timestamp":
        return Taken(f"{x}::timestamp", (outside,))
    if have.kind == "timestamp" and want == "date":
        return Taken(f"{x}::date", (outside, (f"{x} <> {x}::date", "has a time of day")))
    return None


def _other(have: ServerColumn, want: str, x: str) -> Taken | None:
    if want == "boolean" and have.kind == "bool":
        return Taken(x)
    if want == "blob" and have.kind == "bytea":
        return Taken(f"encode({x}, 'hex')")
    if want == "json":
        if have.kind in {"json", "jsonb"}:
            return Taken(f"{x}::text")
        if have.kind in {"list", "composite"}:
            return Taken(f"to_json({x})::text")
    return None


def _list(have: ServerColumn, want: types.Type, x: str) -> Taken | None:
    """A list travels as a JSON array of its elements' texts."""
    inner = want.fields[0][1]
    if have.kind != "list" or have.element is None or inner.name in {"list", "struct", "map"}:
        return None
    found = take(have.element, inner, "e")
    if found is None:
        return None
    faults = [(f"array_ndims({x}) > 1", f"has several dimensions, which {want} has not")]
    faults += [
        (
            f"EXISTS (SELECT FROM unnest({x}) AS u(e) WHERE {condition})",
            f"has an element that {why}",
        )
        for condition, why in found.faults
    ]
    sql = (
        f"(SELECT json_agg(({found.sql})::text ORDER BY n) "
        f"FROM unnest({x}) WITH ORDINALITY AS u(e, n))"
    )
    empty = (
        f"CASE WHEN {x} IS NULL THEN NULL WHEN cardinality({x}) = 0 THEN '[]' ELSE {sql}::text END"
    )
    return Taken(empty, tuple(faults))


def describe(connection: psycopg.Connection[Any], relation: str) -> list[ServerColumn]:
    """The columns of a relation, in its order. Reads no row.

    Args:
        relation: SQL that stands in FROM.

    Raises:
        psycopg.Error: the server refuses it.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {relation} LIMIT 0".encode())
        result = cursor.pgresult
        assert result is not None
        fields = [
            (
                (result.fname(i) or b"").decode(),
                result.ftype(i),
                result.fmod(i),
            )
            for i in range(result.nfields)
        ]
    catalogue = _Catalogue(connection)
    return [catalogue.column(name, oid, modifier) for name, oid, modifier in fields]


class _Catalogue:
    """The types of a server, asked for once each."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._known: dict[int, tuple[Any, ...]] = {}

    def column(self, name: str, oid: int, modifier: int) -> ServerColumn:
        kind, base, base_modifier, element, category, spelled = self._type(oid, modifier)
        if base:  # a domain
            return self.column(name, base, base_modifier if modifier == -1 else modifier)
        if category == "A" and element:
            inner = self.column(name, element, modifier)
            return ServerColumn(name, "list", spelled, element=inner)
        numbers = _numbers(modifier) if kind == "numeric" else None
        return ServerColumn(name, kind, spelled, numbers)

    def _type(self, oid: int, modifier: int) -> tuple[Any, ...]:
        if oid not in self._known:
            row = self._connection.execute(
                "SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite' "
                "ELSE t.typname END, t.typbasetype, t.typtypmod, t.typelem, t.typcategory "
                "FROM pg_catalog.pg_type AS t WHERE t.oid = %s",
                (oid,),
            ).fetchone()
            assert row is not None
            self._known[oid] = tuple(row)
        words = self._connection.execute(
            "SELECT pg_catalog.format_type(%s, %s)", (oid, None if modifier == -1 else modifier)
        ).fetchone()
        assert words is not None
        return (*self._known[oid], str(words[0]))


def _numbers(modifier: int) -> tuple[int, int] | None:
    """Precision and scale out of a type modifier.

    As `numeric_typmod_precision` and `numeric_typmod_scale` of PostgreSQL's
    src/backend/utils/adt/numeric.c: the scale has eleven bits and a sign.

    >>> _numbers(((10 << 16) | 2) + 4), _numbers(-1)
    ((10, 2), None)
    """
    if modifier < 4:
        return None
    packed = modifier - 4
    return (packed >> 16) & 0xFFFF, ((packed & 0x7FF) ^ 1024) - 1024


def _decimal(numbers: tuple[int, int] | None) -> str | None:
    """The decimal of a numeric; PostgreSQL's scale may be negative, or above the precision.

    >>> _decimal((3, -2)), _decimal((2, 5)), _decimal((50, 2)), _decimal(None)
    ('decimal(5,0)', 'decimal(5,5)', None, 'decimal(38,9)')
    """
    if numbers is None:
        return UNCONSTRAINED
    precision, scale = numbers
    if scale < 0:
        precision, scale = precision - scale, 0
    precision = max(precision, scale)
    return f"decimal({precision},{scale})" if precision <= 38 else None
