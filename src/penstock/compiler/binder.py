"""Binds queries with DuckDB over empty tables: wrong columns, types and grouping, nothing read.

Half a millisecond a query. One in-memory database holds an empty table for each dataset whose
columns are known; it can reach no file, no extension and no Python variable.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb

from penstock.compiler.binding_errors import UNKNOWN_NAMES, read_error
from penstock.diagnostics import did_you_mean
from penstock.transforms.base import Bound, Failure
from penstock.transforms.names import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from penstock.program import Column
    from penstock.transforms.names import Scalar

_DESCRIBE = "DESCRIBE "
_SETTINGS = (
    "SET errors_as_json = true",
    "SET python_enable_replacements = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET threads = 1",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)
# A value of each type that not every type can be made of; text can become anything.
_SAMPLES = {
    **dict.fromkeys(("smallint", "integer", "bigint", "double", "decimal"), "1"),
    "boolean": "true",
    "date": "'2000-01-01'",
    "timestamp": "'2000-01-01'",
    "timestamptz": "'2000-01-01'",
    "time": "'00:00:00'",
    "blob": "'x'",
}
_MOST_FINDINGS = 50
_PARAMETER = r"\${}\b"
OTHER_TYPES = re.compile(
    r"\b(ceil|ceiling|floor|median|mad|quantile_cont|percentile_cont|count_if|countif|list_position|"
    r"list_indexof|array_position|array_indexof|list_unique|array_unique|json_array_length|"
    r"cardinality|element_at|timezone|zone)\b",
    re.IGNORECASE,
)
"""Functions whose portable results are of another type than DuckDB's."""


def only_names(bound: Bound) -> bool:
    """Whether a query does not bind only since DuckDB has a function not, or not so called."""
    return all(
        f.code in {"PSK-SQL-103", "PSK-SQL-104"} or "ordered aggregate" in f.message
        for f in bound.failures
    )


