"""What a declarative step is: a model of its options that builds an operation on rows.

    options ─▶ Step (pydantic) ─ build(Input) ─▶ Built: Operation, columns, problems
                                                   │
    Chain.apply(operation) … ◀─────────────────────┘   as few SELECTs as is safe

A step's file holds its model and its `build`; `penstock.transforms.STEPS` names them all.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from pydantic import ConfigDict, RootModel

from penstock.diagnostics import did_you_mean
from penstock.spec.base import Model

if TYPE_CHECKING:
    from penstock.transforms.chain import Chain
    from penstock.transforms.names import Scalar

T = TypeVar("T")
Columns = Mapping[str, str | None]
"""Column → Penstock type, in order; None: not known, because something before is wrong."""
Origins = Mapping[str, frozenset[tuple[str, str]]]
"""Column → the (dataset, column) pairs it is computed from."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong inside a step.

    Attributes:
        path: keys below the step's own value.
        offset: into the text of the value at `path`; None: the whole value is meant.
        at_key: the key at the end of `path` is meant, not its value.
    """

    code: str
    message: str
    path: tuple[str | int, ...] = ()
    hint: str | None = None
    offset: int | None = None
    length: int = 0
    at_key: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a query does not bind. `offset` counts characters of the query; None: not known."""

    code: str
    message: str
    hint: str | None = None
    offset: int | None = None
    length: int = 0


@dataclass(frozen=True, slots=True)
class Bound:
    """What binding a query found: its columns with DuckDB's types, or why it does not bind."""

    columns: tuple[tuple[str, str], ...] = ()
    failures: tuple[Failure, ...] = ()


class Binder(Protocol):
    """Finds the types of queries without running them. Variables are bound as `$NAME`."""

    def describe(self, sql: str, *, known: Sequence[str] = (), portable: bool = False) -> Bound:
        """Bind a DuckDB SELECT; `known` are names to suggest for one that is not found.

        `portable`: it is going to run with its portable meaning.
        """

    def castable(self, source: str, target: str) -> bool:
        """Whether any value of one type can be cast to another; binding does not tell."""

    def misfit(self, value: Scalar, type_name: str) -> str | None:
        """Why a value is not exactly a value of a type; None: it is."""


@dataclass(frozen=True, slots=True)
class Input:
    """What a step is built on.

    Attributes:
        dataset: the dataset that the chain makes, for messages.
        source: the dataset that the chain starts from.
        columns: of the rows as they come in.
        datasets: every other dataset's columns, for lookups; None: not known.
        variables: what `$NAME` stands for.
        error_function: the engine's scalar function that fails a query with a message.
    """

    dataset: str
    source: str
    columns: Columns
    datasets: Mapping[str, Columns | None]
    variables: Mapping[str, Scalar]
    binder: Binder
    error_function: str


class Operation(Protocol):
    """What a step does to rows."""

    row_by_row: bool

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""

    def trace(self, origins: Origins) -> Origins:
        """Where the columns that come out are computed from."""


@dataclass(slots=True)
class Built:
    """A step built on its input.

    Attributes:
        operations: what it does, in order; meaningless if there are problems.
        columns: of the rows that come out; with problems, as far as they are known.
    """

    columns: dict[str, str | None]
    operations: list[Operation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


class Step(Model):
    """A step whose options are keys."""

    @abstractmethod
    def build(self, given: Input) -> Built:
        """The step on its input."""


class StepOf(RootModel[T], Generic[T]):
    """A step whose options are one value: a list, a text, or columns with something for each."""

    model_config = ConfigDict(frozen=True)

    @abstractmethod
    def build(self, given: Input) -> Built:
        """The step on its input."""


def unknown_column(
    name: str, columns: Columns, path: tuple[str | int, ...], *, at_key: bool = False
) -> Problem:
    """A column that a step names and its input does not have."""
    return Problem(
        "PSK-STEP-010",
        f"no column named `{name}` at this step",
        path,
        did_you_mean(name, columns, noun="columns"),
        at_key=at_key,
    )


def clashes(names: Sequence[str]) -> list[tuple[int, str]]:
    """Index and name of each that was there before, letter case aside.

    >>> clashes(["a", "b", "A"])
    [(2, 'A')]
    """
    seen: set[str] = set()
    found = []
    for i, name in enumerate(names):
        if name.lower() in seen:
            found.append((i, name))
        seen.add(name.lower())
    return found
