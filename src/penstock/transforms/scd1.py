"""scd1: `scd1: {keys: [customer_id], sequence: changed_at}`: the latest state of each key."""

from __future__ import annotations

from sqlglot import exp

from penstock.transforms.base import Built, Input, Operation
from penstock.transforms.history import Changes
from penstock.transforms.keep_first import KeepFirst
from penstock.transforms.names import column
from penstock.transforms.operations import Project, replaced
from penstock.transforms.ordering import with_ties_broken


class Scd1(Changes):
    """Keeps the latest change of each key, which overwrites those before it (type 1).

    The run report counts the changes that are overwritten under `deduplicated`. For a feed with
    deletes see `apply_changes`.
    """

    ignore_nulls: bool = False
    """A NULL overwrites nothing: each column has its latest value that is not NULL."""

    def build(self, given: Input) -> Built:
        """Checks, then one row of each key."""
        built = Built(dict(given.columns), problems=self.checked(given))
        if built.problems:
            return built
        built.operations += self.in_sequence(given)
        if self.ignore_nulls:
            built.operations.append(self._latest_values(given))
        built.operations.append(KeepFirst(tuple(self.keys), self.latest()))
        return built

    def _latest_values(self, given: Input) -> Operation:
        """Each column's latest value, in every row of the key."""
        made: dict[str, exp.Expr] = {}
        for name in given.columns:
            if name in {*self.keys, *self.order}:
                continue
            absent = exp.Case(
                ifs=[exp.If(this=exp.Is(this=column(name), expression=exp.Null()), true=_one(1))],
                default=_one(0),
            )
            others = [c for c in given.columns if c not in self.keys]
            order = [exp.Ordered(this=absent, nulls_first=False)]
            order += with_ties_broken(self.latest(), others)
            made[name] = exp.Window(
                this=exp.FirstValue(this=column(name)),
                partition_by=[column(key) for key in self.keys],
                order=exp.Order(expressions=order),
            )
        return Project(replaced(given.columns, made))


def _one(number: int) -> exp.Expr:
    return exp.Literal.number(number)
