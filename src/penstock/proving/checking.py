"""Everything about a test that can be checked before a row is computed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import Diagnostic, did_you_mean
from penstock.proving.equality import comparable
from penstock.proving.plan import Work, plan_work
from penstock.proving.rows import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path as FolderPath

    from penstock.diagnostics import Severity, Span
    from penstock.program import Column, Program
    from penstock.proving.models import UnitTest
    from penstock.proving.typed import Table, Typer
    from penstock.spec.tree import Node, Path

UNKNOWN_DATASET = "PSK-TEST-005"
NOT_GIVEN = "PSK-TEST-011"
USELESS = "PSK-TEST-012"


@dataclass(slots=True)
class Prepared:
    """A test ready to run, or what keeps it from running.

    Attributes:
        given: dataset → its rows.
        expect: rows expected; None: not asked.
        schemas: dataset → its columns.
    """

    schemas: Mapping[str, Sequence[Column]]
    work: Work
    ordered: bool = False
    given: dict[str, Table] = field(default_factory=dict)
    expect: list[Mapping[str, Any]] | None = None
    expect_quarantined: list[Mapping[str, Any]] | None = None
    diagnostics: list[Diagnostic] = field(default_factory=list)

    @property
    def runnable(self) -> bool:
        """Whether nothing is wrong with it."""
        return not any(d.severity == "error" for d in self.diagnostics)

    @property
    def only_missing(self) -> bool:
        """Whether all that is wrong is that rows of sources are not given."""
        return all(d.code == NOT_GIVEN for d in self.diagnostics if d.severity == "error")


def prepare(
    test: UnitTest, program: Program, typer: Typer, root: FolderPath, texts: dict[str, str]
) -> Prepared:
    """Check a test against the compiled pipeline and type its rows."""
    return _Preparation(test, program, typer, root, texts).go()


class _Preparation:
    def __init__(
        self,
        test: UnitTest,
        program: Program,
        typer: Typer,
        root: FolderPath,
        texts: dict[str, str],
    ) -> None:
        self._test = test
        self._program = program
        self._typer = typer
        self._schemas: dict[str, Sequence[Column]] = {r.dataset: r.schema for r in program.reads}
        self._schemas |= {s.dataset: s.schema for s in program.statements}
        self._found: list[Diagnostic] = []
        self._reader = Reader(root, self._found.append, texts)

    def go(self) -> Prepared:
        spec = self._test.spec
        known = self._known(spec.dataset, ("dataset",), key=False)
        given = {
            name: node
            for name, node in self._given().items()
            if self._known(name, ("given", name), key=True)
        }
        work = plan_work(self._program, spec.dataset, given) if known else Work((), (), ())
        self._plan(work, known=known)
        prepared = Prepared(self._schemas, work, spec.ordered, diagnostics=self._found)
        for name, node in given.items():
            table = self._table(node, name, exact=True)
            if table is not None:
                prepared.given[name] = table
        if known:
            prepared.expect = self._expected("expect", fill=spec.only)
            prepared.expect_quarantined = self._expected("expect_quarantined", fill=False)
        return prepared

    def _given(self) -> Mapping[str, Node]:
        node = self._test.node.get("given")
        return {name: entry.node for name, entry in node.entries.items()} if node else {}

    def _known(self, name: str, path: tuple[str, ...], *, key: bool) -> bool:
        if name in self._schemas:
            return True
        hint = did_you_mean(name, self._schemas, noun="datasets")
        self._report(UNKNOWN_DATASET, f"there is no dataset `{name}`", path, hint, key=key)
        return False

    def _plan(self, work: Work, *, known: bool) -> None:
        dataset = self._test.spec.dataset
        made = {s.dataset for s in self._program.statements}
        given = self._given()
        if dataset in given and dataset in made:
            message = f"`{dataset}` is under test and cannot be given"
            hint = "give the datasets it is made from"
            self._report(USELESS, message, ("given", dataset), hint, key=True)
        if any(d.code == UNKNOWN_DATASET for d in self._found):
            return  # a name that is wrong is probably the one that is missing
        for name in work.missing:
            message = f"`{dataset}` needs rows of `{name}`, which are not given"
            self._report(NOT_GIVEN, message, (), f"under `given:`, `{name}: []` gives it no rows")
        for name in work.unused if known else ():
            message = f"`{dataset}` is not made from `{name}`: its rows change nothing"
            self._report(USELESS, message, ("given", name), "take it away", key=True, warning=True)

    def _table(self, node: Node, dataset: str, *, exact: bool) -> Table | None:
        rows = self._reader.read(node)
        if rows is None:
            return None
        schema = self._schemas[dataset]
        return self._typer.table(rows, schema, dataset, self._found.append, exact=exact)

    def _expected(self, key: str, *, fill: bool) -> list[Mapping[str, Any]] | None:
        node = self._test.node.get(key)
        if node is None:
            return None
        dataset = self._test.spec.dataset
        table = self._table(node, dataset, exact=False)
        if table is None:
            return None
        types = {c.name: c.type for c in self._schemas[dataset]}
        # With `only`, a column that a row does not name is NULL, as in a row that is given.
        nothing = dict.fromkeys(types) if fill else {}
        return [
            nothing | {n: comparable(v.plain, types[n]) for n, v in row.items()}
            for row in table.rows
        ]

    def _report(
        self,
        code: str,
        message: str,
        path: tuple[str, ...],
        hint: str | None,
        *,
        key: bool = True,
        warning: bool = False,
    ) -> None:
        positions = self._test.document.positions
        where: Path = (self._test.index, *path)
        span: Span = positions.key(where) if key else positions.value(where)
        severity: Severity = "warning" if warning else "error"
        self._found.append(Diagnostic(code, message, span, hint or None, severity))
