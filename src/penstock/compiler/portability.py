"""Which engines could run each dataset of a pipeline, and where and why the others could not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.diagnostics import Diagnostic
from penstock.dialects import portable
from penstock.dialects.portable.entry import ENGINES
from penstock.transforms.names import literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
    schemas = {
        name: {c.name: c.type for c in info.schema}
        for name, info in state.datasets.items()
        if info.schema
    }
    found = []
    for statement in state.statements:
        needs = {name: schemas[name] for name in statement.depends_on if name in schemas}
        found += [
            Finding(statement.dataset, _told(state, statement, refused))
            for refused in _refusals(state, statement, needs)
        ]
    return found


def rendered(state: Compilation, engine: str) -> Mapping[str, str]:
    """Dataset → its query in an engine's SQL.

    Raises:
        Refusal: one of them is not portable.
    """
    schemas = {n: {c.name: c.type for c in i.schema} for n, i in state.datasets.items()}
    return {s.dataset: portable.compile_query(s.sql, schemas, engine) for s in state.statements}


def _refusals(
    state: Compilation, statement: Statement, schemas: Mapping[str, Mapping[str, str]]
) -> Iterator[portable.Refusal]:
    model = state.models.get(statement.dataset)
    variables = {name: literal(value) for name, value in state.definition.variables.items()}
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


def _told(state: Compilation, statement: Statement, refused: portable.Refusal) -> Diagnostic:
    model = state.models.get(statement.dataset)
    span = None
    if model is not None:
        span = model.span(refused.offset or 0, refused.length if refused.offset is not None else 0)
    else:
        span = state.definition.positions.value(("transforms", statement.dataset))
    return Diagnostic(
        refused.code,
        f"{statement.dataset}: {refused.message}",
        span,
        refused.hint,
        severity="error",
        engines=refused.engines or tuple(e for e in ENGINES if e != "duckdb"),
    )