class Binder:
    """Finds what queries give, without running them.

    Args:
        variables: what `$NAME` stands for.
    """

    def __init__(self, variables: Mapping[str, Scalar]) -> None:
        self._variables = dict(variables)
        self._literals = {name: literal(value) for name, value in variables.items()}
        self._schemas: dict[str, dict[str, str]] = {}
        self._connection = duckdb.connect()
        for setting in _SETTINGS:
            self._connection.execute(setting)

    def close(self) -> None:
        """Free the database."""
        self._connection.close()

    def create(self, dataset: str, columns: Iterable[Column]) -> None:
        """Make the empty table of a dataset, so that queries can name it."""
        columns = tuple(columns)
        items = ", ".join(f"{quoted(c.name)} {c.type}" for c in columns)
        self._connection.execute(f"CREATE OR REPLACE TABLE {quoted(dataset)} ({items})")
        self._schemas[dataset] = {c.name: c.type for c in columns}

    def parse(self, sql: str) -> tuple[list[str], Failure | None]:
        """The kinds of the statements in a text (`SELECT`, `INSERT`, …), or why it is no SQL."""
        try:
            found = self._connection.extract_statements(sql)
        except duckdb.Error as error:
            return [], read_error(error, sql, 0)
        return [str(s.type).rpartition(".")[2] for s in found], None

    def describe(self, sql: str, *, known: Sequence[str] = (), portable: bool = False) -> Bound:
        """Bind a SELECT.

        A name that is not found is noted, put out of the way and looked past, so that one call
        finds every unknown name; of other mistakes DuckDB tells the first. The columns beside
        failures are those of the query without these names.

        Args:
            known: column names to suggest for one that is not found.
            portable: the query is going to run with its portable meaning, where it has one: with
                its types, and with functions that DuckDB has not.
        """
        bound = self._bound(sql, known)
        if portable and (only_names(bound) if bound.failures else OTHER_TYPES.search(sql)):
            return self._canonical(sql) or bound
        return bound

    def _canonical(self, sql: str) -> Bound | None:
        from penstock.dialects import portable

        try:
            prepared = portable.prepare(sql, self._schemas, self._literals)
            rendered = prepared.render("duckdb")
        except portable.Refusal:
            return None
        found = self._bound(rendered, ())
        return None if found.failures else found

    def _bound(self, sql: str, known: Sequence[str]) -> Bound:
        text = _Edited(sql)
        failures: list[Failure] = []
        while len(failures) < _MOST_FINDINGS:
            bound = self._describe(text.now, known)
            if isinstance(bound, Bound):
                return Bound(bound.columns, tuple(failures))
            if failures and bound.code not in UNKNOWN_NAMES:
                break
            failures.append(text.back(bound))
            if bound.code not in UNKNOWN_NAMES or bound.offset is None or not bound.length:
                break
            text.put_null(bound.offset, bound.length)
        return Bound(failures=tuple(failures))

    def misfit(self, value: Scalar, type_name: str) -> str | None:
        """Why a value of the pipeline file is not exactly a value of a type.

        >>> binder = Binder({})
        >>> binder.misfit("2013-02-30", "date"), binder.misfit(0, "decimal(8,2)")
        ('`2013-02-30` is not a date', None)
        """
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        base = type_name.partition("(")[0]
        if isinstance(value, bool) != (base == "boolean") and not isinstance(value, str):
            return f"`{shown}` is not {_article(type_name)}"
        if type_name == "varchar" and not isinstance(value, str):
            return f'`{shown}` is a number, and the column is text; write it in quotes: "{shown}"'
        given = Decimal(repr(value)) if isinstance(value, float) else value
        try:
            row = self._connection.execute(f"SELECT CAST(? AS {type_name})", [given]).fetchone()
        except duckdb.Error:
            return f"`{shown}` is not {_article(type_name)}"
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if row and number and isinstance(row[0], (int, Decimal)) and Decimal(row[0]) != given:
            return f"`{shown}` cannot be stored as {type_name} without rounding"
        return None

    def castable(self, source: str, target: str) -> bool:
        """Whether any value of one type can be cast to another; binding does not tell.

        >>> Binder({}).castable("integer", "date"), Binder({}).castable("varchar", "date")
        (False, True)
        """
        sample = _SAMPLES.get(source.partition("(")[0])
        if sample is None:
            return True
        try:
            self._connection.execute(f"SELECT CAST(CAST({sample} AS {source}) AS {target})")
        except duckdb.Error as error:
            return "Unimplemented type" not in str(error)
        return True

    def _describe(self, sql: str, known: Sequence[str]) -> Bound | Failure:
        offset = 0
        try:
            names: set[str] = set()
            if "$" in sql or "?" in sql:  # or it is parsed twice for nothing
                statements = self._connection.extract_statements(sql)
                names = statements[0].named_parameters if statements else names
            unknown = sorted(n for n in names if n not in self._variables)
            if unknown:
                return self._unknown_variable(unknown[0], sql)
            values = {n: self._variables[n] for n in names}
            offset = len(_DESCRIBE)
            rows = self._connection.execute(_DESCRIBE + sql, values or None).fetchall()
        except duckdb.Error as error:
            return read_error(error, sql, offset, known)
        return Bound(columns=tuple((row[0], row[1]) for row in rows))

    def _unknown_variable(self, name: str, sql: str) -> Failure:
        if name.isdigit():
            message, hint = "positional parameters are not supported", "write `$name`"
        else:
            message = f"no variable named `{name}`"
            near = did_you_mean(name, self._variables, noun="variables")
            hint = near or "define it under `variables` in pipeline.yaml"
        found = re.search(_PARAMETER.format(re.escape(name)), sql) or re.search(r"\?", sql)
        start, end = found.span() if found else (None, 0)
        return Failure("PSK-SQL-117", message, hint, start, end - (start or 0))


class _Edited:
    """A text with stretches replaced, and the way back to where they stood."""

    def __init__(self, text: str) -> None:
        self.now = text
        self._edits: list[tuple[int, int]] = []  # place in `now`, growth; in order of place

    def put_null(self, offset: int, length: int) -> None:
        new = "NULL".ljust(length)
        self.now = self.now[:offset] + new + self.now[offset + length :]
        growth = len(new) - length
        moved = [(at + growth if at > offset else at, by) for at, by in self._edits]
        self._edits = sorted([*moved, (offset, growth)])

    def back(self, failure: Failure) -> Failure:
        if failure.offset is None:
            return failure
        shift = sum(by for at, by in self._edits if at < failure.offset)
        offset = failure.offset - shift
        return Failure(failure.code, failure.message, failure.hint, offset, failure.length)


def _article(type_name: str) -> str:
    return f"{'an' if type_name[0] in 'aeiou' else 'a'} {type_name}"


def quoted(name: str) -> str:
    """A name in DuckDB's SQL."""
    return '"' + name.replace('"', '""') + '"'
