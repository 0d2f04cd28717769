"""derive: `derive: {is_late: arr_delay > $late_after}`: a new column, or a new value for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from penstock.transforms.base import Built, Input, Problem, StepOf
from penstock.transforms.expressions import Reader
from penstock.transforms.operations import Project, replaced

if TYPE_CHECKING:
    from sqlglot import exp


class Derive(StepOf[dict[str, str | bool | int | float]]):
    """Computes columns from SQL expressions over the row, in the order written.

    An expression sees the columns made or replaced above it. A name that exists is replaced in
    its place; a new one comes last.
    """

    root: dict[str, str | bool | int | float] = Field(min_length=1)

    def build(self, given: Input) -> Built:
        """One projection for each expression; the chain merges them where that is safe."""
        built = Built(dict(given.columns))
        reader = Reader(given, noun="a derived column")
        for name, value in self.root.items():
            if not name.strip():
                reader.problems.append(
                    Problem("PSK-STEP-015", "a column needs a name", (name,), at_key=True)
                )
                continue
            before = dict(built.columns)
            found = reader.read(_text(value), (name,), columns=before)
            twin = next((c for c in before if c != name and c.lower() == name.lower()), None)
            if twin is not None:
                message = f"`{name}` and the column `{twin}` differ in letter case only"
                hint = f"write `{twin}` to replace it"
                reader.problems.append(Problem("PSK-STEP-016", message, (name,), hint, at_key=True))
                continue
            built.columns[name] = found.type if found else None
            if found:
                made: dict[str, exp.Expr] = {name: found.tree}
                built.operations.append(Project(replaced(before, made)))
        built.problems += reader.problems
        return built


def _text(value: str | bool | float) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return str(value)
