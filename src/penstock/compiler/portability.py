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
    # A model's own text, so that a finding has its place in it.
    model = state.models.get(statement.dataset)
    text = model.text if model is not None else statement.sql
    try:
        prepared = portable.prepare(text, schemas, _variables(state) if model else None)
    except portable.Refusal as refused:
        yield from _all_of(refused, text)
        return
    told: set[tuple[str, int | None]] = set()
    for engine in ENGINES:
        try:
            prepared.render(engine)
        except portable.Refusal as refused:
            for each in _all_of(refused, text):
                if (each.message, each.offset) not in told:
                    told.add((each.message, each.offset))
                    yield each


def _all_of(refused: portable.Refusal, text: str) -> list[portable.Refusal]:
    """What stopped it; every name that is not known, where it was one of them."""
    if refused.code != "PSK-PORT-022":
        return [refused]
    unknown = portable.unknown_functions(text)
    return unknown if any(each.offset == refused.offset for each in unknown) else [refused]


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
