"""rename: `rename: {dest: destination}`: old name, new name."""

from __future__ import annotations

from penstock.transforms.base import Built, Input, Problem, StepOf, clashes, unknown_column
from penstock.transforms.names import column
from penstock.transforms.operations import Project


class Rename(StepOf[dict[str, str]]):
    """Gives columns new names, all at once: `{a: b, b: a}` swaps two. Order and rows stay.

    Written `old: new`.
    """

    def build(self, given: Input) -> Built:
        """The columns under their new names."""
        new = self.root
        out = {new.get(name, name): type_ for name, type_ in given.columns.items()}
        built = Built(out)
        for old, name in new.items():
            if old not in given.columns:
                problem = unknown_column(old, given.columns, (old,), at_key=True)
                if name in given.columns:
                    hint = f"a rename is written `old: new`; did you mean `{name}: {old}`?"
                    problem = Problem("PSK-STEP-010", problem.message, (old,), hint, at_key=True)
                built.problems.append(problem)
            elif not name.strip():
                built.problems.append(Problem("PSK-STEP-015", "a column needs a name", (old,)))
        names = [new.get(name, name) for name in given.columns]
        by_new = {name: old for old, name in new.items()}
        for _, name in clashes(names):
            message = f"two columns would be named `{name}`"
            hint = "drop or rename the other one first"
            built.problems.append(Problem("PSK-STEP-016", message, (by_new.get(name, ""),), hint))
        project = {new.get(name, name): column(name) for name in given.columns}
        built.operations.append(Project(project))
        return built
