"""calendar: `calendar: {date: day, take: [year, iso_week, weekday_name]}`: what a date is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from penstock.spec.base import Model, Name
from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.calendar_parts import PARTS, fiscal
from penstock.transforms.names import cast, column, fresh
from penstock.transforms.operations import Project, replaced
from penstock.transforms.reading import misfit, new_names
from penstock.transforms.take import Take
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from sqlglot import exp

    from penstock.transforms.base import Columns

Part = Literal[
    "year", "quarter", "month", "day", "day_of_year", "month_name", "iso_year", "iso_week",
    "weekday", "weekday_name", "is_weekend", "is_leap_year", "days_in_month", "month_start",
    "month_end", "quarter_start", "year_start", "week_start", "date_key", "fiscal_year",
    "fiscal_quarter", "holiday", "is_holiday", "is_business_day",
]  # fmt: skip
"""`weekday` is 1 for Monday to 7 for Sunday; names are English; `date_key` is 20130228."""
_HOLIDAYS = {"holiday", "is_holiday"}


class Holidays(Model):
    """A table of holidays, a row for each day."""

    from_: Name = Field(alias="from")
    """The dataset."""
    date: str
    """Its column of the date."""
    name: str | None = None
    """Its column of the holiday's name."""


class Calendar(Step):
    """Adds columns that say what a date is: its ISO week, quarter, fiscal year, weekday, holiday.

    A NULL date has NULL in all of them, also in `is_holiday`. A day that stands in the table of
    holidays twice fails the run. A business day is a Monday to Friday that is no holiday.
    """

    date: str
    """The column of the date, or of a timestamp without a zone."""
    take: list[Part] | dict[str, Part] = Field(min_length=1)
    """What to add; or new column → what."""
    fiscal_year_starts: int = Field(default=1, ge=1, le=12)
    """The month in which the fiscal year starts."""
    fiscal_year_named: Literal["end", "start"] = "end"
    """The year that names a fiscal year: the one it ends in, or starts in."""
    holidays: Holidays | None = None
    """Where the holidays stand, for `holiday`, `is_holiday` and `is_business_day`."""

    def build(self, given: Input) -> Built:
        """One projection, on a lookup where there are holidays."""
        take: dict[str, Part] = dict(
            self.take.items() if isinstance(self.take, dict) else ((p, p) for p in self.take)
        )
        built = Built(dict(given.columns), problems=self._problems(given, take))
        theirs = given.datasets.get(self.holidays.from_) if self.holidays else None
        name_type = (theirs or {}).get(self.holidays.name or "") if self.holidays else None
        for new, part in take.items():
            built.columns[new] = name_type if part == "holiday" else PARTS[part].type
        type_name = given.columns.get(self.date)
        if built.problems or type_name is None:
            return built
        day: exp.Expr = (
            column(self.date) if type_name == "date" else cast(column(self.date), "date")
        )
        found: dict[str, exp.Expr] = {}
        if self.holidays is not None and (_HOLIDAYS | {"is_business_day"}) & set(take.values()):
            day, found = self._looked_up(given, built, day, self.holidays)
        trees = {new: self._part(part, day, found) for new, part in take.items()}
        built.operations.append(Project(replaced(given.columns, trees)))
        return built

    def _looked_up(
        self, given: Input, built: Built, day: exp.Expr, holidays: Holidays
    ) -> tuple[exp.Expr, dict[str, exp.Expr]]:
        taken = [*built.columns]
        key = fresh("day", taken)
        met = fresh("met", [*taken, key])
        name = fresh("holiday", [*taken, key, met])
        take = {met: holidays.date} | ({name: holidays.name} if holidays.name else {})
        built.operations += [
            Project(replaced(given.columns, {key: day})),
            Take(
                dataset=given.dataset,
                source=holidays.from_,
                on={key: holidays.date},
                take=take,
                missing="keep",
                first=None,
                error_function=given.error_function,
            ),
        ]
        return column(key), {"met": column(met), "name": column(name)}

    def _part(self, part: str, day: exp.Expr, found: dict[str, exp.Expr]) -> exp.Expr:
        if part == "holiday":
            return found["name"]
        if part == "is_holiday":
            return filled("CASE WHEN NOT $d IS NULL THEN NOT $met IS NULL END", d=day, **found)
        if part in {"fiscal_year", "fiscal_quarter"}:
            return fiscal(part, day, self.fiscal_year_starts, self.fiscal_year_named)
        tree = filled(PARTS[part].sql, d=day)
        if part == "is_business_day" and found:
            return filled("$weekday AND $met IS NULL", weekday=tree, **found)
        return cast(tree, PARTS[part].type) if PARTS[part].type in {"integer", "date"} else tree

    def _problems(self, given: Input, take: dict[str, Part]) -> list[Problem]:
        keyed = isinstance(self.take, dict)
        places: list[tuple[str, tuple[str | int, ...]]] = [
            (new, ("take", new if keyed else i)) for i, new in enumerate(take)
        ]
        problems = new_names(places, given.columns)
        wrong = misfit(self.date, given.columns, {"date"}, ("date",), step="calendar")
        if given.columns.get(self.date) == "timestamptz":
            message = f"`{self.date}` is timestamptz, whose date depends on where one stands"
            hint = "derive the local time, a timestamp without a zone, in a step before"
            wrong = Problem("PSK-STEP-061", message, ("date",), hint)
        problems += [wrong] if wrong else []
        needed = [(n, p) for n, p in zip(take, places, strict=True) if take[n] in _HOLIDAYS]
        for new, (_, path) in needed:
            lacks = self.holidays is None or (take[new] == "holiday" and not self.holidays.name)
            if lacks:
                option = "holidays" if self.holidays is None else "name"
                message = f"`{take[new]}` needs `{option}`: where the holidays stand"
                hint = "such as `holidays: {from: holidays, date: day, name: name}`"
                problems.append(Problem("PSK-STEP-035", message, path, hint))
        if self.holidays is not None:
            problems += _not_theirs(self.holidays, given.datasets.get(self.holidays.from_))
        return problems


def _not_theirs(holidays: Holidays, theirs: Columns | None) -> list[Problem]:
    problems = []
    for option, name in (("date", holidays.date), ("name", holidays.name)):
        if theirs is None or name is None:
            continue
        path = ("holidays", option)
        if name not in theirs:
            hint = unknown_column(name, theirs, path).hint
            message = f"`{holidays.from_}` has no column `{name}`"
            problems.append(Problem("PSK-STEP-010", message, path, hint))
        elif option == "date" and theirs[name] not in {"date", None}:
            message = f"`{name}` of `{holidays.from_}` is {theirs[name]}, and a holiday is a date"
            problems.append(Problem("PSK-STEP-031", message, path, f"cast `{name}` to date there"))
    return problems
