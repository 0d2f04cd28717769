"""Runs a chain of steps over rows: part by part as the run loop does, and as one query."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from penstock.compiler import compile_definition
from penstock.program import unchecked
from penstock.runtime.checks import held_count_sql, keep_sql
from penstock.spec import load_definition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from penstock.diagnostics import Diagnostic
    from penstock.program import Check, Statement


@dataclass
class Table:
    """A dataset of a test: `columns` is `name type, name type`, or name → type."""

    columns: str | dict[str, str]
    rows: Sequence[tuple[Any, ...]] = ()

    @property
    def schema(self) -> dict[str, str]:
        if isinstance(self.columns, dict):
            return self.columns
        pairs = [c.strip().rsplit(" ", 1) for c in self.columns.split(", ")]
        return {name.strip('"'): type_ for name, type_ in pairs}


@dataclass
class Outcome:
    """What became of the rows.

    Attributes:
        rows: those that go on; without those that a quarantine rule holds.
        aside: effect → how many rows were set aside.
        quarantined: the rows that a rule of a step holds, as they were there.
    """

    rows: list[tuple[Any, ...]]
    schema: dict[str, str]
    aside: dict[str, int]
    statement: Statement
    diagnostics: tuple[Diagnostic, ...] = ()
    found: list[str] = field(default_factory=list)
    quarantined: list[tuple[Any, ...]] = field(default_factory=list)
    slicing: str = ""


class Chains:
    """Compiles and runs chains in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, steps: str, table: Table, others: Mapping[str, Table], variables: str) -> None:
        lines = ["name: test", f"variables: {variables}", "sources:"]
        for name, one in {"rows": table, **others}.items():
            columns = "".join(f'\n      "{c}": {json.dumps(t)}' for c, t in one.schema.items())
            path = f"    connector: file\n    path: {name}.csv"
            lines.append(f"  {name}:\n{path}\n    schema:{columns}")
            header = ",".join(f'"{c}"' for c in one.schema) + "\n"
            (self._folder / f"{name}.csv").write_text(header, encoding="utf-8")
        indented = "\n".join("      " + line for line in steps.strip().splitlines())
        lines.append(f"transforms:\n  made:\n    from: rows\n    steps:\n{indented}")
        lines.append("targets:\n  out: {from: made, connector: lake, path: out}")
        (self._folder / "pipeline.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def refused(
        self,
        steps: str,
        table: Table,
        variables: str = "{}",
        **others: Table,
    ) -> list[Diagnostic]:
        """The errors of a chain that must not compile."""
        self.write(steps, table, others, variables)
        compiled = compile_definition(load_definition(self._folder))
        errors = [d for d in compiled.diagnostics if d.severity == "error"]
        assert errors
        assert compiled.program is None
        return errors

    def run(self, steps: str, table: Table, variables: str = "{}", **others: Table) -> Outcome:
        """The rows of a chain; they are the same part by part and in one query."""
        self.write(steps, table, others, variables)
        compiled = compile_definition(load_definition(self._folder))
        assert compiled.program is not None, [
            f"{d.code} {d.span} {d.message}" for d in compiled.diagnostics
        ]
        connection = duckdb.connect()
        for name, one in {"rows": table, **others}.items():
            items = ", ".join(f'"{c}" {t}' for c, t in one.schema.items())
            connection.execute(f'CREATE TABLE "{name}" ({items})')
            if one.rows:
                marks = ", ".join("?" for _ in one.schema)
                connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', one.rows)
        aside = {"filtered": 0, "deduplicated": 0}
        held: list[tuple[Any, ...]] = []
        came_in = len(table.rows)
        for statement in compiled.program.statements:
            gone = sum(aside.values())
            last = _make(connection, statement, aside)
            connection.execute(f'CREATE VIEW "{unchecked(statement.dataset)}" AS FROM "{last}"')
            (made,) = connection.execute(f'SELECT count(*) FROM "{last}"').fetchone() or ()
            if statement.row_by_row:
                assert came_in == made + sum(aside.values()) - gone
            rules = [c for c in compiled.program.checks if c.dataset == statement.dataset]
            mine = _checked(connection, statement.dataset, rules)
            held += mine
            came_in = made - len(mine)
        statement = compiled.program.statements[-1]
        last = statement.dataset
        rows = connection.execute(f'SELECT * FROM "{last}"').fetchall()
        described = connection.execute(f'DESCRIBE "{last}"').fetchall()
        assert [d[0] for d in described] == [c.name for c in statement.schema]
        return Outcome(
            rows,
            {c.name: c.type for c in statement.schema},
            aside,
            statement,
            compiled.diagnostics,
            quarantined=held,
            slicing=compiled.program.slicing.by,
        )


def _make(
    connection: duckdb.DuckDBPyConnection, statement: Statement, aside: dict[str, int]
) -> str:
    """Make a dataset part by part, as the run loop does; the relation that holds its rows."""
    for stage in statement.stages:
        if stage.effect:
            assert stage.excluded is not None
            (row,) = connection.execute(stage.excluded).fetchall()
            aside[stage.effect] += int(row[0])
        kind = "TABLE" if stage.materialize else "VIEW"
        connection.execute(f'CREATE {kind} "{stage.name}" AS {stage.sql}')
    last = statement.stages[-1].name
    rows = connection.execute(f'SELECT * FROM "{last}"').fetchall()
    whole = connection.execute(statement.sql).fetchall()
    assert sorted(map(repr, rows)) == sorted(map(repr, whole))
    return last


def _checked(
    connection: duckdb.DuckDBPyConnection, dataset: str, checks: Sequence[Check]
) -> list[tuple[Any, ...]]:
    """Give a dataset's name to the rows that its quarantine rules let through; the others."""
    holding = [c for c in checks if c.action == "quarantine"]
    if not holding:
        connection.execute(f'CREATE VIEW "{dataset}" AS FROM "{unchecked(dataset)}"')
        return []
    connection.execute(f'CREATE TABLE "{dataset}" AS {keep_sql(holding, dataset)}')
    sql = f'SELECT * FROM "{unchecked(dataset)}" EXCEPT ALL FROM "{dataset}"'
    held = connection.execute(sql).fetchall()
    assert connection.execute(held_count_sql(holding, dataset)).fetchall() == [(len(held),)]
    return held


@pytest.fixture
def chains(tmp_path: Path) -> Chains:
    """Chains of steps over a dataset named `rows`, made into a dataset named `made`."""
    return Chains(tmp_path)


@pytest.fixture(scope="session")
def table() -> Callable[..., Table]:
    """Makes a `Table`."""
    return Table


@pytest.fixture(scope="session")
def make_chains() -> type[Chains]:
    """Makes `Chains` in a folder, for tests that need many."""
    return Chains
