"""apply_changes: `apply_changes: {keys: [id], sequence: lsn, operation: op}`: the last state."""

from __future__ import annotations

from sqlglot import exp

from penstock.transforms.base import Built, Input
from penstock.transforms.history import Operations
from penstock.transforms.keep_first import KeepFirst
from penstock.transforms.names import column
from penstock.transforms.operations import Filter, Project
from penstock.transforms.reading import new_names


class ApplyChanges(Operations):
    """Applies a feed of inserts, updates and deletes: the rows that there are in the end.

    The last change of each key counts, in the order of the sequence and not of arrival; where it
    is a delete the row is gone. The run report counts overwritten changes under `deduplicated`,
    and rows deleted under `filtered`.
    """

    operation: str
    """Column that says what was done. It is no column of the result."""
    deleted: str | None = None
    """New column: deleted rows stay with their last values, and it is true for them."""

    def build(self, given: Input) -> Built:
        """Checks, one row of each key, without those that are deleted."""
        columns = {n: t for n, t in given.columns.items() if n != self.operation}
        built = Built(columns, problems=self.checked(given))
        delete, checks = self.known(given, built)
        built.operations += checks
        if self.deleted is not None:
            built.problems += new_names([(self.deleted, ("deleted",))], columns)
        if built.problems:
            return built
        built.operations += self.in_sequence(given)
        built.operations.append(KeepFirst(tuple(self.keys), self.latest()))
        made: dict[str, exp.Expr] = {name: column(name) for name in columns}
        if self.deleted is None:
            built.operations.append(Filter(exp.Not(this=delete)))
        else:
            made[self.deleted] = delete
            built.columns[self.deleted] = "boolean"
        built.operations.append(Project(made))
        return built
