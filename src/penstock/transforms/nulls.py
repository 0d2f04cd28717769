"""nulls: `nulls: {fill: {arr_delay: 0}, drop_rows: [tailnum]}`: what missing values become."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator
from sqlglot import exp

from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.canonical import family
from penstock.transforms.expressions import typed
from penstock.transforms.fills import Fill, Filling
from penstock.transforms.names import column
from penstock.transforms.operations import Filter, Project, replaced

if TYPE_CHECKING:
    from penstock.transforms.names import Scalar

Value = str | bool | int | float


class Nulls(Step):
    """Makes values NULL that stand for none, fills NULLs, and removes rows that still hold one.

    In this order. Every `fill` sees the columns as they were before any of them. Rows removed are
    counted under `filtered`.
    """

    sentinels: dict[str, Value | list[Value]] = Field(default_factory=dict)
    """Column → the value or values that stand for none there, such as `-999`: they become NULL."""
    fill: dict[str, Value | Fill] = Field(default_factory=dict)
    """Column → the value that a NULL becomes, or where it comes from."""
    drop_rows: list[str] = Field(default_factory=list)
    """A row with a NULL in any of these columns is removed."""

    @model_validator(mode="after")
    def _does_something(self) -> Nulls:
        if not self.fill and not self.drop_rows and not self.sentinels:
            raise refuse("`nulls` needs `sentinels`, `fill` or `drop_rows`")
        return self

    def build(self, given: Input) -> Built:
        """Projections, groups beside the rows, and a filter, each where it is asked for."""
        built = Built(dict(given.columns))
        self._sentinels(given, built)
        filling = Filling(given)
        for name, value in self.fill.items():
            type_name = given.columns.get(name)
            if name not in given.columns:
                path = ("fill", name)
                built.problems.append(unknown_column(name, given.columns, path, at_key=True))
            elif isinstance(value, Fill):
                filling.add(name, value, ("fill", name))
            elif type_name is not None:
                misfit = given.binder.misfit(value, type_name)
                if misfit:
                    built.problems.append(Problem("PSK-STEP-040", misfit, ("fill", name)))
                filling.made[name] = _coalesced(name, typed(value, type_name))
        built.problems += filling.problems
        for i, name in enumerate(self.drop_rows):
            if name not in given.columns:
                built.problems.append(unknown_column(name, given.columns, ("drop_rows", i)))
            elif name in self.fill and not isinstance(self.fill[name], Fill):
                message = f"`{name}` is filled, so that no row is dropped for it"
                hint = "take it out of `fill` or out of `drop_rows`"
                built.problems.append(Problem("PSK-STEP-041", message, ("drop_rows", i), hint))
        if filling.made:
            built.operations += filling.operations
            built.operations.append(Project(replaced(given.columns, filling.made)))
        if self.drop_rows:
            built.operations.append(Filter(_all_present(self.drop_rows)))
        return built

    def _sentinels(self, given: Input, built: Built) -> None:
        made: dict[str, exp.Expr] = {}
        for name, value in self.sentinels.items():
            path: tuple[str | int, ...] = ("sentinels", name)
            type_name = given.columns.get(name)
            if name not in given.columns:
                built.problems.append(unknown_column(name, given.columns, path, at_key=True))
            elif type_name is not None:
                values: list[Scalar] = list(value) if isinstance(value, list) else [value]
                for i, one in enumerate(values):
                    misfit = given.binder.misfit(one, type_name)
                    at = (*path, i) if isinstance(value, list) else path
                    if misfit:
                        built.problems.append(Problem("PSK-STEP-040", misfit, at))
                if values and family(type_name) not in {"list", "struct", "map", "json"}:
                    made[name] = _emptied(name, [typed(v, type_name) for v in values])
        if made:
            built.operations.append(Project(replaced(given.columns, made)))


def _emptied(name: str, values: list[exp.Expr]) -> exp.Expr:
    found = exp.In(this=column(name), expressions=values)
    return exp.Case(ifs=[exp.If(this=found, true=exp.Null())], default=column(name))


def _coalesced(name: str, value: exp.Expr) -> exp.Expr:
    return exp.Coalesce(this=column(name), expressions=[value])


def _all_present(names: list[str]) -> exp.Expr:
    present = [exp.Not(this=exp.Is(this=column(n), expression=exp.Null())) for n in names]
    predicate: exp.Expr = exp.and_(*present, copy=False)
    return predicate
