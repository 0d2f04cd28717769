"""aggregate: `aggregate: {by: [carrier], measures: {flights: count(*), delay: avg(arr_delay)}}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field, model_validator
from sqlglot import exp

from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Problem, Step, clashes, unknown_column
from penstock.transforms.expressions import Reader
from penstock.transforms.names import column
from penstock.transforms.operations import origins_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.transforms.base import Origins
    from penstock.transforms.chain import Chain


class Aggregate(Step):
    """One row for each group of rows; one row for all of them without `by`."""

    by: list[str] | dict[str, str] = Field(default_factory=list)
    """Columns whose values make a group; or new column → expression."""
    measures: dict[str, str] = Field(default_factory=dict)
    """New column → aggregate, such as `count(*)`, `sum(distance)`."""

    @model_validator(mode="after")
    def _does_something(self) -> Aggregate:
        if not self.by and not self.measures:
            raise refuse("`aggregate` needs `by` or `measures`")
        return self

    def build(self, given: Input) -> Built:
        """One aggregate."""
        built = Built({})
        by: dict[str, exp.Expr] = {}
        texts: list[str] = []
        if isinstance(self.by, list):
            for i, name in enumerate(self.by):
                if name not in given.columns:
                    built.problems.append(unknown_column(name, given.columns, ("by", i)))
                    continue
                by[name] = column(name)
                built.columns[name] = given.columns[name]
                if given.columns[name] is not None:
                    texts.append(exp.to_identifier(name, quoted=True).sql("duckdb"))
        else:
            reader = Reader(given, noun="a grouping")
            for name, text in self.by.items():
                found = reader.read(text, ("by", name))
                built.columns[name] = found.type if found else None
                if found:
                    by[name] = found.tree
                if found and found.type is not None:
                    texts.append(f"({text}\n)")
            built.problems += reader.problems
        measures = self._measures(given, built, texts)
        names = [*self.by, *self.measures]
        built.problems += [
            Problem("PSK-STEP-016", f"two columns would be named `{name}`", path, at_key=True)
            for i, name in clashes(names)
            for path in [("measures", name) if i >= len(self.by) else ("by",)]
        ]
        built.operations.append(Group(by, measures))
        return built

    def _measures(self, given: Input, built: Built, by: list[str]) -> dict[str, exp.Expr]:
        reader = Reader(given, noun="a measure", by=by)
        measures: dict[str, exp.Expr] = {}
        for name, text in self.measures.items():
            found = reader.read(text, ("measures", name))
            built.columns[name] = found.type if found else None
            if found is None:
                continue
            measures[name] = found.tree
            if found.type is not None and found.tree.find(exp.Window):
                message = "a measure cannot hold a window"
                hint = "derive it in a step of its own, before or after"
                built.problems.append(Problem("PSK-STEP-018", message, ("measures", name), hint))
        built.problems += reader.problems
        return measures


@dataclass(frozen=True)
class Group:
    """One row for each group."""

    by: Mapping[str, exp.Expr]
    measures: Mapping[str, exp.Expr]
    row_by_row = False

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        chain.aggregate(self.by, self.measures)

    def trace(self, origins: Origins) -> Origins:
        """Each column from the columns of its expression; `count(*)` from none."""
        trees = {**self.by, **self.measures}
        return {name: origins_of(tree, origins) for name, tree in trees.items()}
