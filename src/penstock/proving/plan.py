"""What a test has to compute: the datasets between those given and the one under test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from penstock.program import Check, Program, Statement


@dataclass(frozen=True, slots=True)
class Work:
    """What a test has to compute.

    Attributes:
        statements: in an order in which they can run.
        missing: sources that are needed and not given.
        unused: given datasets that nothing here reads.
    """

    statements: tuple[Statement, ...]
    missing: tuple[str, ...]
    unused: tuple[str, ...]


def plan_work(program: Program, dataset: str, given: Collection[str]) -> Work:
    """Walk back from a dataset to what is given."""
    made = {s.dataset: s for s in program.statements}
    needed: set[str] = set()
    missing: list[str] = []
    todo = [dataset]
    while todo:
        name = todo.pop()
        if name in needed:
            continue
        needed.add(name)
        if name in given:
            continue
        statement = made.get(name)
        if statement is None:
            missing.append(name)
            continue
        todo += [*statement.depends_on, *read_by_rules(program, name)]
    statements = tuple(
        s for s in program.statements if s.dataset in needed and s.dataset not in given
    )
    unused = tuple(name for name in given if name not in needed)
    return Work(statements, tuple(sorted(missing)), unused)


def quarantine_rules(program: Program, dataset: str) -> list[Check]:
    """The rules that set rows of a dataset aside."""
    return [c for c in program.checks if c.dataset == dataset and c.action == "quarantine"]


def read_by_rules(program: Program, dataset: str) -> list[str]:
    """Other datasets that the quarantine rules of a dataset read (CustomSql)."""
    return [other for check in quarantine_rules(program, dataset) for other in check.depends_on]
