"""A small dataset with NULLs, doubles and odd names, in DuckDB, and rules run over it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from penstock.dialects import load
from penstock.program import Check, Column, unchecked
from penstock.quality import BindFailure, CompiledRule, compile_rule, parse_rules

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = (
    Column("id", "integer"),
    Column("carrier", "varchar"),
    Column("amount", "decimal(8,2)"),
    Column("day", "date"),
    Column("at", "timestamp"),
    Column("instant", "timestamptz"),
    Column("late", "boolean"),
    Column("tags", "varchar[]"),
    Column("odd name", "varchar"),
    Column("clock", "time"),
    Column("key_1", "integer"),
)
ROWS = """
    (1, 'UA', 1.50, '2020-01-01', '2020-01-01 10:00', '2020-01-01 10:00+00', true, ['a'], 'x', '10:00', 7),
    (2, 'UA', NULL, '2020-01-02', '2020-01-02 10:00', '2020-01-02 10:00+00', false, NULL, '', '11:00', 7),
    (3, NULL, -2.00, NULL, NULL, NULL, NULL, NULL, '  ', NULL, 8),
    (4, NULL, 10.00, '2230-01-02', '2230-01-02 10:00', '2230-01-02 10:00+00', false, NULL, NULL, '12:00', NULL),
    (5, 'B6', 20.00, '2020-01-02', '2020-01-02 00:00', '2020-01-02 00:00+00', false, NULL, 'y', '12:00', 9)
"""
AIRPORTS = (Column("faa", "varchar"),)


@dataclass
class Ran:
    """A rule compiled and run: its outcome, the ids of the rows it sets aside."""

    check: Check
    passed: bool
    observed: dict[str, float]
    failed_rows: int | None
    bad: list[int] | None
    depends_on: tuple[str, ...] = ()


@dataclass
class Bench:
    """Compiles rules over `flights` and runs them in DuckDB."""

    con: duckdb.DuckDBPyConnection
    variables: dict[str, Any] = field(default_factory=lambda: {"late_after": 15})
    schema: tuple[Column, ...] = SCHEMA

    def compile(self, text: str, action: str = "warn") -> CompiledRule:
        parsed = parse_rules(text)
        assert not parsed.errors, parsed.errors
        (rule,) = parsed.rules
        return compile_rule(
            rule,
            dataset="flights",
            action=action,
            schema=self.schema,
            capabilities=load("duckdb"),
            datasets={"flights": self.schema, "airports": AIRPORTS},
            variables=self.variables,
            bind=self.bind,
        )

    def errors(self, text: str, action: str = "warn") -> list[tuple[str, str]]:
        """(code, the stretch of text it is about) of each error."""
        compiled = self.compile(text, action)
        assert compiled.check is None
        return [(e.code, text[e.offset : e.offset + e.length]) for e in compiled.errors]

    def bind(self, sql: str) -> BindFailure | None:
        values = {k: v for k, v in self.variables.items() if f"${k}" in sql}
        try:
            self.con.execute(f"DESCRIBE {sql}", values or None)
        except duckdb.Error as error:
            return BindFailure(str(error).splitlines()[0])
        return None

    def run(self, text: str, action: str = "warn") -> Ran:
        compiled = self.compile(text, action)
        assert compiled.check is not None, compiled.errors
        check = compiled.check
        relation = unchecked("flights") if action == "quarantine" else "flights"
        values = [check.passed, check.failed_rows or "NULL", *check.observed.values()]
        rows = self.con.execute(f"SELECT {', '.join(values)} FROM {relation}").fetchall()
        assert len(rows) == 1, "a check gives one row, whatever the dataset holds"
        passed, failed, *observed = rows[0]
        assert passed is not None
        bad = self._bad(check, relation)
        if bad is not None:
            assert failed == len(bad), "failed_rows counts the rows the predicate refuses"
        names = zip(check.observed, observed, strict=True)
        return Ran(check, passed, dict(names), failed, bad, compiled.depends_on)

    def _bad(self, check: Check, relation: str) -> list[int] | None:
        if check.predicate is None:
            return None
        rows = self.con.execute(f"SELECT id, {check.predicate} FROM {relation}").fetchall()
        assert all(kept is not None for _, kept in rows), "a predicate is never NULL"
        kept_sql = f"SELECT id FROM {relation} WHERE {check.predicate}"
        kept = {row[0] for row in self.con.execute(kept_sql).fetchall()}
        assert kept == {i for i, keeps in rows if keeps}
        return sorted(i for i, keeps in rows if not keeps)


def _tables(con: duckdb.DuckDBPyConnection, rows: str | None) -> None:
    columns = ", ".join(f'"{c.name}" {c.type}' for c in SCHEMA)
    for table in ("flights", unchecked("flights")):
        con.execute(f"CREATE TABLE {table} ({columns})")
        if rows:
            con.execute(f"INSERT INTO {table} VALUES {rows}")
    con.execute("CREATE TABLE airports (faa VARCHAR)")
    con.execute("INSERT INTO airports VALUES ('UA'), ('B6')")


@pytest.fixture
def bench() -> Bench:
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    _tables(con, ROWS)
    return Bench(con)


@pytest.fixture
def empty() -> Bench:
    con = duckdb.connect()
    _tables(con, None)
    return Bench(con)


@pytest.fixture
def found() -> Callable[[str], list[tuple[str, str]]]:
    """(code, stretch of text) of each error of `parse_rules`."""

    def errors(text: str) -> list[tuple[str, str]]:
        return [(e.code, text[e.offset : e.offset + e.length]) for e in parse_rules(text).errors]

    return errors
