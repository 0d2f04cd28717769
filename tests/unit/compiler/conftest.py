"""Compiles pipelines written in a temporary folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from penstock.compiler import Compilation, compile_definition
from penstock.spec import load_definition

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.diagnostics import Diagnostic

HEAD = """name: test
variables: {late: 15}
sources:
  flights:
    connector: file
    path: flights.csv
    schema: {carrier: varchar, flight: integer, dest: varchar, delay: "decimal(8,2)", day: date}
  airports:
    connector: file
    path: airports.csv
    schema: {faa: varchar, name: varchar, id: integer}
"""


@dataclass
class Folder:
    """A pipeline folder. Its two sources are `flights` and `airports`."""

    root: Path

    def file(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    @property
    def head(self) -> str:
        """What every pipeline begins with."""
        return HEAD

    def compile(self, body: str = "", *, head: str = HEAD, engine: str = "duckdb") -> Compilation:
        """Compile the pipeline `head` + `body`."""
        self.file("pipeline.yaml", head + body)
        return compile_definition(load_definition(self.root, environment={}), engine)

    def model(self, sql: str) -> Compilation:
        """Compile a pipeline with one model, `models/made.sql`, that is published."""
        self.file("models/made.sql", sql)
        return self.compile(
            "transforms: {made: models/made.sql}\n"
            "targets: {out: {from: made, connector: lake, path: out}}\n"
        )

    def text_at(self, found: Diagnostic) -> str:
        """What a finding marks."""
        span = found.span
        assert span is not None
        lines = (self.root / span.file).read_text(encoding="utf-8").splitlines()
        if span.line == span.end_line:
            return lines[span.line - 1][span.column - 1 : span.end_column - 1]
        return lines[span.line - 1][span.column - 1 :]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A pipeline folder with the files of its sources."""
    made = Folder(tmp_path)
    made.file("flights.csv", "carrier,flight,dest,delay,day\n")
    made.file("airports.csv", "faa,name,id\n")
    return made


def told(compiled: Compilation, severity: str = "error") -> list[str]:
    """Codes of a severity."""
    return [d.code for d in compiled.diagnostics if d.severity == severity]


@pytest.fixture
def errors() -> type:
    """`errors.of(compiled)`: the codes of its errors; `errors.one(compiled)`: the only one."""

    class Errors:
        @staticmethod
        def of(compiled: Compilation) -> list[str]:
            return told(compiled)

        @staticmethod
        def warnings(compiled: Compilation) -> list[str]:
            return told(compiled, "warning")

        @staticmethod
        def one(compiled: Compilation) -> Diagnostic:
            (found,) = [d for d in compiled.diagnostics if d.severity == "error"]
            return found

    return Errors
