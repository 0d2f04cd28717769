"""Where the values come from that `nulls` fills NULLs with, if they are not written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator
from sqlglot import exp

from penstock import types
from penstock.spec.base import Model
from penstock.spec.refusal import refuse
from penstock.transforms.base import Problem, unknown_column
from penstock.transforms.expressions import Reader
from penstock.transforms.group_values import GroupMode, GroupValues
from penstock.transforms.names import cast, column, fresh
from penstock.transforms.operations import Project
from penstock.transforms.ordering import read_order, with_ties_broken
from penstock.transforms.reading import misfit
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from penstock.transforms.base import Input, Operation

Path = tuple[str | int, ...]
_COMPARED = {"number", "text", "date", "time", "boolean"}


class Fill(Model):
    """Where a value comes from: one of `column`, `statistic`, `direction`."""

    column: str | None = None
    """The value of this column of the same row."""
    statistic: Literal["mean", "median", "mode"] | None = None
    """Of the rows that agree in `by`: the mean or the median, rounded to the column's type, or the
    commonest value; of values that come equally often, the least."""
    direction: Literal["forward", "backward"] | None = None
    """The last value before the row in `order_by`, or the first one after it."""
    by: list[str] = Field(default_factory=list)
    """Columns whose values make a group, for `statistic` and `direction`; none: all rows."""
    order_by: list[str] = Field(default_factory=list)
    """For `direction`: `COLUMN [asc|desc] [nulls first|last]`. Ties are broken by the remaining
    columns."""

    @model_validator(mode="after")
    def _one_way(self) -> Fill:
        ways = [w for w in ("column", "statistic", "direction") if getattr(self, w) is not None]
        if len(ways) != 1:
            raise refuse("a fill is a value, or one of `column`, `statistic`, `direction`")
        if self.direction and not self.order_by:
            raise refuse("`direction` needs `order_by`")
        if self.order_by and not self.direction:
            raise refuse("`order_by` is for `direction`")
        if self.by and self.column:
            raise refuse("`by` is for `statistic` and `direction`")
        return self


class Filling:
    """The operations that put the values beside the rows, and what the columns become.

    Attributes:
        made: column → its value, over the columns with those of `operations` beside them.
    """

    def __init__(self, given: Input) -> None:
        self._given = given
        self._columns = list(given.columns)
        self.operations: list[Operation] = []
        self.made: dict[str, exp.Expr] = {}
        self.problems: list[Problem] = []

    def add(self, name: str, fill: Fill, path: Path) -> None:
        """Fill a column that is there."""
        columns = self._given.columns
        before = len(self.problems)
        self.problems += [
            unknown_column(one, columns, (*path, "by", i))
            for i, one in enumerate(fill.by)
            if one not in columns
        ]
        type_name = columns[name]
        if fill.column is not None:
            found = self._same_row(name, fill.column, (*path, "column"))
        elif fill.direction is not None:
            found = self._neighbour(name, fill, path)
        else:
            found = self._statistic(name, fill, path)
        if found is not None and type_name is not None and len(self.problems) == before:
            self.made[name] = exp.Coalesce(this=column(name), expressions=[found])

    def _same_row(self, name: str, other: str, path: Path) -> exp.Expr | None:
        columns = self._given.columns
        if other not in columns:
            self.problems.append(unknown_column(other, columns, path))
            return None
        mine, theirs = columns[name], columns[other]
        if mine is None or theirs is None:
            return None
        if mine != theirs:
            message = f"`{name}` is {mine} and `{other}` is {theirs}"
            hint = f"cast one of them first, such as `cast: {{{other}: {mine}}}`"
            self.problems.append(Problem("PSK-STEP-040", message, path, hint))
        return column(other)

    def _statistic(self, name: str, fill: Fill, path: Path) -> exp.Expr | None:
        wanted = _COMPARED if fill.statistic == "mode" else {"number"}
        at = (*path, "statistic")
        wrong = misfit(name, self._given.columns, wanted, at, step=f"{fill.statistic}")
        type_name = self._given.columns[name]
        if wrong or type_name is None:
            self.problems += [wrong] if wrong else []
            return None
        beside = fresh(f"{name}_{fill.statistic}", self._columns)
        self._columns.append(beside)
        by = tuple(dict.fromkeys(fill.by))
        if fill.statistic == "mode":
            self.operations.append(GroupMode(by, name, beside))
            return column(beside)
        sql = "avg($x)" if fill.statistic == "mean" else "quantile_cont(CAST($x AS DOUBLE), 0.5)"
        value = filled(sql, x=column(name))
        self.operations.append(GroupValues(by, {beside: value}))
        if type_name == "double":
            return column(beside)
        scale = (types.parse(type_name).numbers or (0, 0))[1]
        return cast(filled("round($x, $scale)", x=column(beside), scale=scale), type_name)

    def _neighbour(self, name: str, fill: Fill, path: Path) -> exp.Expr | None:
        reader = Reader(self._given, noun="an ordering")
        terms = read_order(fill.order_by, reader, self._given.columns, "order_by")
        for found in reader.problems:
            at = (*path, *found.path)
            self.problems.append(
                Problem(found.code, found.message, at, found.hint, found.offset, found.length)
            )
        if reader.problems:
            return None
        order = with_ties_broken(terms, self._given.columns)
        if fill.direction == "backward":
            order = [
                exp.Ordered(
                    this=o.this, desc=not o.args["desc"], nulls_first=not o.args["nulls_first"]
                )
                for o in order
            ]
        run = fresh(f"{name}_run", self._columns)
        beside = fresh(f"{name}_{fill.direction}", [*self._columns, run])
        by: list[exp.Expr] = [column(b) for b in fill.by]
        counted = _over(exp.Count(this=column(name)), by, order, running=True)
        first = _over(exp.FirstValue(this=column(name)), [*by, column(run)], order)
        plain: dict[str, exp.Expr] = {c: column(c) for c in self._columns}
        self.operations.append(Project({**plain, run: counted}))
        self.operations.append(Project({**plain, beside: first}))
        self._columns.append(beside)
        return column(beside)


def _over(
    function: exp.Expr, by: list[exp.Expr], order: list[exp.Ordered], *, running: bool = False
) -> exp.Window:
    """A window over a group in an order; `running`: up to the row itself."""
    frame = exp.WindowSpec(
        kind="ROWS",
        start="UNBOUNDED",
        start_side="PRECEDING",
        end="CURRENT ROW" if running else "UNBOUNDED",
        end_side=None if running else "FOLLOWING",
    )
    return exp.Window(
        this=function,
        partition_by=[b.copy() for b in by],
        order=exp.Order(expressions=[o.copy() for o in order]),
        spec=frame,
    )
