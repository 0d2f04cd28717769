"""filter: `filter: distance > 0`: the rows for which the expression is true."""

from __future__ import annotations

from pydantic import Field
from sqlglot import exp

from penstock.transforms.base import Built, Input, Operation, Problem, StepOf
from penstock.transforms.expressions import Reader
from penstock.transforms.operations import Filter as Keep
from penstock.transforms.volatile import is_volatile


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
        if found.tree.find(exp.Window):
            hint = "derive it as a column first, then filter on that column"
            built.problems.append(
                Problem("PSK-STEP-018", "a filter cannot hold a window", hint=hint)
            )
        elif is_volatile(found.tree):
            message = "a filter gives the same answer each time, and this does not"
            hint = "derive it as a column first, and filter on that column"
            built.problems.append(Problem("PSK-STEP-043", message, hint=hint))
        elif found.type not in {"boolean", None}:
            message = f"a filter is true or false, and this is a value of type {found.type}"
            hint = "compare it with something, such as `x > 0` or `x IS NOT NULL`"
            built.problems.append(Problem("PSK-STEP-018", message, hint=hint))
        operations: list[Operation] = [Keep(found.tree)]
        built.operations += operations
        return built
