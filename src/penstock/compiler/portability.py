"""Which engines could run each dataset of a pipeline, and where and why the others could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.diagnostics import Diagnostic
from penstock.dialects import portable
from penstock.dialects.portable.entry import ENGINES
from penstock.transforms.names import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sqlglot import exp

    from penstock.compiler.state import Compilation
    from penstock.program import Statement


@dataclass(frozen=True, slots=True)
class Finding:
    """Why engines cannot run a dataset.

    Attributes:
        diagnostic: with its place; its `engines` are those that cannot.
    """

    dataset: str
    diagnostic: Diagnostic


def portability(state: Compilation) -> list[Finding]:
    """What is not portable in a pipeline that compiles for the reference engine.

    Python steps run on every engine, and so do the queries that feed them.
    """
    found = []
    for statement in state.statements:
        if statement.kind in ("python", "command"):
            continue
        needs = _inputs(state, statement.depends_on)
        found += [
            Finding(statement.dataset, _told(state, statement.dataset, refused))
            for refused in _refusals(state, statement, needs)
        ]
    return found


def refuse(state: Compilation, dataset: str, refused: portable.Refusal) -> None:
    """Tell that the engine asked for cannot run a dataset, at the place in the user's own text."""
    model = state.models.get(dataset)
    schemas = _inputs(state, state.datasets[dataset].depends_on)
    if model is not None:
        try:
            portable.prepare(model.text, schemas, _variables(state)).render(state.engine)
        except portable.Refusal as found:
            refused = found
        else:
            refused.offset = None
    told = _told(state, dataset, refused)
    state.tell(told.code, told.message, told.span, told.hint, engines=(state.engine,))
    state.broken.add(dataset)


def _inputs(state: Compilation, names: Iterable[str]) -> dict[str, dict[str, str]]:
    return {n: {c.name: c.type for c in state.datasets[n].schema} for n in names}


def _variables(state: Compilation) -> dict[str, exp.Expr]:
    return {name: literal(value) for name, value in state.definition.variables.items()}


def _refusals(
    state: Compilation, statement: Statement, schemas: Mapping[str, Mapping[str, str]]
) -> Iterator[portable.Refusal]:
    model = state.models.get(statement.dataset)
    variables = _variables(state)
    try:
        # A model's own text, so that a finding has its place in it.
        prepared = (
            portable.prepare(model.text, schemas, variables)
            if model is not None
            else portable.prepare(statement.sql, schemas)
        )
    except portable.Refusal as refused:
        yield refused
        return
    told: set[tuple[str, int | None]] = set()
    for engine in ENGINES:
        try:
            prepared.render(engine)
        except portable.Refusal as refused:
            key = (refused.message, refused.offset)
            if key not in told:
                told.add(key)
                yield refused


def _told(state: Compilation, dataset: str, refused: portable.Refusal) -> Diagnostic:
    model = state.models.get(dataset)
    if model is not None and refused.offset is not None:
        span = model.span(refused.offset, refused.length)
    else:
        span = state.definition.positions.key(("transforms", dataset))
    return Diagnostic(
        refused.code,
        f"`{dataset}`: {refused.message}",
        span,
        refused.hint,
        severity="error",
        engines=refused.engines or tuple(e for e in ENGINES if e != "duckdb"),
    )
