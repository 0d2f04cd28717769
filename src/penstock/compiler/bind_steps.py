"""Binds a chain of declarative steps, each on the columns that the one before it gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from penstock.compiler import holding
from penstock.compiler.guesses import guess
from penstock.compiler.state import Held, Made
from penstock.program import Column
from penstock.transforms.base import Input
from penstock.transforms.chain import Chain
from penstock.transforms.hold import Hold

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation, Path, StepUse
    from penstock.diagnostics import Span
    from penstock.transforms.base import Built, Columns, Operation, Origins, Problem


def bind_steps(state: Compilation, name: str) -> tuple[Made, tuple[Column, ...]] | None:
    """The chain's parts and its schema; None where something is wrong, which is told."""
    source = state.definition.pipeline.transforms[name].from_
    assert source is not None
    columns: Columns = dict(state.schema(source))
    link = _Link(state, name, source, columns)
    fine = name not in state.broken  # else it is only looked at
    for use in state.steps[name]:
        built = use.options.build(_given(state, name, columns))
        for problem in built.problems:
            _tell(state, problem, ("transforms", name, "steps", use.number, use.name))
        fine = fine and not built.problems
        if fine:
            link.add(use, built)
        columns = built.columns
        if not columns:
            return None
    if not fine:
        if name not in state.broken_off:
            guess(state, name, [(c, str(t)) for c, t in columns.items()])
        return None
    return link.made(), tuple(Column(c, str(t)) for c, t in columns.items())


@dataclass
class _Link:
    """The chain from `source` on; a new one begins where rows are held and more follows.

    Attributes:
        held: rules of the steps added last, which nothing follows yet.
        step: the last of these steps; `columns`: of the rows there.
        parts: how many relations the chains before have.
    """

    state: Compilation
    name: str
    source: str
    columns: Columns
    held: list[Held] = field(default_factory=list)
    row_by_row: bool = True
    step: StepUse | None = None
    parts: int = 0

    def __post_init__(self) -> None:
        self._begin(self.source, self.columns)

    def _begin(self, source: str, columns: Columns) -> None:
        self.source = source
        self.held = []
        self.row_by_row = True
        self.chain = Chain(self.name, source, list(columns), number=self.parts)
        self.origins: Origins = {c: frozenset({(source, c)}) for c in columns}

    def add(self, use: StepUse, built: Built) -> None:
        """What a step does."""
        self.chain.begin(use.name, use.number)
        for operation in built.operations:
            if isinstance(operation, Hold):
                self._hold(use, operation)
                continue
            if self.held:
                self._cut(use)
            self._apply(operation)

    def _apply(self, operation: Operation) -> None:
        operation.apply(self.chain)
        self.origins = operation.trace(self.origins)
        self.row_by_row = self.row_by_row and operation.row_by_row

    def _hold(self, use: StepUse, hold: Hold) -> None:
        step: Path = ("transforms", self.name, "steps", use.number, use.name)
        positions = self.state.definition.positions
        self.step, self.columns = use, hold.columns
        for rule in hold.rules:
            path = (*step, *rule.path)
            span = positions.key(path) if _is_big(self.state, path) else positions.value(path)
            self.held.append(Held(rule, span))

    def _cut(self, use: StepUse) -> None:
        """What is made so far is a dataset of its own, with the rules that hold rows."""
        assert self.step is not None
        part = holding.part_name(self.name, self.step)
        holding.add_part(self.state, self.name, part, self._made(), self.source, self.columns)
        self.state.held[part] = self.held
        self._begin(part, self.columns)
        self.chain.begin(use.name, use.number)

    def _made(self) -> Made:
        parts = self.chain.finish()
        self.parts += len(parts)
        return Made("steps", None, parts, self.row_by_row, self.origins)

    def made(self) -> Made:
        """The end of the chain."""
        made = self._made()
        if self.held:
            self.state.held[self.name] = self.held
        if self.source != self.state.definition.pipeline.transforms[self.name].from_:
            holding.reads_instead(self.state, self.name, self.source, made.parts)
        return made


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
