"""What a rule is compiled against: the dataset, its columns, the engine; and what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.diagnostics import did_you_mean
from penstock.program import unchecked
from penstock.quality.errors import RuleError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.program import Action, Column
    from penstock.quality.ast import Place, Text
    from penstock.quality.compiled import Binder

NO_COLUMN = "PSK-DQ-007"
TYPE = "PSK-DQ-008"

Scalar = str | int | float | bool | None


class Scope:
    """The surroundings of one rule. Builders report to `error` and go on where they can.

    Attributes:
        relation: where the rows are read: before quarantine, for a quarantine rule.
        depends_on: other datasets that the rule reads, filled by builders.
    """

    def __init__(
        self,
        *,
        dataset: str,
        action: Action,
        schema: Sequence[Column],
        datasets: Mapping[str, Sequence[Column]] | None,
        variables: Mapping[str, Scalar],
        bind: Binder | None,
    ) -> None:
        self.dataset = dataset
        self.action = action
        self.relation = unchecked(dataset) if action == "quarantine" else dataset
        self.datasets = datasets
        self.variables = variables
        self.bind = bind
        self.errors: list[RuleError] = []
        self.depends_on: list[str] = []
        self._columns = {column.name.lower(): column for column in schema}

    def error(self, place: Place, code: str, message: str, hint: str | None = None) -> None:
        """Record what is wrong."""
        self.errors.append(RuleError(place.offset, place.length, code, message, hint or None))

    @property
    def names(self) -> list[str]:
        """The dataset's columns, in order."""
        return [column.name for column in self._columns.values()]

    def find(self, name: str) -> Column | None:
        """A column by its name; upper and lower case are the same, as in SQL."""
        return self._columns.get(name.lower())

    def column(self, name: Text) -> Column | None:
        """The column that a parameter names; if there is none, that is an error."""
        found = self.find(name.value)
        if found is None:
            self.no_column(name.place, name.value)
        return found

    def no_column(self, place: Place, name: str) -> None:
        """Record that there is no such column."""
        hint = did_you_mean(name, self.names, noun="columns")
        self.error(place, NO_COLUMN, f"`{self.dataset}` has no column `{name}`", hint)

    def table(self) -> exp.Table:
        """The relation as a FROM item."""
        return exp.to_table(self.relation)

    def fresh(self, number: int) -> str:
        """A name for an inner column that no column of the dataset has."""
        name = f"key_{number}"
        while name in self._columns:
            name = f"{name}_"
        return name


def ref(column: Column) -> exp.Column:
    """A column in SQL, always quoted."""
    return exp.column(column.name, quoted=True)
