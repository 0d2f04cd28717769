"""Binds a chain of declarative steps, each on the columns that the one before it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.compiler.state import Made
from penstock.program import Column
from penstock.transforms.base import Input
from penstock.transforms.chain import Chain

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation, Path, StepUse
    from penstock.diagnostics import Span
    from penstock.transforms.base import Built, Columns, Origins, Problem


def bind_steps(state: Compilation, name: str) -> tuple[Made, tuple[Column, ...]] | None:
    """The chain's parts and its schema; None where something is wrong, which is told."""
    source = state.definition.pipeline.transforms[name].from_
    assert source is not None
    columns: Columns = dict(state.schema(source))
    origins: Origins = {c: frozenset({(source, c)}) for c in columns}
    chain = Chain(name, source, list(columns))
    fine, row_by_row = True, True
    for use in state.steps[name]:
        built = use.options.build(_given(state, name, columns))
        for problem in built.problems:
            _tell(state, problem, ("transforms", name, "steps", use.number, use.name))
        fine = fine and not built.problems
        if fine:
            origins = _applied(chain, use, built, origins)
            row_by_row = row_by_row and all(o.row_by_row for o in built.operations)
        columns = built.columns
        if not columns:
            return None
    if not fine:
        return None
    made = Made("steps", None, chain.finish(), row_by_row, origins)
    return made, tuple(Column(c, str(t)) for c, t in columns.items())


def _applied(chain: Chain, use: StepUse, built: Built, origins: Origins) -> Origins:
    chain.begin(use.name, use.number)
    for operation in built.operations:
        operation.apply(chain)
        origins = operation.trace(origins)
    return origins


def _given(state: Compilation, name: str, columns: Columns) -> Input:
    return Input(
        dataset=name,
        source=str(state.definition.pipeline.transforms[name].from_),
        columns=columns,
        datasets=_Others(state),
        variables=state.definition.variables,
        binder=state.binder,
        error_function=state.capabilities.error_function,
    )


class _Others(dict[str, "Columns | None"]):
    """Every dataset's columns, looked up when a lookup asks."""

    def __init__(self, state: Compilation) -> None:
        super().__init__()
        self._state = state

    def get(self, name: str, default: Columns | None = None) -> Columns | None:  # type: ignore[override]
        return self._state.schema(name) or default


def _tell(state: Compilation, problem: Problem, step: Path) -> None:
    state.tell(problem.code, problem.message, _span(state, problem, step), problem.hint)


def _span(state: Compilation, problem: Problem, step: Path) -> Span:
    positions = state.definition.positions
    path = (*step, *problem.path)
    if problem.at_key or (not problem.path and problem.offset is None and _is_big(state, path)):
        return positions.key(path)
    if problem.offset is None:
        return positions.value(path)
    return positions.inside(path, problem.offset, problem.length)


def _is_big(state: Compilation, path: Path) -> bool:
    """Whether a value runs over several lines, so that its key is the better place."""
    span = state.definition.positions.value(path)
    return span.line != span.end_line
