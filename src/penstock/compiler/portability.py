"""Which engines could run each dataset of a pipeline, and where and why the others could not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock import dialects
from penstock.compiler.meaning import inputs, variables
from penstock.diagnostics import Diagnostic
from penstock.dialects import portable
from penstock.dialects.portable.entry import ENGINES
from penstock.dialects.portable.refusals import refusals

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.compiler.state import Compilation
    from penstock.diagnostics import Severity
    from penstock.program import Statement

OTHERS = tuple(e for e in ENGINES if e != dialects.REFERENCE)


@dataclass(frozen=True, slots=True)
class Finding:
    """Why engines cannot run a dataset.

    Attributes:
        diagnostic: with its place; its `engines` are those that cannot.
    """

    dataset: str
    diagnostic: Diagnostic


def portability(state: Compilation, *, each_engine: bool = True) -> list[Finding]:
    """What is not portable in a pipeline that compiles for the reference engine.

    Python steps run on every engine, and so do the queries that feed them.

    Args:
        each_engine: also what single engines cannot do, which takes about a millisecond each.
    """
    found = []
    for statement in state.statements:
        if statement.kind in ("python", "command"):
            continue
        name = statement.dataset
        if state.tied(name):
            found.append(Finding(name, _tied(state, name, "info")))
            continue
        found += [
            Finding(name, _told(state, name, refused, "warning"))
            for refused in _refusals(state, statement, each_engine=each_engine)
        ]
    return found


def refuse(state: Compilation, dataset: str, refused: portable.Refusal | None) -> None:
    """Tell that the engine asked for cannot run a dataset.

    Args:
        refused: None: it is tied to the reference engine.
    """
    if refused is None:
        told = [_tied(state, dataset, "error")]
    else:
        every = _every(state, dataset, refused, state.engine)
        told = [_told(state, dataset, each, "error") for each in every]
    state.found += [replace(each, engines=(state.engine,)) for each in told]
    state.broken.add(dataset)


def _refusals(
    state: Compilation, statement: Statement, *, each_engine: bool
) -> Iterator[portable.Refusal]:
    name = statement.dataset
    refused = state.refusals.get(name)
    if refused is not None:
        yield from _every(state, name, refused, dialects.REFERENCE)
        return
    if not each_engine:
        return
    prepared = state.prepared.get(name)
    try:
        if prepared is None:
            prepared = portable.prepare(statement.sql, inputs(state, statement.depends_on))
    except portable.Refusal as found:
        yield found
        return
    told: set[tuple[str, int | None]] = set()
    for engine in OTHERS:
        try:
            prepared.render(engine)
        except portable.Refusal as found:
            for each in _every(state, name, found, engine):
                if (each.message, each.offset) not in told:
                    told.add((each.message, each.offset))
                    yield each


def _every(
    state: Compilation, name: str, refused: portable.Refusal, engine: str
) -> list[portable.Refusal]:
    """What stopped a dataset; where it is a model, all that is refused in it."""
    model = state.models.get(name)
    if model is None or refused.offset is None:
        return [refused]
    known = inputs(state, state.datasets[name].depends_on)
    found = refusals(model.text, known, engine, variables(state))
    return found if any(each.offset == refused.offset for each in found) else [refused]


def _tied(state: Compilation, dataset: str, severity: Severity) -> Diagnostic:
    return Diagnostic(
        "PSK-PORT-033",
        f"`{dataset}` is tied to DuckDB: its SQL is run as it is written",
        state.definition.positions.key(("transforms", _whole(state, dataset), "options")),
        "remove `portable: false` to have it checked for other engines",
        severity=severity,
        engines=OTHERS,
    )


def _told(
    state: Compilation, dataset: str, refused: portable.Refusal, severity: Severity
) -> Diagnostic:
    model = state.models.get(dataset)
    if model is not None and refused.offset is not None:
        span = model.span(refused.offset, refused.length)
    else:
        span = state.definition.positions.key(("transforms", _whole(state, dataset)))
    return Diagnostic(
        refused.code,
        f"`{dataset}`: {refused.message}",
        span,
        refused.hint,
        severity=severity,
        engines=refused.engines or OTHERS,
    )


def _whole(state: Compilation, dataset: str) -> str:
    """The transform of the pipeline file that a dataset is, or is a part of."""
    return state.datasets[dataset].part_of or dataset
