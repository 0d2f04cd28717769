"""The examples of the declarative steps on an engine: compiled for it, made by it, read back."""

from __future__ import annotations

import itertools
import json
import shutil
import tempfile
import warnings
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from suite import WHOLE
from values import same, told

from penstock.compiler import compile_definition
from penstock.dialects.portable.engine import ENGINES
from penstock.program import Column, unchecked
from penstock.runtime.checks import held_count_sql, keep_sql
from penstock.runtime.statements import build, count
from penstock.spec import load_definition
from penstock.transforms import STEPS
from penstock.transforms.examples import Example, Rows, examples

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from penstock.compiler import Compilation
    from penstock.program import Program, Statement
    from penstock.runtime.engines.base import Engine

SOURCE, MADE = "rows", "made"
# Spark takes seconds for some examples. `make conformance` asks it all of them.
FEW = 1


def all_examples() -> dict[str, list[Example]]:
    """Step → its examples."""
    return {step: list(examples(step)) for step in STEPS}


def slice_of(engine: str, found: list[Example]) -> list[Example]:
    """The examples that an engine is asked: all, but of Spark in `make test` the first few."""
    return found if WHOLE or engine != "spark" else found[:FEW]


def compiled(folder: Path, one: Example, engine: str) -> Compilation:
    """An example as a pipeline of its own, compiled for an engine."""
    lines = ["name: test", f"variables: {json.dumps(dict(one.variables))}", "sources:"]
    for name, rows in {SOURCE: one.given, **one.datasets}.items():
        columns = "".join(f'\n      "{c}": {json.dumps(t)}' for c, t in rows.columns.items())
        lines.append(f"  {name}:\n    connector: file\n    path: {name}.csv\n    schema:{columns}")
        header = ",".join(f'"{c}"' for c in rows.columns) + "\n"
        (folder / f"{name}.csv").write_text(header, encoding="utf-8")
    indented = "\n".join("      " + line for line in one.step.strip().splitlines())
    lines.append(f"transforms:\n  {MADE}:\n    from: {SOURCE}\n    steps:\n{indented}")
    lines.append(f"targets:\n  out: {{from: {MADE}, connector: lake, path: out}}")
    (folder / "pipeline.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return compile_definition(load_definition(folder), engine=engine)


def portable_everywhere(patch: pytest.MonkeyPatch) -> None:
    """Have DuckDB's statements rendered with their portable meaning, as the others' are."""
    from penstock.dialects import duckdb as dialect

    if hasattr(dialect.CAPABILITIES, "portable"):
        patch.setattr(dialect, "CAPABILITIES", replace(dialect.CAPABILITIES, portable=True))


@dataclass
class Outcome:
    """What became of an example's rows.

    Attributes:
        types: what the engine itself says of the columns, in its own words.
        wanted: what it should say.
        counted: rows that were filtered and deduplicated.
        whole: the rows of the chain as one query, where that was asked for.
    """

    rows: list[list[str]]
    columns: dict[str, str]
    types: dict[str, str]
    wanted: dict[str, str]
    held: list[list[str]] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    whole: list[list[str]] | None = None


class Bench:
    """One engine of Penstock, as runs have it: its server is there for all of them."""

    def __init__(self, name: str, work: Path) -> None:
        self.name = name
        self._work = work
        self._numbers = itertools.count()
        self._around = ExitStack()
        if name == "postgres":
            self._around.enter_context(_one_postgres())
        if name == "spark":
            self._around.enter_context(_one_spark(work))

    def run(self, program: Program, given: Mapping[str, Rows]) -> Outcome:
        """A run of its own: every dataset of a program made, what its rules hold set aside.

        Raises:
            PenstockError: it failed.
        """
        engine = self._started()
        try:
            for name, rows in given.items():
                schema = [Column(c, t) for c, t in rows.columns.items()]
                engine.ingest(name, _batches(rows), schema)
            return self._made(engine, program)
        finally:
            engine.close()

    def close(self) -> None:
        """End it."""
        self._around.close()

    def _started(self) -> Engine:
        if self.name == "postgres":
            from penstock.runtime.engines.postgres.engine import PostgresEngine as Kind
        elif self.name == "spark":
            from penstock.runtime.engines.spark.engine import SparkEngine as Kind
        else:
            from penstock.runtime.engines.duckdb.engine import DuckDBEngine as Kind
        work = self._work / str(next(self._numbers))
        return Kind(work=work, memory_bytes=1 << 30, threads=1)

    def _made(self, engine: Engine, program: Program) -> Outcome:
        counted, held = Counter[str](), []
        for statement in program.statements:
            relation = unchecked(statement.dataset)
            built = build(engine, statement, relation, self._work, materialize=True)
            counted += Counter(filtered=built.filtered, deduplicated=built.deduplicated)
            rules = [
                c
                for c in program.checks
                if c.dataset == statement.dataset and c.action == "quarantine"
            ]
            keep = keep_sql(rules, statement.dataset) if rules else f"SELECT * FROM {relation}"
            engine.create(statement.dataset, keep, materialize=True)
            gone = f"SELECT * FROM {relation} EXCEPT ALL SELECT * FROM {statement.dataset}"
            mine = _told(engine, gone)
            if rules:
                assert count(engine, held_count_sql(rules, statement.dataset)) == len(mine)
            held += mine
        last = program.statements[-1]
        rows = _told(engine, f"SELECT * FROM {last.dataset}")
        columns = {c.name: c.type for c in last.schema}
        types, wanted = self._types(engine, unchecked(last.dataset), columns)
        whole = self._in_one_query(engine, last) if WHOLE and engine.transformer else None
        return Outcome(rows, columns, types, wanted, held, counted, whole)

    def _in_one_query(self, engine: Engine, statement: Statement) -> list[list[str]]:
        """The rows of the whole chain as the one query that `penstock compile` prints."""
        assert engine.transformer is not None
        whole = f"{statement.dataset}__whole"
        engine.transformer.create(whole, statement.sql, materialize=False)
        engine.transformer.give(whole, statement.schema)
        return _told(engine, f"SELECT * FROM {whole}")

    def _types(
        self, engine: Any, relation: str, columns: Mapping[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Column → type, as the engine that made the relation says it; and as it should."""
        spell = ENGINES[self.name].type_name
        asked = {c: spell(t) for c, t in columns.items()}
        if self.name == "spark":
            nulls = ", ".join(f"CAST(NULL AS {t}) AS `{c}`" for c, t in asked.items())
            found = (f"SELECT * FROM {relation}", f"SELECT {nulls}")
            schemas = (engine.transformer._session.spark.sql(sql).schema for sql in found)
            made, wanted = ({f.name: f.dataType.simpleString() for f in s} for s in schemas)
            return made, wanted
        if self.name == "postgres":
            nulls = ", ".join(f'CAST(NULL AS {t}) AS "{c}"' for c, t in asked.items())
            engine.transformer.create("wanted__types", f"SELECT {nulls}", materialize=True)
            sql = (
                "SELECT a.attname AS n, format_type(a.atttypid, a.atttypmod) AS t FROM pg_attribute"
                " AS a WHERE a.attrelid = '{}'::regclass AND a.attnum > 0 ORDER BY a.attnum"
            )
            made, wanted = (
                {r["n"]: r["t"] for r in engine.transformer.rows(sql.format(name))}
                for name in (relation, "wanted__types")
            )
            return made, wanted
        nulls = ", ".join(f'CAST(NULL AS {t}) AS "{c}"' for c, t in asked.items())
        made, wanted = (
            {r["column_name"]: r["column_type"] for r in engine.rows(f"DESCRIBE {sql}")}
            for sql in (relation, f"SELECT {nulls}")
        )
        return made, wanted


@contextmanager
def _one_postgres() -> Iterator[None]:
    """An embedded server, for every run."""
    with warnings.catch_warnings(), pytest.MonkeyPatch.context() as patch:
        warnings.simplefilter("ignore")  # it asks for a folder that only desktops have
        import pgserver

        folder = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
        server = pgserver.get_server(folder)
        try:
            dsn = f"host={folder} user=postgres dbname=postgres"
            patch.setenv("PENSTOCK_POSTGRES_DSN", dsn)
            yield
        finally:
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _one_spark(work: Path) -> Iterator[None]:
    """A session that the end of a run does not end."""
    from pyspark.sql import SparkSession

    from penstock.runtime.engines.spark.session import Session

    session = Session(work / "all", memory_bytes=1 << 30, threads=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SparkSession, "stop", lambda self: self.catalog.clearCache())
        yield
    session.close()


def _batches(rows: Rows) -> list[Any]:
    """An example's rows as Arrow, of the types that its columns have."""
    connection = _table(rows)
    try:
        return connection.sql("FROM given").to_arrow_table().to_batches()
    finally:
        connection.close()


def _table(rows: Rows) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    items = ", ".join(f'"{name}" {type_name}' for name, type_name in rows.columns.items())
    connection.execute(f"CREATE TABLE given ({items})")
    marks = ", ".join("?" for _ in rows.columns)
    for row in rows.rows:
        connection.execute(f"INSERT INTO given VALUES ({marks})", list(row))
    return connection


def _told(engine: Engine, sql: str) -> list[list[str]]:
    return [[told(value) for value in row.values()] for row in engine.rows(sql)]


def expected(data: Rows) -> list[list[str]]:
    """An example's rows as DuckDB gives them back from a table of their types."""
    if not data.columns:
        return []
    connection = _table(data)
    try:
        return [[told(v) for v in r] for r in connection.execute("FROM given").fetchall()]
    finally:
        connection.close()


def differences(wanted: Iterable[list[str]], got: Iterable[list[str]]) -> list[str]:
    """Rows that differ, without their order; floats to 1e-12."""
    a, b = sorted(wanted, key=_near), sorted(got, key=_near)
    if len(a) != len(b):
        return [f"{len(a)} rows expected, {len(b)} given", *(f"+ {r}" for r in b[:6])]
    return [
        f"{x}   →   {y}"
        for x, y in zip(a, b, strict=True)
        if not all(same(m, n) for m, n in zip(x, y, strict=True))
    ]


def _near(row: Sequence[str]) -> list[str]:
    """What rows are put in order by: doubles that differ in the last digits stay together."""
    near = []
    for value in row:
        try:
            near.append(f"{float(value):.9g}")
        except ValueError:
            near.append(value)
    return near
