"""What expressions need to know of an engine: names of types, quoting, the order of text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock import types as penstock_types

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine's spelling.

    Attributes:
        name: `duckdb`, `spark`, `postgres`.
        sql: sqlglot's name of its dialect: quotes names and texts, writes clauses.
        types: Penstock's scalar types → its own.
        list_type, struct_type, map_type: templates; empty: it has none.
        collate: what makes it compare text by code point, after the text.
    """

    name: str
    sql: str
    types: Mapping[str, str]
    list_type: str = ""
    struct_type: str = ""
    struct_field: str = ""
    map_type: str = ""
    collate: str = ""
    helpers: str = ""
    gaps: Mapping[str, str] = field(default_factory=dict)

    def string(self, value: str) -> str:
        r"""A text literal.

        >>> SPARK.string("a'b"), POSTGRES.string("a'b")
        ("'a\\'b'", "'a''b'")
        """
        return exp.Literal.string(value).sql(self.sql)

    def name_of(self, *parts: str) -> str:
        """A quoted name, `table.column`."""
        return ".".join(exp.to_identifier(p, quoted=True).sql(self.sql) for p in parts if p)

    def type_name(self, type_name: str) -> str:
        """Its name for a Penstock type.

        Raises:
            LookupError: it has no such type.

        >>> SPARK.type_name("integer[]"), POSTGRES.type_name("decimal(8,2)")
        ('ARRAY<INT>', 'NUMERIC(8, 2)')
        """
        return self._type(penstock_types.parse("integer" if type_name == "null" else type_name))

    def _type(self, found: penstock_types.Type) -> str:
        if found.name == "decimal":
            return self.types["decimal"].format(*found.numbers)
        if found.name == "list" and self.list_type:
            return self.list_type.format(self._type(found.fields[0][1]))
        if found.name == "struct" and self.struct_type:
            inner = ", ".join(
                self.struct_field.format(self.name_of(n), self._type(t)) for n, t in found.fields
            )
            return self.struct_type.format(inner)
        if found.name == "map" and self.map_type:
            return self.map_type.format(*(self._type(t) for _, t in found.fields))
        return self.types[found.name]


DUCKDB = Engine(
    name="duckdb",
    sql="duckdb",
    types={name: name.upper() for name in penstock_types.SCALARS} | {"decimal": "DECIMAL({}, {})"},
    list_type="{}[]",
    struct_type="STRUCT({})",
    struct_field="{} {}",
    map_type="MAP({}, {})",
)
# https://spark.apache.org/docs/3.5.6/sql-ref-datatypes.html
SPARK = Engine(
    name="spark",
    sql="spark, version=3.5",
    types={
        "boolean": "BOOLEAN",
        "smallint": "SMALLINT",
        "integer": "INT",
        "bigint": "BIGINT",
        "double": "DOUBLE",
        "varchar": "STRING",
        "date": "DATE",
        "timestamp": "TIMESTAMP_NTZ",
        "timestamptz": "TIMESTAMP",
        "blob": "BINARY",
        "json": "STRING",
        "decimal": "DECIMAL({}, {})",
    },
    list_type="ARRAY<{}>",
    struct_type="STRUCT<{}>",
    struct_field="{}: {}",
    map_type="MAP<{}, {}>",
)
# https://www.postgresql.org/docs/16/datatype.html
POSTGRES = Engine(
    name="postgres",
    sql="postgres",
    types={
        "boolean": "BOOLEAN",
        "smallint": "SMALLINT",
        "integer": "INTEGER",
        "bigint": "BIGINT",
        "double": "DOUBLE PRECISION",
        "varchar": "TEXT",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "timestamptz": "TIMESTAMPTZ",
        "time": "TIME",
        "blob": "BYTEA",
        "json": "JSONB",
        "decimal": "NUMERIC({}, {})",
    },
    list_type="{}[]",
    collate=' COLLATE "C"',
    helpers="penstock",
)
ENGINES = {engine.name: engine for engine in (DUCKDB, SPARK, POSTGRES)}
