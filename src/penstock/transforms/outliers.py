"""outliers: `outliers: {columns: arr_delay, by: [carrier], method: iqr, action: flag}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from sqlglot import exp

from penstock import types
from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.group_values import GroupValues
from penstock.transforms.hold import Hold, RowRule
from penstock.transforms.names import column, fresh
from penstock.transforms.operations import Project, replaced
from penstock.transforms.reading import misfit
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from penstock.transforms.base import Columns

_DEFAULT = {"iqr": 1.5, "z_score": 3.0}
# NaN and the infinities would make every mean NaN; they are outliers themselves.
_FINITE = (
    "CASE WHEN $x > CAST('-Infinity' AS DOUBLE) AND $x < CAST('Infinity' AS DOUBLE) THEN $x END"
)


class Outliers(Step):
    """Finds values far from the others of their column: flags, clips, empties or holds them.

    With `iqr`, a value is far when it lies more than `threshold` times the distance of the
    quartiles below the first or above the third; with `z_score`, more than `threshold` standard
    deviations (of a sample) from the mean. NULL is never an outlier, NaN and the infinities always
    are and count for no bound. A group whose values are all the same has no outliers.
    """

    columns: str | list[str] = Field(min_length=1)
    """Columns of numbers, each with bounds of its own."""
    by: list[str] = Field(default_factory=list)
    """Columns whose values make a group that is looked at alone; none: all rows are one."""
    method: Literal["iqr", "z_score"] = "iqr"
    """How far is too far."""
    threshold: float | None = Field(default=None, gt=0)
    """How many distances of the quartiles (1.5 unless given), or standard deviations (3)."""
    action: Literal["flag", "clip", "null", "quarantine"] = "flag"
    """A column says it; or the value becomes the nearest that is no outlier (`clip`); or NULL; or
    the row is held in quarantine."""
    flag: str = Field(default="is_outlier", min_length=1)
    """With `action: flag`: the new column, true where any of the columns holds an outlier."""

    def build(self, given: Input) -> Built:
        """Bounds of each group beside its rows, and what they decide."""
        built = Built(dict(given.columns))
        names = [self.columns] if isinstance(self.columns, str) else self.columns
        for i, name in enumerate(names):
            path = ("columns",) if isinstance(self.columns, str) else ("columns", i)
            wrong = misfit(name, given.columns, {"number"}, path, step="outliers")
            built.problems += [wrong] if wrong else []
        built.problems += [
            unknown_column(name, given.columns, ("by", i))
            for i, name in enumerate(self.by)
            if name not in given.columns
        ]
        built.problems += self._flag_problems(given.columns)
        if self.action == "flag":
            built.columns[self.flag] = "boolean"
        if built.problems or any(given.columns[n] is None for n in names):
            return built
        bounds = _Bounds(given.columns, list(dict.fromkeys(names)))
        built.operations.append(
            GroupValues(tuple(dict.fromkeys(self.by)), self._values(bounds, given.columns))
        )
        built.operations += self._decided(given.columns, bounds)
        return built

    def _flag_problems(self, columns: Columns) -> list[Problem]:
        if self.action != "flag":
            if "flag" not in self.model_fields_set:
                return []
            message = f"`flag` names a column of `action: flag`, and the action is `{self.action}`"
            return [Problem("PSK-STEP-032", message, ("flag",), "take one of the two away")]
        if self.flag.lower() not in {c.lower() for c in columns}:
            return []
        message = f"there is a column `{self.flag}` already"
        path = ("flag",) if "flag" in self.model_fields_set else ()
        return [Problem("PSK-STEP-016", message, path, "give it another name: `flag: NAME`")]

    def _values(self, bounds: _Bounds, columns: Columns) -> dict[str, exp.Expr]:
        values: dict[str, exp.Expr] = {}
        for name, low, high in bounds.of:
            x = filled("CAST($x AS DOUBLE)", x=column(name))
            if columns[name] == "double":
                x = filled(_FINITE, x=column(name))
            if self.method == "iqr":
                values[low] = filled("quantile_cont($x, 0.25)", x=x)
                values[high] = filled("quantile_cont($x, 0.75)", x=x)
            else:
                # Values that are all the same may have a mean beside them, by rounding.
                differ = "CASE WHEN min($x) < max($x) THEN {} END"
                values[low] = filled(differ.format("avg($x)"), x=x)
                values[high] = filled(differ.format("stddev_samp($x)"), x=x)
        return values

    def _decided(self, columns: Columns, bounds: _Bounds) -> list[Project | Hold]:
        """Projections over the columns and, for each, the two values that bounds come from."""
        factor = exp.cast(exp.Literal.number(repr(self._threshold)), "double")
        lower = "$low - $k * ($high - $low)" if self.method == "iqr" else "$low - $k * $high"
        upper = "$high + $k * ($high - $low)" if self.method == "iqr" else "$low + $k * $high"
        outside: list[exp.Expr] = []
        made: dict[str, exp.Expr] = {}
        for name, low, high in bounds.of:
            parts = {"x": column(name), "low": column(low), "high": column(high), "k": factor}
            below = filled(f"CAST($x AS DOUBLE) < {lower}", **parts)
            above = filled(f"CAST($x AS DOUBLE) > {upper}", **parts)
            if columns[name] == "double":
                # An infinity is outside also where there are no bounds.
                below = exp.or_(below, filled("$x = CAST('-Infinity' AS DOUBLE)", **parts))
                above = exp.or_(above, filled("$x >= CAST('Infinity' AS DOUBLE)", **parts))
            outside.append(exp.func("coalesce", exp.or_(below, above), exp.false()))
            type_name = str(columns[name])
            least, most = _inward(type_name, filled(lower, **parts), filled(upper, **parts))
            ifs = [exp.If(this=below, true=least), exp.If(this=above, true=most)]
            if self.action == "null":
                ifs = [exp.If(this=exp.or_(below, above), true=exp.Null())]
            made[name] = exp.Case(ifs=ifs, default=column(name))
        plain: dict[str, exp.Expr] = {name: column(name) for name in columns}
        if self.action in {"clip", "null"}:
            return [Project(replaced(columns, made))]
        flag = self.flag if self.action == "flag" else fresh("is_outlier", columns)
        flagged = Project({**plain, flag: exp.or_(*outside, copy=False)})
        if self.action == "flag":
            return [flagged]
        held = {**columns, flag: "boolean"}
        rule = RowRule(self._told([n for n, _, _ in bounds.of]), exp.Not(this=column(flag)))
        return [flagged, Hold(held, (rule,)), Project(plain)]

    @property
    def _threshold(self) -> float:
        return _DEFAULT[self.method] if self.threshold is None else self.threshold

    def _told(self, names: list[str]) -> str:
        far = f"{self._threshold:g} " + (
            "times the distance of the quartiles from them"
            if self.method == "iqr"
            else "standard deviations from the mean"
        )
        by = f" of the same {', '.join(self.by)}" if self.by else ""
        return f"no outlier in {', '.join(names)}: at most {far}{by}"


class _Bounds:
    """Each column with names for the two values its bounds are computed from."""

    def __init__(self, columns: Columns, names: list[str]) -> None:
        taken = list(columns)
        self.of: list[tuple[str, str, str]] = []
        for name in names:
            low = fresh("low", taken)
            high = fresh("high", [*taken, low])
            taken += [low, high]
            self.of.append((name, low, high))


def _inward(type_name: str, lower: exp.Expr, upper: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """The bounds as values of a column's type, rounded to the inside: none is an outlier itself."""
    if type_name == "double":
        return lower, upper
    scale = (types.parse(type_name).numbers or (0, 0))[1]
    if not scale:
        return (
            filled(f"CAST(ceil($x) AS {type_name})", x=lower),
            filled(f"CAST(floor($x) AS {type_name})", x=upper),
        )
    whole = f"CAST({{}}($x * 1{'0' * scale}) AS DECIMAL({38 - scale}, 0))"
    units = f"CAST({whole} * 0.{'0' * (scale - 1)}1 AS {type_name})"
    return filled(units.format("ceil"), x=lower), filled(units.format("floor"), x=upper)
