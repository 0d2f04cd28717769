"""window: `window: {by: [carrier], order_by: [day], columns: {so_far: {running: sum(delay)}}}`."""

from __future__ import annotations

from pydantic import Field
from sqlglot import exp

from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.expressions import Reader, typed
from penstock.transforms.measures import read_measure
from penstock.transforms.names import cast, column
from penstock.transforms.operations import Project, replaced
from penstock.transforms.ordering import read_order, with_ties_broken
from penstock.transforms.reading import Path, misfit, new_names, unknown
from penstock.transforms.templates import filled
from penstock.transforms.window_columns import Number, WindowColumn, distance

_WITHOUT_ORDER = {"total", "share"}
_NUMBERS = {"row_number": exp.RowNumber, "rank": exp.Rank, "dense_rank": exp.DenseRank}
_VALUES = {"lag": exp.Lag, "lead": exp.Lead, "first": exp.FirstValue, "last": exp.LastValue}


class Window(Step):
    """Adds columns that are computed from the other rows of a group, in an order.

    No row goes and none comes. Rows that tie in `order_by` are ordered by their remaining columns
    where that would change the result, so that the same rows give the same result; `rank` and
    `dense_rank` give them the same number.
    """

    by: list[str] = Field(default_factory=list)
    """Columns whose values make a group; none: all rows are one. NULLs are one group."""
    order_by: list[str] = Field(default_factory=list)
    """`COLUMN [asc|desc] [nulls first|last]`. NULLs come last by default. Only `total` and `share`
    do without."""
    columns: dict[str, Number | WindowColumn] = Field(min_length=1)
    """New column → `row_number`, `rank`, `dense_rank`, or what it is computed from."""

    def build(self, given: Input) -> Built:
        """One projection."""
        return _Building(self, given).built()


