"""conform: `conform: {columns: {id: bigint, name: varchar}, surplus: drop}`: to a schema."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from sqlglot import exp

from penstock.diagnostics import did_you_mean
from penstock.spec.base import Model
from penstock.spec.models import TypeText  # noqa: TC001  # pydantic reads it
from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.expressions import typed
from penstock.transforms.names import cast, column, data_type
from penstock.transforms.operations import Project


class Wanted(Model):
    """A column of the schema in its long form."""

    type: TypeText
    """Penstock type, e.g. `date`."""
    default: str | bool | int | float | None = None
    """Its value where the rows have no such column; NULL by default."""


class Conform(Step):
    """Brings rows to a schema: these columns, in this order, of these types.

    What does not fit is told before anything runs, but for values that are not of a type.
    """

    columns: dict[str, TypeText | Wanted] = Field(min_length=1)
    """Column → Penstock type, or the long form. Names are compared without letter case."""
    missing: Literal["fail", "null"] | None = "fail"
    """A column without a default that the rows do not have: an error, or NULL."""
    surplus: Literal["fail", "drop"] = "fail"
    """A column of the rows that is not listed: an error, or it goes."""
    on_error: Literal["fail", "null"] | None = "fail"
    """A value that is not of the type: the run fails, or it becomes NULL."""

    def build(self, given: Input) -> Built:
        """One projection."""
        built = Built({})
        by_lower = {name.lower(): name for name in given.columns}
        made: dict[str, exp.Expr] = {}
        taken: set[str] = set()
        for name, to in self.columns.items():
            wanted = Wanted(type=to) if isinstance(to, str) else to
            there = name if name in given.columns else by_lower.get(name.lower())
            built.columns[name] = wanted.type
            if there is None:
                made[name] = self._absent(given, name, wanted, built)
                continue
            if there in taken:
                message = f"two columns would be made of `{there}`"
                path = ("columns", name)
                built.problems.append(Problem("PSK-STEP-016", message, path, at_key=True))
            taken.add(there)
            made[name] = self._cast(given, name, there, wanted.type, built)
        rest = [name for name in given.columns if name not in taken]
        if rest and self.surplus == "fail":
            message = f"`{rest[0]}` is not in the schema"
            if len(rest) > 1:
                message = f"{', '.join(f'`{name}`' for name in rest)} are not in the schema"
            hint = "list it, or say `surplus: drop`"
            built.problems.append(Problem("PSK-STEP-064", message, ("columns",), hint, at_key=True))
        built.operations.append(Project(made))
        return built

    def _absent(self, given: Input, name: str, wanted: Wanted, built: Built) -> exp.Expr:
        if wanted.default is not None:
            wrong = given.binder.misfit(wanted.default, wanted.type)
            if wrong:
                path = ("columns", name, "default")
                built.problems.append(Problem("PSK-STEP-040", wrong, path))
                return exp.Null()
            return cast(typed(wanted.default, wanted.type), wanted.type)
        if self.missing == "fail":
            near = did_you_mean(name, given.columns, noun="columns")
            hint = near or "give it a default, or say `missing: null`"
            message = f"the rows have no column `{name}`"
            built.problems.append(
                Problem("PSK-STEP-064", message, ("columns", name), hint, at_key=True)
            )
        return cast(exp.Null(), wanted.type)

    def _cast(self, given: Input, name: str, there: str, to: str, built: Built) -> exp.Expr:
        source = given.columns[there]
        if source is None or source == to:
            return column(there)
        if not given.binder.castable(source, to):
            message = f"`{there}` is {source} and cannot be cast to {to}"
            built.problems.append(Problem("PSK-STEP-019", message, ("columns", name)))
        kind = exp.Cast if self.on_error == "fail" else exp.TryCast
        return kind(this=column(there), to=data_type(to))
