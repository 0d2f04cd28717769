"""What the history steps share: rows that are changes of a key, each with its place in an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from sqlglot import exp

from penstock.spec.base import Scalar  # pydantic reads it
from penstock.transforms.base import Built, Input, Operation, Problem, Step, unknown_column
from penstock.transforms.canonical import family
from penstock.transforms.expressions import typed
from penstock.transforms.keytext import as_text
from penstock.transforms.names import (
    column,
    data_type,
    fresh,
    identifier,
    named,
    select,
    table,
)
from penstock.transforms.ordering import Term
from penstock.transforms.reading import unknown
from penstock.transforms.require import require
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.transforms.base import Origins
    from penstock.transforms.chain import Chain
    from penstock.transforms.reading import Path

_ORDERED = {"number", "date", "text", "time"}


class Changes(Step):
    """Changes of rows that are told apart by keys."""

    keys: list[str] = Field(min_length=1)
    """Columns that say which thing a row is about. NULLs agree with each other."""
    sequence: str | list[str] = Field(min_length=1)
    """Column that says which change is the later one, or several, the most important first. The
    order in which changes arrive does not count. A NULL there fails the run."""
    ties: Literal["fail", "break"] = "fail"
    """Different changes of one key at the same place in the sequence: the run fails, or their
    remaining columns decide. Changes that are equal in every column are one."""

    @property
    def order(self) -> list[str]:
        """The columns of `sequence`."""
        return [self.sequence] if isinstance(self.sequence, str) else self.sequence

    def checked(self, given: Input) -> list[Problem]:
        """What is wrong with `keys` and `sequence`."""
        problems = unknown(self.keys, given.columns, ("keys",))
        for i, name in enumerate(self.order):
            path: Path = ("sequence",) if isinstance(self.sequence, str) else ("sequence", i)
            type_name = given.columns.get(name)
            if name not in given.columns:
                problems.append(unknown_column(name, given.columns, path))
            elif name in self.keys:
                message = f"`{name}` is one of the keys, so that it orders nothing"
                problems.append(Problem("PSK-STEP-067", message, path, "name another column"))
            elif type_name is not None and family(type_name) not in _ORDERED:
                message = f"`{name}` is {type_name}, which has no order"
                hint = "name a number, a date, a timestamp or a text"
                problems.append(Problem("PSK-STEP-061", message, path, hint))
        return problems

    def in_sequence(self, given: Input) -> list[Operation]:
        """Checks that every change has its place, and that no two have the same."""
        names = [column(name) for name in self.order]
        present = [exp.Not(this=exp.Is(this=n.copy(), expression=exp.Null())) for n in names]
        message = f"`{given.dataset}` has a change without {' and '.join(self.order)}, of"
        shown = shown_keys(self.keys)
        found: list[Operation] = [require(given, exp.and_(*present, copy=False), message, shown)]
        if self.ties == "fail":
            found.append(NoTies(given, (*self.keys, *self.order), tuple(given.columns), shown))
        return found

    def latest(self) -> tuple[Term, ...]:
        """The order in which the latest change comes first."""
        return tuple(Term(column(name), descending=True, best=True) for name in self.order)


class Operations(Changes):
    """Changes that say what was done: a column of inserts, updates and deletes."""

    operation: str | None = None
    """Column that says what was done; without it nothing is deleted. It is no column of the
    result."""
    upserts: list[Scalar] = Field(
        default_factory=lambda: list[Scalar](("I", "U", "insert", "update", "c", "u", "r"))
    )
    """Values of `operation` that give a row its values. Any other value fails the run."""
    deletes: list[Scalar] = Field(default_factory=lambda: list[Scalar](("D", "d", "delete")))
    """Values of `operation` that delete a row."""

    def known(self, given: Input, built: Built) -> tuple[exp.Expr, list[Operation]]:
        """Whether a change is a delete, and the check that its operation is known."""
        if self.operation is None:
            return exp.Boolean(this=False), []
        if self.operation not in given.columns:
            path: Path = ("operation",)
            built.problems.append(unknown_column(self.operation, given.columns, path))
            return exp.Boolean(this=False), []
        if self.operation in {*self.keys, *self.order}:
            message = f"`{self.operation}` is a key or in the sequence"
            hint = "`operation` is a column of its own"
            built.problems.append(Problem("PSK-STEP-067", message, ("operation",), hint))
        type_name = given.columns[self.operation]
        if type_name is None:
            return exp.Boolean(this=False), []
        deletes = self._is(given, built, "deletes", self.deletes, type_name)
        upserts = self._is(given, built, "upserts", self.upserts, type_name)
        message = f"`{given.dataset}` has a change whose `{self.operation}` is none that is known:"
        value = as_text(column(self.operation), type_name) or exp.Literal.string("it")
        known = exp.or_(deletes.copy(), upserts, copy=False)
        return deletes, [require(given, known, message, value)]

    def _is(
        self, given: Input, built: Built, key: str, values: Sequence[Scalar], type_name: str
    ) -> exp.Expr:
        tests: list[exp.Expr] = []
        name = str(self.operation)
        for i, value in enumerate(values):
            if value is None:
                tests.append(exp.Is(this=column(name), expression=exp.Null()))
                continue
            wrong = given.binder.misfit(value, type_name)
            if wrong:
                hint = f"list the values of `{name}` under `upserts` and `deletes`"
                built.problems.append(Problem("PSK-STEP-066", wrong, (key, i), hint))
            tests.append(exp.EQ(this=column(name), expression=typed(value, type_name)))
        # `CASE`, so that it is true or false for NULL too.
        any_of = exp.or_(*tests, copy=False) if tests else exp.Boolean(this=False)
        yes, no = exp.Boolean(this=True), exp.Boolean(this=False)
        return exp.Case(ifs=[exp.If(this=any_of, true=yes)], default=no)


@dataclass(frozen=True)
class NoTies:
    """Fails the run if different rows agree in these columns.

    Attributes:
        columns: all of them.
        shown: the key of such a row, as text, over the columns.
    """

    given: Input
    agree: tuple[str, ...]
    columns: tuple[str, ...]
    shown: exp.Expr
    row_by_row = True

    def trace(self, origins: Origins) -> Origins:
        """The columns stay what they are."""
        return origins

    def apply(self, chain: Chain) -> None:
        """A part that fails or is empty, which the rows that follow wait for."""
        before = chain.relation()
        guard = chain.add(self._tied(before), keep=True, reads=(before,))
        chain.guard(guard)

    def _tied(self, before: str) -> exp.Select:
        different = select([column(c) for c in self.columns], table(before)).distinct(copy=False)
        alias = exp.TableAlias(this=identifier("different"))
        count = fresh("n", self.agree)
        items = [*(column(c) for c in self.agree), named(exp.Count(this=exp.Star()), count)]
        groups = select(items, exp.Subquery(this=different, alias=alias))
        groups = groups.group_by(*[column(c) for c in self.agree], copy=False)
        message = f"`{self.given.dataset}` has different changes at one place in the sequence, of "
        text = exp.DPipe(this=exp.Literal.string(message), expression=self.shown.copy())
        failure = exp.Anonymous(this=self.given.error_function, expressions=[text])
        # The count stands beside the failure: an engine may move a condition on keys alone to
        # before the groups, where every row would fail.
        failing = filled(
            "CASE WHEN $n > 1 THEN $failure IS NULL ELSE FALSE END",
            n=column(count),
            failure=failure,
        )
        inner = exp.Subquery(this=groups, alias=exp.TableAlias(this=identifier("groups")))
        return select([named(exp.Literal.number(1), "n")], inner).where(failing, copy=False)


def shown_keys(keys: Sequence[str]) -> exp.Expr:
    """The keys of a row as text, for a message: `id = 7, region = NULL`."""
    whole: exp.Expr | None = None
    for name in keys:
        text = exp.Cast(this=column(name), to=data_type("varchar"))
        value = exp.Coalesce(this=text, expressions=[exp.Literal.string("NULL")])
        label = exp.Literal.string(f"{', ' if whole else ''}{name} = ")
        part = exp.DPipe(this=label, expression=value)
        whole = exp.DPipe(this=whole, expression=part) if whole else part
    return whole or exp.Literal.string("")