class _Building:
    """A window step on its input."""

    def __init__(self, step: Window, given: Input) -> None:
        self._step = step
        self._given = given
        self._aggregates = Reader(given, noun="a window's aggregate", by=())
        self._problems = unknown(step.by, given.columns, ("by",))
        reader = Reader(given, noun="an ordering")
        self._terms = read_order(step.order_by, reader, given.columns, "order_by")
        self._problems += reader.problems

    def built(self) -> Built:
        columns = self._given.columns
        built = Built(dict(columns))
        made: dict[str, exp.Expr] = {}
        for name, wanted in self._step.columns.items():
            built.columns[name] = None
            if self._unordered(name, wanted):
                continue
            if isinstance(wanted, str):
                broken = wanted == "row_number"
                made[name] = self._window(_NUMBERS[wanted](), broken=broken)
                built.columns[name] = "bigint"
                continue
            found = self._made(wanted, ("columns", name))
            if found is not None:
                made[name], built.columns[name] = found
        self._problems += self._aggregates.problems
        names: list[tuple[str, Path]] = [(n, ("columns", n)) for n in self._step.columns]
        built.problems = self._problems + new_names(names, columns)
        built.operations.append(Project(replaced(columns, made)))
        return built

    def _unordered(self, name: str, wanted: Number | WindowColumn) -> bool:
        kind = wanted if isinstance(wanted, str) else wanted.kind
        if self._step.order_by or kind in _WITHOUT_ORDER:
            return False
        message = f"`{kind}` depends on the order of the rows, and there is none"
        hint = "add `order_by: [COLUMN]`"
        self._problems.append(Problem("PSK-STEP-060", message, ("columns", name), hint))
        return True

    def _made(self, wanted: WindowColumn, path: Path) -> tuple[exp.Expr, str | None] | None:
        kind, place = wanted.kind, (*path, wanted.kind)
        if kind in {"running", "rolling", "total"}:
            return self._aggregate(wanted, place)
        columns = self._given.columns
        if kind == "share":
            problem = misfit(wanted.of, columns, ("number",), place, step="share")
            if problem:
                self._problems.append(problem)
                return None
            return self._share(column(wanted.of)), "double"
        if wanted.of not in columns:
            self._problems.append(unknown_column(wanted.of, columns, place))
            return None
        type_name = columns[wanted.of]
        return self._value(wanted, type_name, path), type_name

    def _aggregate(self, wanted: WindowColumn, place: Path) -> tuple[exp.Expr, str | None] | None:
        measure = read_measure(wanted.of, self._aggregates, place)
        if measure is None or measure.type is None:
            return None
        spec: exp.WindowSpec | None = None
        broken = wanted.rows is not None or wanted.kind == "running"
        if wanted.kind == "running":
            spec = _frame("ROWS", "UNBOUNDED")
        elif wanted.rows is not None:
            back = wanted.rows - 1
            spec = _frame("ROWS", exp.Literal.number(back) if back else None)
        elif wanted.range is not None:
            far = self._far(wanted.range, (*place[:-1], "range"))
            if far is None:
                return None
            spec = _frame("RANGE", far)
        ordered = wanted.kind != "total"
        window = self._window(exp.Null(), broken=broken, ordered=ordered, spec=spec)
        return measure.over(window), measure.type

    def _far(self, given: int | str, path: Path) -> exp.Expr | None:
        columns = self._given.columns
        if any(columns.get(t.tree.name, "") is None for t in self._terms):
            return None
        type_name = self._type_of_order()
        found = distance(given, type_name) if type_name else None
        if found is None:
            message = "a range needs one ordering term that it can be taken from"
            if type_name:
                message = f"`{given}` cannot be taken from {type_name}, which `order_by` orders by"
            hint = "a number for whole numbers and decimals, such as `7 days` for dates and times"
            self._problems.append(Problem("PSK-STEP-061", message, path, hint))
        return found

    def _type_of_order(self) -> str | None:
        """The type of the only ordering term, if that is a column."""
        if len(self._terms) != 1 or not isinstance(self._terms[0].tree, exp.Column):
            return None
        return self._given.columns.get(self._terms[0].tree.name)

    def _share(self, value: exp.Expr) -> exp.Expr:
        total = self._window(exp.Sum(this=value), ordered=False)
        return filled(
            "CAST($x AS double) / NULLIF(CAST($total AS double), 0)", x=value, total=total
        )

    def _value(self, wanted: WindowColumn, type_name: str | None, path: Path) -> exp.Expr:
        call: exp.Expr = _VALUES[wanted.kind](this=column(wanted.of))
        if wanted.kind in {"first", "last"}:
            return self._window(call, broken=True, spec=_frame("ROWS", "UNBOUNDED", "UNBOUNDED"))
        call.set("offset", exp.Literal.number(wanted.offset or 1))
        if wanted.default is not None and type_name is not None:
            wrong = self._given.binder.misfit(wanted.default, type_name)
            if wrong:
                self._problems.append(Problem("PSK-STEP-040", wrong, (*path, "default")))
            else:
                call.set("default", cast(typed(wanted.default, type_name), type_name))
        return self._window(call, broken=True)

    def _window(
        self,
        call: exp.Expr,
        *,
        broken: bool = False,
        ordered: bool = True,
        spec: exp.WindowSpec | None = None,
    ) -> exp.Window:
        """A call over the group.

        Args:
            broken: ties are broken by the remaining columns.
        """
        by = self._step.by
        order = [t.ordered() for t in self._terms]
        if broken:
            order = with_ties_broken(self._terms, [c for c in self._given.columns if c not in by])
        return exp.Window(
            this=call,
            partition_by=[column(name) for name in by],
            order=exp.Order(expressions=order) if ordered else None,
            spec=spec,
        )


def _frame(kind: str, start: exp.Expr | str | None, end: str | None = None) -> exp.WindowSpec:
    """From `start` before the row to the row, or to `end` after it."""
    return exp.WindowSpec(
        kind=kind,
        start=start or "CURRENT ROW",
        start_side="PRECEDING" if start else None,
        end=end or "CURRENT ROW",
        end_side="FOLLOWING" if end else None,
    )
