"""scale: `scale: {columns: {delay: z_score, distance: min_max}}`: numbers to one scale."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator
from sqlglot import exp

from penstock.spec.base import Model
from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Step
from penstock.transforms.names import column
from penstock.transforms.operations import Project, replaced
from penstock.transforms.reading import Path, misfit, new_names, unknown
from penstock.transforms.templates import filled

Method = Literal["min_max", "z_score"]


class ScaleTo(Model):
    """A scale in its long form."""

    method: Method
    """`min_max`: from the smallest to the largest value. `z_score`: how many standard deviations
    from the mean."""
    into: str | None = None
    """A new column instead of the old one's place."""
    range: list[float] = Field(default_factory=lambda: [0.0, 1.0], min_length=2, max_length=2)
    """With `min_max`: what the smallest and the largest value become."""

    @model_validator(mode="after")
    def _rising(self) -> ScaleTo:
        if self.range[0] >= self.range[1]:
            raise refuse("`range` is the lower end, then the upper one")
        if self.method != "min_max" and self.range != [0.0, 1.0]:
            raise refuse("`range` goes with `min_max`")
        return self


class Scale(Step):
    """Brings numbers to one scale, over all rows or within each group. They become doubles.

    `min_max` makes the smallest value 0 and the largest 1; `z_score` takes the mean away and
    divides by the standard deviation of the whole (not of a sample). Where all values are the same
    the result is 0, or the lower end of the range. NULL stays NULL.
    """

    columns: dict[str, Method | ScaleTo] = Field(min_length=1)
    """Column of numbers → `min_max`, `z_score`, or the long form."""
    by: list[str] = Field(default_factory=list)
    """Columns whose values make a group; none: all rows are one."""

    def build(self, given: Input) -> Built:
        """One projection with windows."""
        built = Built(dict(given.columns), problems=unknown(self.by, given.columns, ("by",)))
        made: dict[str, exp.Expr] = {}
        names: list[tuple[str, Path]] = []
        for name, wanted in self.columns.items():
            path: Path = ("columns", name)
            wrong = misfit(name, given.columns, ("number",), path, step="scale", at_key=True)
            if wrong:
                built.problems.append(wrong)
                continue
            to = ScaleTo(method=wanted) if isinstance(wanted, str) else wanted
            if to.into is not None:
                names.append((to.into, (*path, "into")))
            new = to.into if to.into is not None else name
            made[new] = self._scaled(name, to)
            built.columns[new] = "double"
        built.problems += new_names(names, given.columns)
        built.operations.append(Project(replaced(given.columns, made)))
        return built

    def _scaled(self, name: str, to: ScaleTo) -> exp.Expr:
        value = filled("CAST($x AS double)", x=column(name))
        least, most = self._over("min($x)", column(name)), self._over("max($x)", column(name))
        if to.method == "z_score":
            return filled(
                "CASE WHEN $x IS NULL THEN NULL WHEN $least = $most THEN CAST(0 AS double) "
                "ELSE ($value - $mean) / $spread END",
                x=column(name),
                least=least,
                most=most,
                value=value,
                mean=self._over("avg($x)", value),
                spread=self._over("stddev_pop($x)", value),
            )
        low, high = (exp.Literal.number(repr(end)) for end in to.range)
        return filled(
            "CASE WHEN $x IS NULL THEN NULL WHEN $least = $most THEN CAST($low AS double) "
            "ELSE CAST($low AS double) + (CAST($high AS double) - CAST($low AS double)) "
            "* ($value - CAST($least AS double)) / (CAST($most AS double) - CAST($least AS double))"
            " END",
            x=column(name),
            least=least,
            most=most,
            value=value,
            low=low,
            high=high,
        )

    def _over(self, call: str, value: exp.Expr) -> exp.Window:
        return exp.Window(
            this=filled(call, x=value), partition_by=[column(name) for name in self.by]
        )
