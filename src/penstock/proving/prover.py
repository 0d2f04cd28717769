"""Runs unit tests: compile, give the rows, compute what lies between, compare."""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from penstock.compiler import compile_definition
from penstock.diagnostics import Diagnostic, did_you_mean
from penstock.dialects import load as load_capabilities
from penstock.errors import PenstockError, RunStopped
from penstock.program import unchecked
from penstock.proving.checking import Prepared, prepare
from penstock.proving.compare import compare
from penstock.proving.given import rows_sql
from penstock.proving.outcome import Outcome
from penstock.proving.plan import quarantine_rules
from penstock.proving.typed import Typer
from penstock.runtime import checks as rules
from penstock.runtime import registry, statements
from penstock.runtime.references import bind_run
from penstock.spec import load_definition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlglot import exp

    from penstock.compiler import Compilation
    from penstock.program import Program
    from penstock.proving.models import UnitTest
    from penstock.runtime.engines.base import Engine
    from penstock.spec.base import Scalar

UNKNOWN_VARIABLE = "PSK-TEST-010"
_STOPPED = RunStopped.default_code


class Prover:
    """Runs the tests of one pipeline on one engine.

    Attributes:
        pipeline: its name, once it was compiled.

    Args:
        variables: set on the command line; a test's own come over them.
        texts: path → text; files read are added, for the lines under diagnostics.
    """

    def __init__(
        self,
        root: Path,
        engine: str,
        *,
        profile: str | None,
        variables: Mapping[str, str],
        texts: dict[str, str],
    ) -> None:
        self._root = root
        self._engine = engine
        self._profile = profile
        self._variables = dict(variables)
        self._texts = texts
        self._typer = Typer()
        self.pipeline = ""
        self._compiled: dict[tuple[tuple[str, str], ...], tuple[Compilation, set[str]]] = {}

    def compilation(self, overrides: Mapping[str, Scalar]) -> tuple[Compilation, set[str]]:
        """The pipeline compiled with a test's variables, and the variables it has."""
        values = {name: _as_text(value) for name, value in overrides.items()}
        key = tuple(sorted(values.items()))
        if key not in self._compiled:
            definition = load_definition(
                self._root, profile=self._profile, variables={**self._variables, **values}
            )
            compiled = compile_definition(definition, self._engine)
            self._texts.update(definition.files)
            self.pipeline = self.pipeline or definition.pipeline.name
            self._compiled[key] = compiled, set(definition.variables)
        return self._compiled[key]

    def prove(self, test: UnitTest) -> Outcome:
        """Run one test. Never raises for what a user can cause."""
        clock = time.monotonic()
        span = test.document.positions.key((test.index,))
        outcome = Outcome(test.spec.name, test.spec.dataset, span)
        try:
            self._prove(test, outcome)
        except PenstockError as error:
            self._ended(test, list(error.diagnostics), outcome)
        outcome.seconds = time.monotonic() - clock
        return outcome

    def _prove(self, test: UnitTest, outcome: Outcome) -> None:
        unknown = self._unknown_variables(test)
        if unknown:
            outcome.result, outcome.diagnostics = "invalid", unknown
            return
        compilation, _ = self.compilation(test.spec.variables)
        if compilation.program is None:
            errors = [d for d in compilation.diagnostics if d.severity == "error"]
            self._ended(test, errors, outcome)
            if test.spec.expect_error is None:
                outcome.result = "invalid"
            return
        prepared = prepare(test, compilation.program, self._typer, self._root, self._texts)
        outcome.diagnostics = prepared.diagnostics
        if not prepared.runnable:
            outcome.result = "invalid"
            if test.spec.expect_error and prepared.only_missing:
                outcome.diagnostics = []
                outcome.fail(f"{test.spec.expect_error} did not come: the definition compiles")
            return
        program = bind_run(compilation.program, "unit-test", datetime.now(UTC).date().isoformat())
        with tempfile.TemporaryDirectory(prefix="penstock-test-") as work:
            engine: Engine = registry.engine(self._engine)(
                work=Path(work), memory_bytes=None, threads=1
            )
            try:
                self._run(engine, program, test, prepared, outcome)
            finally:
                engine.close()

    def _run(
        self,
        engine: Engine,
        program: Program,
        test: UnitTest,
        prepared: Prepared,
        outcome: Outcome,
    ) -> None:
        capabilities = load_capabilities(self._engine)
        dataset = test.spec.dataset
        for name, table in prepared.given.items():
            # The rows of a given dataset are what its readers see: its own rules do not look at
            # them, unless it is itself under test.
            looked_at = name == dataset and bool(quarantine_rules(program, name))
            relation = unchecked(name) if looked_at else name
            sql = rows_sql(table, prepared.schemas[name])
            engine.create(
                relation, capabilities.render(cast("exp.Expression", sql)), materialize=True
            )
            if looked_at:
                self._set_aside(engine, program, name)
        for statement in prepared.work.statements:
            holds = bool(quarantine_rules(program, statement.dataset))
            relation = unchecked(statement.dataset) if holds else statement.dataset
            statements.build(engine, statement, relation, self._root, materialize=True)
            if holds:
                self._set_aside(engine, program, statement.dataset)
        if test.spec.expect_error == _STOPPED:
            self._stop_rules(engine, program, dataset)
        if test.spec.expect_error is not None:
            outcome.fail(f"{test.spec.expect_error} did not come: the rows were computed")
            return
        self._compare(engine, program, prepared, outcome)

    def _set_aside(self, engine: Engine, program: Program, dataset: str) -> None:
        holding = quarantine_rules(program, dataset)
        engine.create(dataset, rules.keep_sql(holding, dataset), materialize=True)

    def _stop_rules(self, engine: Engine, program: Program, dataset: str) -> None:
        """Ask the stop rules, for a test that expects a stop.

        Other tests do not: `RowCount > 1000` is no rule for the three rows of a test.
        """
        stops = [c for c in program.checks if c.dataset == dataset and c.action == "stop"]
        for found in rules.evaluate(engine, stops, dataset):
            if not found.passed:
                raise RunStopped(f"`{dataset}` breaks {found.check.rule}: {found.reason()}")

    def _compare(
        self, engine: Engine, program: Program, prepared: Prepared, outcome: Outcome
    ) -> None:
        dataset = outcome.dataset
        schema = prepared.schemas[dataset]
        reasons = []
        if prepared.expect is not None:
            found = engine.rows(f"SELECT * FROM {dataset}")
            outcome.rows = compare(prepared.expect, found, schema, ordered=prepared.ordered)
            if not outcome.rows.equal:
                reasons.append(_reason(len(prepared.expect), len(found), "row"))
        if prepared.expect_quarantined is not None:
            holding = quarantine_rules(program, dataset)
            found = _held(engine, dataset, [c.predicate for c in holding])
            outcome.quarantined = compare(prepared.expect_quarantined, found, schema)
            if not outcome.quarantined.equal:
                reasons.append(
                    _reason(len(prepared.expect_quarantined), len(found), "quarantined row")
                )
        if reasons:
            outcome.fail("; ".join(reasons))

    def _unknown_variables(self, test: UnitTest) -> list[Diagnostic]:
        if not test.spec.variables:
            return []
        _, known = self.compilation({})
        found = []
        for name in test.spec.variables:
            if name not in known:
                span = test.document.positions.key((test.index, "variables", name))
                message = f"the pipeline has no variable `{name}`"
                hint = did_you_mean(name, known, noun="variables")
                found.append(Diagnostic(UNKNOWN_VARIABLE, message, span, hint or None))
        return found

    def _ended(self, test: UnitTest, errors: list[Diagnostic], outcome: Outcome) -> None:
        """A test that ended with errors, expected or not."""
        expected = test.spec.expect_error
        codes = [d.code for d in errors]
        if expected in codes:
            outcome.result = "passed"
            return
        outcome.diagnostics = errors
        came = ", ".join(dict.fromkeys(codes))
        outcome.fail(f"expected {expected}, got {came}" if expected else f"it ended with {came}")


def _held(engine: Engine, dataset: str, predicates: list[str | None]) -> list[dict[str, Any]]:
    if not predicates:
        return []
    broken = " OR ".join(f"NOT ({p})" for p in predicates)
    return engine.rows(f"SELECT * FROM {unchecked(dataset)} WHERE {broken}")


def _reason(expected: int, found: int, noun: str) -> str:
    def counted(n: int) -> str:
        return f"{n:,} {noun}{'' if n == 1 else 's'}"

    if expected != found:
        return f"expected {counted(expected)}, got {found:,}"
    return f"{counted(found)}, as expected, but not the same"


def _as_text(value: Scalar) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
