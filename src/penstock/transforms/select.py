"""select: `select: [carrier, flight]`: these columns, in this order."""

from __future__ import annotations

from pydantic import Field

from penstock.transforms.base import Built, Input, Problem, StepOf, clashes, unknown_column
from penstock.transforms.names import column
from penstock.transforms.operations import Project


class Select(StepOf[list[str]]):
    """Keeps the columns named, in the order named."""

    root: list[str] = Field(min_length=1)

    def build(self, given: Input) -> Built:
        """The columns named."""
        kept = [name for name in self.root if name in given.columns]
        built = Built({name: given.columns[name] for name in kept})
        built.problems += [
            unknown_column(name, given.columns, (i,))
            for i, name in enumerate(self.root)
            if name not in given.columns
        ]
        built.problems += [
            Problem("PSK-STEP-016", f"`{name}` is selected twice", (i,))
            for i, name in clashes(self.root)
        ]
        built.operations.append(Project({name: column(name) for name in kept}))
        return built
