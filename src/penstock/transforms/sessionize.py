"""sessionize: `sessionize: {by: [visitor], time: at, gap: 30 minutes}`."""

from __future__ import annotations

from pydantic import Field
from sqlglot import exp

from penstock.quantities import seconds
from penstock.spec.quantities import Duration  # noqa: TC001  # pydantic reads it
from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.names import column, fresh
from penstock.transforms.operations import Project
from penstock.transforms.reading import misfit, new_names, unknown
from penstock.transforms.templates import filled


class Sessionize(Step):
    """Numbers the sessions of each visitor: a row more than `gap` after the one before begins one.

    Adds the number of the session, from 1 for each visitor, and the time it started. Numbers count
    in the rows that the run reads; the start, with `by`, names a session for good (make a
    `surrogate_key` of them). A row without a time is in no session: both are NULL.
    """

    by: list[str] = Field(default_factory=list)
    """Columns that say whose sessions they are (NULLs agree); none: all rows are one visitor's."""
    time: str
    """The column of the time: a date, timestamp or timestamptz."""
    gap: Duration
    """The longest time without a row within a session, such as `30 minutes`."""
    session: str = "session"
    """The new column of the session's number."""
    start: str = "session_start"
    """The new column of the time that the session started."""

    def build(self, given: Input) -> Built:
        """Three windows, each over what the one before found."""
        built = Built(dict(given.columns))
        built.problems += unknown(self.by, given.columns, ("by",))
        wrong = misfit(self.time, given.columns, {"date"}, ("time",), step="sessionize")
        built.problems += [wrong] if wrong else []
        built.problems += new_names(
            [
                (self.session, ("session",) if "session" in self.model_fields_set else ()),
                (self.start, ("start",) if "start" in self.model_fields_set else ()),
            ],
            given.columns,
        )
        if self.time in self.by:
            message = f"`{self.time}` is the time, and is no visitor too"
            built.problems.append(Problem("PSK-STEP-016", message, ("by",)))
        type_name = given.columns.get(self.time)
        built.columns |= {self.session: "bigint", self.start: type_name}
        if built.problems or type_name is None:
            return built
        plain: dict[str, exp.Expr] = {name: column(name) for name in given.columns}
        begins = fresh("begins", [*plain, self.session, self.start])
        by: list[exp.Expr] = [column(b) for b in self.by]
        began = {**plain, begins: self._begins(by, type_name)}
        number = _over(exp.Count(this=column(begins)), by, [self._in_time()], running=True)
        numbered = filled("CASE WHEN NOT $t IS NULL THEN $n END", t=column(self.time), n=number)
        start = _over(exp.Min(this=column(self.time)), [*by, column(self.session)], [])
        built.operations += [
            Project(began),
            Project({**plain, self.session: numbered}),
            Project({**plain, self.session: column(self.session), self.start: start}),
        ]
        return built

    def _begins(self, by: list[exp.Expr], type_name: str) -> exp.Expr:
        """1 for a row that begins a session, else NULL.

        Of rows of the same time any may be the one: the number counts all rows of a time at once.
        """
        at = column(self.time) if type_name != "date" else exp.cast(column(self.time), "timestamp")
        now = exp.Anonymous(this="epoch_us", expressions=[at])
        before = _over(exp.Lag(this=now.copy()), by, [self._in_time()])
        gap = exp.Literal.number(round(seconds(self.gap) * 1_000_000))
        return filled(
            "CASE WHEN $now IS NULL THEN NULL "
            "WHEN $before IS NULL OR $now - $before > $gap THEN 1 END",
            now=now,
            before=before,
            gap=gap,
        )

    def _in_time(self) -> exp.Ordered:
        return exp.Ordered(this=column(self.time), desc=False, nulls_first=False)


def _over(
    function: exp.Expr, by: list[exp.Expr], order: list[exp.Ordered], *, running: bool = False
) -> exp.Window:
    """A window; `running`: all rows up to the row's own time, those of the same time too."""
    window = exp.Window(this=function, partition_by=[b.copy() for b in by])
    if order:
        window.set("order", exp.Order(expressions=[o.copy() for o in order]))
    if running:
        spec = {"kind": "RANGE", "start": "UNBOUNDED", "start_side": "PRECEDING"}
        window.set("spec", exp.WindowSpec(**spec, end="CURRENT ROW"))
    return window
