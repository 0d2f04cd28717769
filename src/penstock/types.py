"""Penstock's types, as text: `integer`, `decimal(8,2)`, `struct(a integer, b varchar[])`.

Standard library only. Names and spelling are those of pipeline-file.md; `normalize` gives the
one canonical spelling of a type, so that types compare as text. The canonical spelling is also
a type name that DuckDB reads.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import NoReturn

SCALARS = (
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "double",
    "varchar",
    "date",
    "timestamp",
    "timestamptz",
    "time",
    "blob",
    "json",
)
ALL = (*SCALARS, "decimal", "struct", "map")
"""The name of every type; a list is any of them followed by `[]`."""

_ALIASES = {
    "bool": "boolean",
    "logical": "boolean",
    "int2": "smallint",
    "int16": "smallint",
    "short": "smallint",
    "int": "integer",
    "int4": "integer",
    "int32": "integer",
    "signed": "integer",
    "int8": "bigint",
    "int64": "bigint",
    "long": "bigint",
    "float": "double",
    "real": "double",
    "float4": "double",
    "float8": "double",
    "float64": "double",
    "double precision": "double",
    "text": "varchar",
    "string": "varchar",
    "char": "varchar",
    "bpchar": "varchar",
    "datetime": "timestamp",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "bytea": "blob",
    "binary": "blob",
    "varbinary": "blob",
    "bytes": "blob",
    "numeric": "decimal",
    "dec": "decimal",
    "row": "struct",
}
# What DuckDB has and Penstock does not: the narrowest of our types that holds every value.
_DUCKDB = {
    "tinyint": "smallint",
    "utinyint": "smallint",
    "usmallint": "integer",
    "uinteger": "bigint",
    "ubigint": "decimal(20,0)",
    "hugeint": "decimal(38,0)",
    "uuid": "varchar",
    "timestamp_s": "timestamp",
    "timestamp_ms": "timestamp",
    "timestamp_ns": "timestamp",
    "time_ns": "time",
    "null": "varchar",
    '"null"': "varchar",
}
# Words that DuckDB refuses as a bare field name.
_RESERVED = frozenset(
    """all analyse analyze and any array as asc asymmetric both case cast check collate column
    constraint create default deferrable desc describe distinct do else end except false fetch for
    foreign from group having in initially intersect into lambda lateral leading limit not null
    offset on only or order pivot pivot_longer pivot_wider placing primary qualify references
    returning select show some summarize symmetric table then to trailing true union unique unpivot
    using variadic when where window with""".split()  # noqa: SIM905
)
_MAX_DEPTH = 32
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r'\s*("(?:[^"]|"")*"|\'(?:[^\']|\'\')*\'|[A-Za-z0-9_]+|[(),\[\]]|\S)')


@dataclass(frozen=True, slots=True)
class Type:
    """A type taken apart.

    Attributes:
        name: one of `ALL`, or `list`.
        numbers: precision and scale of a decimal.
        fields: of a struct: name and type; of a map: `key`, `value`; of a list: `element`.
    """

    name: str
    numbers: tuple[int, ...] = ()
    fields: tuple[tuple[str, Type], ...] = ()

    def __str__(self) -> str:
        if self.name == "list":
            return f"{self.fields[0][1]}[]"
        if self.name == "decimal":
            return f"decimal({self.numbers[0]},{self.numbers[1]})"
        if self.name == "map":
            return f"map({self.fields[0][1]}, {self.fields[1][1]})"
        if self.name == "struct":
            return "struct(" + ", ".join(f"{_quoted(n)} {t}" for n, t in self.fields) + ")"
        return self.name


@lru_cache(maxsize=4096)
def normalize(text: str) -> str:
    """The canonical spelling of a type.

    Raises:
        ValueError: there is no such type; the message says why and names the nearest.

    >>> normalize("NUMERIC( 8, 2 )"), normalize("timestamp with time zone"), normalize("int4[]")
    ('decimal(8,2)', 'timestamptz', 'integer[]')
    >>> normalize("intger")
    Traceback (most recent call last):
    ValueError: no type named `intger`; did you mean `integer`?
    """
    return str(parse(text))


@lru_cache(maxsize=4096)
def from_duckdb(text: str) -> str:
    """The Penstock type that holds every value of a DuckDB type, as `DESCRIBE` spells it.

    Raises:
        ValueError: there is none (`INTERVAL`, `UNION(…)`).

    >>> from_duckdb("STRUCT(a HUGEINT, b FLOAT[3])")
    'struct(a decimal(38,0), b double[])'
    """
    return str(_Parser(text, duckdb=True).parse())


@lru_cache(maxsize=4096)
def parse(text: str) -> Type:
    """A type taken apart.

    Raises:
        ValueError: there is no such type; the message says why and names the nearest.

    >>> parse("map(varchar, decimal(8,2))").fields[1][1].numbers
    (8, 2)
    """
    return _Parser(text, duckdb=False).parse()


def _quoted(name: str) -> str:
    if _WORD.fullmatch(name) and name.lower() not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


class _Parser:
    """Recursive descent over the tokens of one type."""

    def __init__(self, text: str, *, duckdb: bool) -> None:
        self.text = text.strip()
        self.tokens = _TOKEN.findall(self.text)
        self.at = 0
        self.duckdb = duckdb

    def parse(self) -> Type:
        if not self.tokens:
            raise ValueError("a type is missing; types: " + ", ".join(ALL))
        found = self.type(0)
        if self.peek():
            self.fail(f"`{self.peek()}` is not expected in the type `{self.text}`")
        return found

    def type(self, depth: int) -> Type:
        if depth > _MAX_DEPTH:
            self.fail(f"a type may not be nested deeper than {_MAX_DEPTH}")
        found = self.base(depth)
        while self.take("["):
            if self.duckdb and self.peek().isdigit():
                self.at += 1  # a fixed-size array is read as a list
            self.expect("]")
            found = Type("list", fields=(("element", found),))
            depth += 1
            if depth > _MAX_DEPTH:
                self.fail(f"a type may not be nested deeper than {_MAX_DEPTH}")
        return found

    def base(self, depth: int) -> Type:
        name = self.name()
        if self.duckdb and name in _DUCKDB:
            return parse(_DUCKDB[name])
        name = _ALIASES.get(name, name)
        if name == "decimal":
            return self.decimal()
        if name == "struct":
            return self.struct(depth)
        if name == "map":
            self.expect("(")
            key = self.type(depth + 1)
            self.expect(",")
            value = self.type(depth + 1)
            self.expect(")")
            return Type("map", fields=(("key", key), ("value", value)))
        if self.duckdb and name == "enum":
            return self.enum()
        if name == "varchar" and self.take("("):
            self.number()  # a length is accepted and, as in DuckDB, means nothing
            self.expect(")")
        if name not in SCALARS:
            self.unknown(name)
        return Type(name)

    def name(self) -> str:
        """A type's name, of one word or several (`timestamp with time zone`), in lower case."""
        words = [self.peek().lower()]
        self.at += 1
        for tail in (["with", "time", "zone"], ["without", "time", "zone"], ["precision"]):
            ahead = [t.lower() for t in self.tokens[self.at : self.at + len(tail)]]
            if ahead == tail and words[0] in {"timestamp", "time", "double"}:
                words += tail
                self.at += len(tail)
        return " ".join(words)

    def decimal(self) -> Type:
        if not self.take("("):
            self.fail("a decimal needs its precision and scale, such as decimal(18,2)")
        precision = self.number()
        scale = self.number() if self.take(",") else 0
        self.expect(")")
        if not 1 <= precision <= 38:
            self.fail(f"a decimal's precision is from 1 to 38, not {precision}")
        if scale > precision:
            self.fail(f"a decimal's scale ({scale}) may not exceed its precision ({precision})")
        return Type("decimal", (precision, scale))

    def struct(self, depth: int) -> Type:
        self.expect("(")
        fields: list[tuple[str, Type]] = []
        while True:
            name = self.field_name()
            if name.lower() in {n.lower() for n, _ in fields}:
                self.fail(f"the struct has two fields named `{name}`")
            fields.append((name, self.type(depth + 1)))
            if not self.take(","):
                break
        self.expect(")")
        return Type("struct", fields=tuple(fields))

    def field_name(self) -> str:
        token = self.peek()
        if token.startswith('"') and len(token) > 2:
            self.at += 1
            return token[1:-1].replace('""', '"')
        if not _WORD.fullmatch(token):
            self.fail(f"a struct lists its fields as `struct(name type, …)`: `{self.text}`")
        self.at += 1
        return token

    def enum(self) -> Type:
        self.expect("(")
        while self.peek() not in {")", ""}:
            self.at += 1
        self.expect(")")
        return Type("varchar")

    def number(self) -> int:
        token = self.peek()
        if not re.fullmatch(r"[0-9]{1,4}", token):
            self.fail(f"a whole number is expected in the type `{self.text}`")
        self.at += 1
        return int(token)

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.at += 1
        return True

    def expect(self, token: str) -> None:
        if not self.take(token):
            self.fail(f"`{token}` is missing in the type `{self.text}`")

    def unknown(self, name: str) -> NoReturn:
        if self.duckdb:
            self.fail(f"DuckDB's type `{name}` has no counterpart; cast it to one of the types")
        if not _WORD.match(name):
            self.fail(f"a type's name is missing in `{self.text}`")
        near = get_close_matches(name, [*ALL, *_ALIASES], n=1)
        meant = f"did you mean `{_ALIASES.get(near[0], near[0])}`?" if near else ""
        self.fail(f"no type named `{name}`; {meant or 'types: ' + ', '.join(ALL)}")

    def fail(self, message: str) -> NoReturn:
        raise ValueError(message)
