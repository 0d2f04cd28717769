"""filter: `filter: distance > 0`: the rows for which the expression is true."""

from __future__ import annotations

from pydantic import Field

from penstock.transforms.base import Built, Input, Operation, StepOf
from penstock.transforms.conditions import not_a_condition
from penstock.transforms.expressions import Reader
from penstock.transforms.operations import Filter as Keep


class Filter(StepOf[str]):
    """Keeps the rows for which an SQL expression is true; where it is false or NULL, they go.

    The run report counts them under `filtered`.
    """

    root: str = Field(min_length=1)

    def build(self, given: Input) -> Built:
        """One filter."""
        reader = Reader(given, noun="a filter")
        found = reader.read(self.root)
        built = Built(dict(given.columns), problems=reader.problems)
        if found is None:
            return built
        wrong = not_a_condition(found, "a filter")
        built.problems += [wrong] if wrong else []
        operations: list[Operation] = [Keep(found.tree)]
        built.operations += operations
        return built
