"""nulls: `nulls: {fill: {arr_delay: 0}, drop_rows: [tailnum]}`: what missing values become."""

from __future__ import annotations

from pydantic import Field, model_validator
from sqlglot import exp

from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.expressions import typed
from penstock.transforms.names import column
from penstock.transforms.operations import Filter, Project, replaced


class Nulls(Step):
    """Fills NULLs with a value, and removes rows that still hold one: `fill` comes first.

    Rows removed are counted under `filtered`.
    """

    fill: dict[str, str | bool | int | float] = Field(default_factory=dict)
    """Column → the value that a NULL becomes."""
    drop_rows: list[str] = Field(default_factory=list)
    """A row with a NULL in any of these columns is removed."""

    @model_validator(mode="after")
    def _does_something(self) -> Nulls:
        if not self.fill and not self.drop_rows:
            raise refuse("`nulls` needs `fill` or `drop_rows`")
        return self

    def build(self, given: Input) -> Built:
        """A projection and a filter, each where it is asked for."""
        built = Built(dict(given.columns))
        made: dict[str, exp.Expr] = {}
        for name, value in self.fill.items():
            type_name = given.columns.get(name)
            if name not in given.columns:
                path = ("fill", name)
                built.problems.append(unknown_column(name, given.columns, path, at_key=True))
            elif type_name is not None:
                misfit = given.binder.misfit(value, type_name)
                if misfit:
                    built.problems.append(Problem("PSK-STEP-040", misfit, ("fill", name)))
                made[name] = exp.Coalesce(this=column(name), expressions=[typed(value, type_name)])
        for i, name in enumerate(self.drop_rows):
            if name not in given.columns:
                built.problems.append(unknown_column(name, given.columns, ("drop_rows", i)))
            elif name in self.fill:
                message = f"`{name}` is filled, so that no row is dropped for it"
                hint = "take it out of `fill` or out of `drop_rows`"
                built.problems.append(Problem("PSK-STEP-041", message, ("drop_rows", i), hint))
        if made:
            built.operations.append(Project(replaced(given.columns, made)))
        if self.drop_rows:
            built.operations.append(Filter(_all_present(self.drop_rows)))
        return built


def _all_present(names: list[str]) -> exp.Expr:
    present = [exp.Not(this=exp.Is(this=column(n), expression=exp.Null())) for n in names]
    predicate: exp.Expr = exp.and_(*present, copy=False)
    return predicate
