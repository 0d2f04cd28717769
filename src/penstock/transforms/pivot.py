"""pivot: `pivot: {by: [day], column: origin, values: [EWR, JFK], measures: {n: count(*)}}`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from sqlglot import exp

from penstock.spec.base import Scalar  # noqa: TC001  # pydantic reads it
from penstock.transforms.aggregate import Group
from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.expressions import Reader, typed
from penstock.transforms.keytext import as_text
from penstock.transforms.measures import read_measure
from penstock.transforms.names import column
from penstock.transforms.reading import Path, new_names, unknown
from penstock.transforms.require import require

if TYPE_CHECKING:
    from penstock.transforms.measures import Measure


class Pivot(Step):
    """One row for each group, with a column for each value of another column: rows to columns.

    The values stand here, so that the columns are known before anything runs. A value without
    rows has NULL in its columns, and 0 where rows are counted.
    """

    by: list[str] = Field(default_factory=list)
    """Columns whose values make a group; none: one row for all."""
    column: str
    """The column whose values become columns."""
    values: list[Scalar] | dict[str, Scalar] = Field(min_length=1)
    """Its values; or name of the new column → value. From a list a column is named like its value,
    in lower case, with `_` for anything but letters and digits. NULL is a value."""
    measures: str | dict[str, str]
    """The aggregate in each column, such as `sum(delay)`; or several, name → aggregate, for
    columns named `VALUE_NAME`."""
    others: Literal["fail", "ignore"] = "fail"
    """Rows with another value: the run fails, or they are not shown."""

    def build(self, given: Input) -> Built:
        """One aggregate, with each measure over the rows of each value."""
        built = Built({}, problems=unknown(self.by, given.columns, ("by",)))
        by: dict[str, exp.Expr] = {}
        for name in self.by:
            if name in given.columns:
                by[name] = column(name)
                built.columns[name] = given.columns[name]
        if self.column not in given.columns:
            built.problems.append(unknown_column(self.column, given.columns, ("column",)))
            return built
        tests = self._tests(given, built)
        reader = Reader(given, noun="a measure", by=())
        made: dict[str, exp.Expr] = {}
        names: list[tuple[str, Path]] = []
        measures = self._measures(reader)
        for i, (name, test) in enumerate(tests.items()):
            path: Path = ("values", name if isinstance(self.values, dict) else i)
            for short, measure in measures.items():
                new = f"{name}_{short}" if short else name
                names.append((new, path))
                built.columns[new] = measure.type if measure else None
                if measure and measure.type is not None:
                    made[new] = measure.where(test)
        built.problems += reader.problems
        built.problems += new_names(names, self.by)
        if self.others == "fail" and not built.problems:
            known = exp.or_(*[t.copy() for t in tests.values()], copy=False)
            shown = as_text(column(self.column), given.columns[self.column] or "varchar")
            message = f"the pivot of `{given.dataset}` has no column for `{self.column}` ="
            hidden = exp.Literal.string("a value that is not listed")
            built.operations.append(require(given, known, message, shown or hidden))
        built.operations.append(Group(by, made))
        return built

    def _tests(self, given: Input, built: Built) -> dict[str, exp.Expr]:
        """Name of a value → whether a row has it."""
        keyed = isinstance(self.values, dict)
        pairs = self.values.items() if isinstance(self.values, dict) else _named(self.values)
        type_name = given.columns[self.column]
        tests: dict[str, exp.Expr] = {}
        for i, (name, value) in enumerate(pairs):
            path: Path = ("values", name if keyed else i)
            if value is None:
                tests[name] = exp.Is(this=column(self.column), expression=exp.Null())
                continue
            wrong = given.binder.misfit(value, type_name) if type_name else None
            if wrong:
                built.problems.append(Problem("PSK-STEP-066", wrong, path))
            if name in tests:
                message = f"two values would have the column `{name}`"
                hint = "name the columns: `values: {NAME: VALUE}`"
                built.problems.append(Problem("PSK-STEP-016", message, path, hint))
            tests[name] = exp.EQ(
                this=column(self.column), expression=typed(value, type_name or "varchar")
            )
        return tests

    def _measures(self, reader: Reader) -> dict[str, Measure | None]:
        if isinstance(self.measures, str):
            return {"": read_measure(self.measures, reader, ("measures",), distinct=True)}
        return {
            name: read_measure(text, reader, ("measures", name), distinct=True)
            for name, text in self.measures.items()
        }


def value_name(value: Scalar) -> str:
    """The name of the column for a value.

    >>> value_name("New York"), value_name(None), value_name(-1.5), value_name(True)
    ('new_york', 'null', '1_5', 'true')
    """
    text = "null" if value is None else str(value)
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _named(values: list[Scalar]) -> list[tuple[str, Scalar]]:
    return [(value_name(value), value) for value in values]
