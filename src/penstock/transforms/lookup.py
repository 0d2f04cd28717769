"""lookup: `lookup: {from: airports, on: {dest: faa}, take: {dest_name: name}}`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from sqlglot import exp

from penstock.spec.base import Name  # noqa: TC001  # pydantic reads it
from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.canonical import family
from penstock.transforms.expressions import Reader
from penstock.transforms.names import column, data_type, fresh, identifier, named, table
from penstock.transforms.ordering import read_order, with_ties_broken

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.transforms.base import Columns, Origins
    from penstock.transforms.chain import Chain
    from penstock.transforms.ordering import Term


class Lookup(Step):
    """Takes columns from the row of another dataset that has the same key.

    Never multiplies rows: where several rows of the other dataset have one key, the run fails,
    or the first of them is taken. A NULL key matches nothing.
    """

    from_: Name = Field(alias="from")
    """The dataset to look in."""
    on: str | list[str] | dict[str, str] = Field(min_length=1)
    """Column of the rows → column of the other dataset; a name or a list where both agree."""
    take: list[str] | dict[str, str] = Field(min_length=1)
    """New column → column of the other dataset; a list where both agree."""
    missing: Literal["keep", "drop", "fail"] = "keep"
    """A row without a match: its new columns are NULL; or it is removed, and counted under
    `filtered`; or the run fails."""
    duplicates: Literal["fail", "first"] = "fail"
    """Several rows for one key in the other dataset: the run fails, or the first is taken."""
    order_by: list[str] = Field(default_factory=list)
    """With `duplicates: first`: which is the first, in the columns of the other dataset. Ties are
    broken by its remaining columns."""

    def build(self, given: Input) -> Built:
        """One join."""
        built = Built(dict(given.columns))
        theirs = given.datasets.get(self.from_)
        on = _pairs(self.on)
        take = _pairs(self.take)
        built.problems += self._keys(given.columns, theirs, on)
        built.problems += self._taken(given.columns, theirs, take)
        reader = Reader(given, noun="an ordering")
        order: list[Term] = []
        if self.order_by and self.duplicates != "first":
            hint = "add `duplicates: first`, or take `order_by` away"
            message = "`order_by` says which duplicate is the first, and duplicates fail here"
            built.problems.append(Problem("PSK-STEP-030", message, ("order_by",), hint))
        elif theirs is not None:
            order = read_order(self.order_by, reader, theirs, "order_by")
        built.problems += reader.problems
        for new, their in take.items():
            built.columns[new] = theirs.get(their) if theirs else None
        built.operations.append(
            Take(
                dataset=given.dataset,
                source=self.from_,
                on=on,
                take=take,
                missing=self.missing,
                first=tuple(with_ties_broken(order, theirs or ()))
                if self.duplicates == "first"
                else None,
                error_function=given.error_function,
            )
        )
        return built

    def _keys(self, ours: Columns, theirs: Columns | None, on: Mapping[str, str]) -> list[Problem]:
        problems = []
        for i, (mine, their) in enumerate(on.items()):
            path: tuple[str | int, ...] = ("on",)
            if isinstance(self.on, list):
                path = ("on", i)
            elif isinstance(self.on, dict):
                path = ("on", mine)
            if mine not in ours:
                at_key = isinstance(self.on, dict)
                problems.append(unknown_column(mine, ours, path, at_key=at_key))
            if theirs is not None and their not in theirs:
                problems.append(self._not_theirs(their, theirs, path))
            left, right = ours.get(mine), (theirs or {}).get(their)
            if left and right and family(left) != family(right):
                message = f"`{mine}` is {left} and `{their}` of `{self.from_}` is {right}"
                hint = f"cast one of them first, such as `cast: {{{mine}: {right}}}`"
                problems.append(Problem("PSK-STEP-031", message, path, hint))
        return problems

    def _taken(
        self, ours: Columns, theirs: Columns | None, take: Mapping[str, str]
    ) -> list[Problem]:
        problems = []
        lower = {c.lower(): c for c in ours}
        for i, (new, their) in enumerate(take.items()):
            keyed = isinstance(self.take, dict)
            path: tuple[str | int, ...] = ("take", new if keyed else i)
            if theirs is not None and their not in theirs:
                problems.append(self._not_theirs(their, theirs, path))
            if new.lower() in lower:
                message = f"there is a column `{lower[new.lower()]}` already"
                hint = "take it under another name: `take: {NEW_NAME: " + their + "}`"
                problems.append(Problem("PSK-STEP-016", message, path, hint, at_key=keyed))
        return problems

    def _not_theirs(self, name: str, theirs: Columns, path: tuple[str | int, ...]) -> Problem:
        found = unknown_column(name, theirs, path)
        return Problem(found.code, f"`{self.from_}` has no column `{name}`", path, found.hint)


@dataclass(frozen=True)
class Take:
    """Columns of the one row of `source` whose keys are equal.

    Attributes:
        first: how rows with one key are ordered, the first is taken; None: they fail the run.
    """

    dataset: str
    source: str
    on: Mapping[str, str]
    take: Mapping[str, str]
    missing: Literal["keep", "drop", "fail"]
    first: tuple[exp.Ordered, ...] | None
    error_function: str
    row_by_row = True

    def trace(self, origins: Origins) -> Origins:
        """The new columns come from the other dataset."""
        return {**origins, **{n: frozenset({(self.source, t)}) for n, t in self.take.items()}}

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        alias = fresh(self.source, chain.relations())
        guard: str | None = None
        if self.first is None:
            guard = chain.add(self._none_repeated(), keep=True, reads=(self.source,))
            right, source = table(self.source, alias), self.source
        else:
            source = chain.add(self._first(), keep=True, reads=(self.source,))
            right = table(source, alias)
        chain.join(
            right,
            alias,
            on=self.on,
            take=self.take,
            reads=(source,),
            inner=self.missing == "drop",
            checks=[self._found(alias)] if self.missing == "fail" else [],
            guard=guard,
        )

    @property
    def _keys(self) -> list[str]:
        return list(dict.fromkeys(self.on.values()))

    def _none_repeated(self) -> exp.Select:
        """No rows; the query fails if a key stands in several rows."""
        many = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(1))
        repeated = (
            exp.select(named(_shown([column(k) for k in self._keys]), "key"))
            .from_(table(self.source))
            .where(*[_present(column(k)) for k in self._keys])
            .group_by(*[column(k) for k in self._keys])
            .having(many)
        )
        keys = " and ".join(f"`{k}`" for k in self._keys)
        message = (
            f"the lookup of `{self.dataset}` needs one row of `{self.source}` for each {keys}, "
            "and there are several for "
        )
        failure = self._failure(message, column("key"))
        inner = exp.Subquery(this=repeated, alias=exp.TableAlias(this=identifier("repeated")))
        return exp.select("key").from_(inner).where(exp.Is(this=failure, expression=exp.Null()))

    def _first(self) -> exp.Select:
        """One row for each key: the first."""
        assert self.first is not None
        columns = list(dict.fromkeys([*self._keys, *self.take.values()]))
        rank = fresh("n", columns)
        number = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column(k) for k in self._keys],
            order=exp.Order(expressions=[t.copy() for t in self.first]),
        )
        ranked = (
            exp.select(*[column(c) for c in columns], named(number, rank))
            .from_(table(self.source))
            .where(*[_present(column(k)) for k in self._keys])
        )
        inner = exp.Subquery(this=ranked, alias=exp.TableAlias(this=identifier("ranked")))
        first = exp.EQ(this=column(rank), expression=exp.Literal.number(1))
        return exp.select(*[column(c) for c in columns]).from_(inner).where(first)

    def _found(self, alias: str) -> exp.Expr:
        """True, or the query fails because a row has no match."""
        absent = exp.Is(this=column(self._keys[0], alias), expression=exp.Null())
        message = (
            f"the lookup of `{self.dataset}` says `missing: fail`, and `{self.source}` has no "
            f"row for {', '.join(self.on)} = "
        )
        failure = self._failure(message, _shown([column(c) for c in self.on]))
        return exp.Case(ifs=[exp.If(this=absent, true=failure)], default=exp.Boolean(this=True))

    def _failure(self, message: str, value: exp.Expr) -> exp.Expr:
        """Fails the query with a message that ends in a value."""
        text = exp.DPipe(this=exp.Literal.string(message), expression=value)
        return exp.Anonymous(this=self.error_function, expressions=[text])


def _pairs(value: str | list[str] | dict[str, str]) -> dict[str, str]:
    if isinstance(value, dict):
        return value
    return {name: name for name in ([value] if isinstance(value, str) else value)}


def _present(tree: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=tree, expression=exp.Null()))


def _shown(trees: list[exp.Expr]) -> exp.Expr:
    """Values as one text: `UA, 15`; NULL as `NULL`."""
    texts = [
        exp.Coalesce(
            this=exp.Cast(this=t, to=data_type("varchar")),
            expressions=[exp.Literal.string("NULL")],
        )
        for t in trees
    ]
    shown: exp.Expr = texts[0]
    for text in texts[1:]:
        comma = exp.DPipe(this=shown, expression=exp.Literal.string(", "))
        shown = exp.DPipe(this=comma, expression=text)
    return shown
