"""drop: `drop: [tailnum]` or `drop: tailnum`: every column but these."""

from __future__ import annotations

from pydantic import Field

from penstock.transforms.base import Built, Input, Problem, StepOf, unknown_column
from penstock.transforms.names import column
from penstock.transforms.operations import Project


class Drop(StepOf[str | list[str]]):
    """Removes columns."""

    root: str | list[str] = Field(min_length=1)

    def build(self, given: Input) -> Built:
        """The other columns."""
        single = isinstance(self.root, str)
        names = [self.root] if isinstance(self.root, str) else self.root
        kept = {name: type_ for name, type_ in given.columns.items() if name not in names}
        built = Built(kept)
        built.problems += [
            unknown_column(name, given.columns, () if single else (i,))
            for i, name in enumerate(names)
            if name not in given.columns
        ]
        if not kept:
            built.problems.append(Problem("PSK-STEP-017", "this drops every column"))
        built.operations.append(Project({name: column(name) for name in kept}))
        return built
