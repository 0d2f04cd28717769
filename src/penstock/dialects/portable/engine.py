"""What expressions need to know of an engine: names of types, quoting, the order of text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock import types as penstock_types
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine's spelling.

    Attributes:
        name: `duckdb`, `spark`, `postgres`.
        sql: sqlglot's name of its dialect: quotes names and texts, writes clauses.
        types: Penstock's scalar types → its own.
        list_type, struct_type, map_type: templates; empty: it has none.
        collate: what makes it compare text by code point, after the text.
        fail: fails the query with a message (`{0}`) about a value (`{1}`), in place of a value of
            the type `{2}`.
        explodes: rows of a list come from a generator in a SELECT, not from UNNEST.
        frames: kinds of window frames that it has.
        grouping_bits: GROUPING takes one column; several are put together bit by bit.
        places_from_zero: a lambda's second variable counts from 0.
        list_value, map_value: a list of values, a map of two lists.
        named_struct: a struct is a call of NAMED_STRUCT.
        predicates_filter_only: IN and EXISTS over a query know no NULL outside of WHERE.
        days: days from a date (`{1}`) to another; `later`, `earlier`: a date and a number of days.
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
    fail: str = "error({0})"
    explodes: bool = False
    frames: frozenset[str] = frozenset({"ROWS", "RANGE", "GROUPS", "EXCLUDE"})
    predicates_filter_only: bool = False
    grouping_bits: bool = False
    places_from_zero: bool = False
    list_value: str = "[{}]"
    named_struct: bool = False
    map_value: str = "MAP({}, {})"
    days: str = "CAST({0} - {1} AS BIGINT)"
    later: str = "({0} + {1})"
    earlier: str = "({0} - {1})"
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

    def failing(self, message: str, value: str, type_name: str) -> str:
        """SQL that fails the query, for a branch of a CASE.

        >>> SPARK.failing("no", "x", "date")
        "CAST(raise_error('no') AS DATE)"
        """
        return self.fail.format(self.string(message), value, self.type_name(type_name))

    def type_name(self, type_name: str) -> str:
        """Its name for a Penstock type.

        Raises:
            Refusal: it has no such type.

        >>> SPARK.type_name("integer[]"), POSTGRES.type_name("decimal(8,2)")
        ('ARRAY<INT>', 'NUMERIC(8, 2)')
        """
        if type_name == "interval":
            raise Refusal(
                "PSK-PORT-027",
                "an interval is no value of a column: engines have different ones",
                "keep a number and its unit, or add the interval to a time here",
            )
        return self._type(penstock_types.parse("integer" if type_name == "null" else type_name))

    def list_of(self, items: Sequence[str], type_name: str) -> str:
        """A list of values that have its element's type already."""
        spelled = self.type_name(type_name)
        return f"CAST({self.list_value.format(', '.join(items))} AS {spelled})"

    def _type(self, found: penstock_types.Type) -> str:
        if found.name == "decimal":
            return self.types["decimal"].format(*found.numbers)
        if found.name == "list" and self.list_type:
            inner = found.fields[0][1]
            if inner.name == "list" and not self.struct_type:
                raise self._no("lists of lists: all lists of an array have the same length there")
            return self.list_type.format(self._type(inner))
        if found.name == "struct" and self.struct_type:
            inner_types = ", ".join(
                self.struct_field.format(self.name_of(n), self._type(t)) for n, t in found.fields
            )
            return self.struct_type.format(inner_types)
        if found.name == "map" and self.map_type:
            return self.map_type.format(*(self._type(t) for _, t in found.fields))
        if found.name not in self.types:
            raise self._no(f"type {found.name}")
        return self.types[found.name]

    def _no(self, what: str) -> Refusal:
        return Refusal(
            "PSK-PORT-020",
            f"{self.name} has no {what}",
            "keep the parts in columns",
            engines=(self.name,),
        )


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
    fail="CAST(raise_error({0}) AS {2})",
    explodes=True,
    frames=frozenset({"ROWS", "RANGE"}),
    predicates_filter_only=True,
    grouping_bits=True,
    places_from_zero=True,
    list_value="ARRAY({})",
    named_struct=True,
    map_value="MAP_FROM_ARRAYS({}, {})",
    gaps={
        # https://spark.apache.org/docs/3.5.6/sql-ref-syntax-qry-select-cte.html
        "recursion": "Spark 3.5 has no recursive queries",
        "window_filter": "Spark's windows have none; put a CASE into the aggregate",
        # https://spark.apache.org/docs/3.5.6/sql-ref-syntax-qry-select-subqueries.html
        "correlated": "Spark joins a subquery by equal columns to one row of an aggregate",
    },
    days="CAST(DATEDIFF({0}, {1}) AS BIGINT)",
    later="DATE_ADD({0}, {1})",
    earlier="DATE_SUB({0}, {1})",
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
    list_value="ARRAY[{}]",
    helpers="penstock",
    fail="CAST(penstock.fail({0}, CAST({1} AS TEXT)) AS {2})",
    gaps={
        # https://www.postgresql.org/docs/16/queries-table-expressions.html#QUERIES-JOIN
        "full_join": "PostgreSQL does a FULL JOIN over equal columns only",
        # https://www.postgresql.org/docs/16/limits.html
        "columns": "a table has at most 1,600 columns",
        # https://www.postgresql.org/docs/16/datatype-character.html
        "nul": "its texts hold no character 0",
    },
)
ENGINES = {engine.name: engine for engine in (DUCKDB, SPARK, POSTGRES)}
