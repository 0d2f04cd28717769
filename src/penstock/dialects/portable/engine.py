"""What expressions need to know of an engine: names of types, quoting, the order of text."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock import types as penstock_types
from penstock.dialects.portable import json_paths, warehouses
from penstock.dialects.portable.casts import exact_on_spark
from penstock.dialects.portable.forms import FORMS
from penstock.dialects.portable.refusal import Refusal
from penstock.dialects.portable.spelling import READS, WRITES, Numbers, Texts, Times, missing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


@lru_cache(maxsize=4096)
def _string(value: str, dialect: str) -> str:
    """A text literal; a generator is made for each, and the same ones come again."""
    return exp.Literal.string(value).sql(dialect)


@lru_cache(maxsize=4096)
def _name(name: str, dialect: str) -> str:
    """A quoted identifier."""
    return exp.to_identifier(name, quoted=True).sql(dialect)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine's spelling.

    Attributes:
        name: `duckdb`, `spark`, `postgres`, or a warehouse.
        sql: sqlglot's name of its dialect: quotes names and texts, writes clauses.
        types: Penstock's scalar types → its own.
        list_type, struct_type, map_type: templates; empty: it has none.
        collate: what makes it compare text by code point, after the text.
        fail: fails the query with a message (`{0}`) about a value (`{1}`), in place of a value of
            the type `{2}`.
        explodes: rows of a list come from a generator in a SELECT, not from UNNEST.
        semi_joins: it has SEMI JOIN and ANTI JOIN; elsewhere they are written as EXISTS.
        frames: kinds of window frames that it has.
        grouping_bits: GROUPING takes one column; several are put together bit by bit.
        places_from_zero: a lambda's second variable counts from 0.
        list_value, map_value: a list of values, a map of two lists.
        struct_value, struct_item: a struct of named values.
        predicates_filter_only: IN and EXISTS over a query know no NULL outside of WHERE.
        canonical: what its functions give has the canonical type.
        unnests: UNNEST gives the rows of a list, with ORDINALITY their places.
        truths: it has IS TRUE and IS FALSE.
        rows_of: else: a list's SQL, a table's name, its column's, that of the places (or empty) and
            whether it stands beside another table → an item of FROM.
        binds: a value that is computed once, and what is made of it by the name `x__`.
        compares: `double` and `list` → sign → whether NaN equals itself and is above all, and
            whether lists are equal where their elements are, NULL to NULL.
        nan_key: NaN sorts first there: a key that sorts before a double's own.
        forms: parts of a query that it has, of `forms.FORMS`; the others are refused.
        frame_interval: an interval as a frame's bound: a number and a unit.
        capital_names: names are capital letters there: a name without quotes means one of those.
        distinct_from: it has IS DISTINCT FROM.
        doubled: a text literal has quotes and backslashes twice, and no other escapes.
        fail_boolean: what fails in place of a boolean, where no text is cast to one.
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
    semi_joins: bool = False
    frames: frozenset[str] = frozenset()
    predicates_filter_only: bool = False
    grouping_bits: bool = False
    places_from_zero: bool = False
    list_value: str = ""
    struct_value: str = ""
    struct_item: str = ""
    map_value: str = ""
    canonical: bool = False
    unnests: bool = False
    rows_of: Callable[[str, str, str, str, bool], str] | None = None
    truths: bool = False
    frame_interval: str = "INTERVAL '{0}' {1}"
    capital_names: bool = False
    distinct_from: bool = True
    fail_boolean: str = ""
    doubled: bool = False
    numbers: Numbers = field(default_factory=Numbers)
    texts: Texts = field(default_factory=Texts)
    times: Times = field(default_factory=Times)
    compares: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    nan_key: str = ""
    binds: str = ""
    forms: frozenset[str] = frozenset()
    gaps: Mapping[str, str] = field(default_factory=dict)

    def string(self, value: str) -> str:
        r"""A text literal.

        >>> SPARK.string("a'b"), POSTGRES.string("a'b")
        ("'a\\'b'", "'a''b'")
        """
        if self.doubled:
            quoted = value.replace("\\", "\\\\").replace("'", "''")
            return f"'{quoted}'"
        return _string(value, self.sql)

    def name_of(self, *parts: str) -> str:
        """A quoted name, `table.column`."""
        names = (p.upper() if self.capital_names else p for p in parts if p)
        return ".".join(_name(n, self.sql) for n in names)

    def failing(self, message: str, value: str, type_name: str) -> str:
        """SQL that fails the query, for a branch of a CASE.

        >>> SPARK.failing("no", "x", "date")
        "CAST(raise_error('no') AS DATE)"
        """
        fail = (type_name == "boolean" and self.fail_boolean) or self.fail
        return fail.format(self.string(message), value, self.type_name(type_name))

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
        if not self.list_value:
            raise missing(self, "a list")
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


_AS_IT_IS = dict.fromkeys((*READS, "timestamptz"), "{0}")
_WRITES = dict.fromkeys(WRITES, "CAST({0} AS {1})")
_FRAMES = frozenset({"ROWS", "RANGE", "GROUPS", "EXCLUDE"})
_DOUBLES = {
    "+": "({0} + {1})",
    "-": "({0} - {1})",
    "*": "({0} * {1})",
    "/": "({0} / NULLIF({1}, 0))",
}
_BITS = {"&": "({0} & {1})", "|": "({0} | {1})", "~": "(~ {0})", ">>": "({0} >> {1})"}
_SIGNS = {sign: f"({{0}} {sign} {{1}})" for sign in ("=", "<>", ">", ">=", "<", "<=")}
_COMPARES = {"double": _SIGNS, "list": _SIGNS}
_REMAINDER = "({0} % NULLIF({1}, 0))"

DUCKDB = Engine(
    name="duckdb",
    sql="duckdb",
    # https://duckdb.org/docs/stable/sql/query_syntax/from#semi-and-anti-joins
    semi_joins=True,
    types={name: name.upper() for name in penstock_types.SCALARS} | {"decimal": "DECIMAL({}, {})"},
    list_type="{}[]",
    struct_type="STRUCT({})",
    struct_field="{} {}",
    map_type="MAP({}, {})",
    frames=_FRAMES,
    list_value="[{}]",
    struct_value="{{{}}}",
    struct_item="{0}: {1}",
    map_value="MAP({}, {})",
    canonical=True,
    unnests=True,
    truths=True,
    numbers=Numbers(
        doubles=_DOUBLES,
        quotient="({0} // NULLIF({1}, 0))",
        remainder=_REMAINDER,
        double_remainder=_REMAINDER,
        power="pow({0}, {1})",
        bits=_BITS,
        casts_doubles=True,
        try_cast="TRY_CAST({0} AS {1})",
    ),
    texts=Texts(
        writes=_WRITES,
        # It takes spaces before a timestamp, not behind it.
        reads=_AS_IT_IS | dict.fromkeys(("timestamp", "timestamptz"), "trim({0}, ' ')"),
        trim="trim({0}, ' ')",
        full_match="regexp_full_match({0}, '{1}')",
        lower="lower({0})",
        any_character="(?s:.)",
        json_text=json_paths.duckdb_text,
    ),
    times=Times(
        naive="timezone('UTC', {0})",
        instant="timezone('UTC', {0})",
        days="CAST({0} - {1} AS BIGINT)",
        later="({0} + {1})",
        earlier="({0} - {1})",
        intervals=True,
    ),
    compares=_COMPARES,
    forms=FORMS,
)
# https://spark.apache.org/docs/3.5.6/sql-ref-datatypes.html
SPARK = Engine(
    name="spark",
    sql="spark, version=3.5",
    # https://spark.apache.org/docs/3.5.6/sql-ref-syntax-qry-select-join.html
    semi_joins=True,
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
    struct_value="NAMED_STRUCT({})",
    struct_item="{0}, {1}",
    map_value="MAP_FROM_ARRAYS({}, {})",
    truths=True,
    gaps={
        # https://spark.apache.org/docs/3.5.6/sql-ref-syntax-qry-select-cte.html
        "recursion": "Spark 3.5 has no recursive queries",
        "window_filter": "Spark's windows have none; put a CASE into the aggregate",
        # https://spark.apache.org/docs/3.5.6/sql-ref-syntax-qry-select-subqueries.html
        "correlated": "Spark joins a subquery by equal columns to one row of an aggregate",
    },
    numbers=Numbers(
        doubles=_DOUBLES,
        quotient="CAST({0} div NULLIF({1}, 0) AS {2})",
        remainder=_REMAINDER,
        double_remainder=_REMAINDER,
        # Java has NaN for these two.
        power="(CASE WHEN ({0} = 1 AND {1} IS NOT NULL) OR ({0} = -1 AND abs({1}) ="
        " CAST('Infinity' AS DOUBLE)) THEN 1D ELSE pow({0}, {1}) END)",
        bits=_BITS | {">>": "shiftright({0}, {1})"},
        half_even="rint({0})",
        half_away="round({0}, 0)",
        times_power="{0} * {1}",
        exact=exact_on_spark,
        try_cast="TRY_CAST({0} AS {1})",
    ),
    texts=Texts(
        writes=_WRITES,
        reads=_AS_IT_IS,
        trim="trim(' ' FROM {0})",
        # `$` would let a line's end pass; Spark takes a backslash in a text for an escape.
        full_match=r"({0} RLIKE '^(?:{1})\\z')",
        any_character="(?s:.)",
        end=r"\z",
        backtracks=True,
        json_text=json_paths.spark_text,
    ),
    times=Times(
        # The session's zone is UTC there, always.
        naive="CAST({0} AS TIMESTAMP_NTZ)",
        instant="CAST({0} AS TIMESTAMP)",
        days="CAST(DATEDIFF({0}, {1}) AS BIGINT)",
        later="DATE_ADD({0}, {1})",
        earlier="DATE_SUB({0}, {1})",
        intervals=True,
    ),
    compares=_COMPARES,
    forms=FORMS,
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
    frames=_FRAMES,
    collate=' COLLATE "C"',
    list_value="ARRAY[{}]",
    unnests=True,
    truths=True,
    numbers=Numbers(
        # It fails where a double overflows or underflows; the others go on.
        doubles={
            "+": "penstock.plus({0}, {1})",
            "-": "penstock.minus({0}, {1})",
            "*": "penstock.times({0}, {1})",
            "/": "penstock.over({0}, {1})",
        },
        quotient="({0} / NULLIF({1}, 0))",
        remainder=_REMAINDER,
        power="penstock.pow({0}, {1})",
        bits=_BITS,
        half_even="round({0})",
        half_away="penstock.round_half_away({0})",
        times_power="penstock.times({0}, {1})",
        exact=lambda whole, _: f"penstock.exact({whole})",
    ),
    texts=Texts(
        writes=_WRITES,
        # It would round what is beyond microseconds.
        reads=_AS_IT_IS | dict.fromkeys(("timestamp", "timestamptz"), "penstock.microseconds({0})"),
        try_reads={kind: f"penstock.read_{kind}({{0}})" for kind in (*READS, "timestamptz")}
        | {"decimal": "CAST(penstock.read_decimal({0}, {2}, {3}) AS {1})"},
        fails_beyond=True,
        trim="trim({0}, ' ')",
        full_match="({0} ~ '^(?:{1})$')",
        lower="penstock.lower({0})",
        any_character=".",
        longest_match=True,
        json_text=json_paths.postgres_text,
    ),
    times=Times(
        naive="timezone('UTC', {0})",
        instant="timezone('UTC', {0})",
        days="CAST({0} - {1} AS BIGINT)",
        later="({0} + {1})",
        earlier="({0} - {1})",
        intervals=True,
    ),
    compares=_COMPARES,
    forms=FORMS,
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
"""Those that run pipelines; `engine_of` knows the warehouses too."""


def engine_of(name: str) -> Engine:
    """The spelling of an engine or warehouse.

    Raises:
        KeyError: there is none of that name.

    >>> engine_of("spark").name
    'spark'
    """
    return ENGINES[name] if name in ENGINES else warehouses.load(name).engine
