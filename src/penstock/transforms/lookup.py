"""lookup: `lookup: {from: airports, on: {dest: faa}, take: {dest_name: name}}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from penstock.spec.base import Model, Name
from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.canonical import family
from penstock.transforms.expressions import Reader
from penstock.transforms.hold import Hold, RowRule
from penstock.transforms.ordering import read_order, with_ties_broken
from penstock.transforms.spans import Span
from penstock.transforms.take import Take

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.transforms.base import Columns
    from penstock.transforms.ordering import Term


class AsOf(Model):
    """The row of the other dataset that was in force at a value of the row."""

    column: str
    """Of the rows: a time, a date or a number."""
    from_: str = Field(alias="from")
    """Of the other dataset: from when on its row is in force, until the next one of the same keys
    begins."""


class Range(Model):
    """The row of the other dataset whose range holds a value of the row."""

    column: str
    """Of the rows: a time, a date, a number or a text."""
    from_: str = Field(alias="from")
    """Of the other dataset: the least value of the range; NULL: there is none."""
    to: str
    """Of the other dataset: the end of the range; NULL: there is none."""
    to_included: bool = False
    """Whether the end belongs to the range."""


class Lookup(Step):
    """Takes columns from the row of another dataset that has the same key, or is in force.

    Never multiplies rows: where several rows of the other dataset have one key (with `as_of`: and
    begin at one time; with `range`: and overlap), the run fails, or the first of them is taken. A
    NULL matches nothing.
    """

    from_: Name = Field(alias="from")
    """The dataset to look in."""
    on: str | list[str] | dict[str, str] = Field(default_factory=dict)
    """Column of the rows → column of the other dataset; a name or a list where both agree. May be
    left out beside `as_of` or `range`."""
    as_of: AsOf | None = None
    """Of the rows with the same keys, the one in force at this time: the last to begin."""
    range: Range | None = None
    """Of the rows with the same keys, the one whose range holds this value."""
    take: list[str] | dict[str, str] = Field(min_length=1)
    """New column → column of the other dataset; a list where both agree."""
    missing: Literal["keep", "drop", "fail", "quarantine"] = "keep"
    """A row without a match: its new columns are NULL; or it is removed, and counted under
    `filtered`; or the run fails; or the row is held in quarantine as it came in."""
    duplicates: Literal["fail", "first"] = "fail"
    """Several rows for one key in the other dataset: the run fails, or the first is taken."""
    order_by: list[str] = Field(default_factory=list)
    """With `duplicates: first`: which is the first, in the columns of the other dataset. Ties are
    broken by its remaining columns."""

    @model_validator(mode="after")
    def _finds_one(self) -> Lookup:
        if not self.on and not self.as_of and not self.range:
            raise refuse("`lookup` needs `on`, `as_of` or `range`")
        if self.as_of and self.range:
            raise refuse("`lookup` takes one of `as_of` and `range`")
        if self.range and self.duplicates == "first":
            raise refuse("`duplicates: first` is not for `range`: ranges that overlap fail the run")
        return self

    def build(self, given: Input) -> Built:
        """One join."""
        built = Built(dict(given.columns))
        theirs = given.datasets.get(self.from_)
        on = _pairs(self.on)
        take = _pairs(self.take)
        built.problems += self._keys(given.columns, theirs, on)
        built.problems += self._spanned(given.columns, theirs)
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
        lookup = Take(
            dataset=given.dataset,
            source=self.from_,
            on=on,
            take=take,
            missing="keep" if self.missing == "quarantine" else self.missing,
            first=tuple(with_ties_broken(order, theirs or ()))
            if self.duplicates == "first"
            else None,
            error_function=given.error_function,
            span=self._span(),
        )
        if self.missing == "quarantine" and not built.problems:
            keeps = lookup.exists(given.columns)
            mine = ", ".join([*on, *([lookup.span.column] if lookup.span else ())])
            text = f"`{self.from_}` has a row for {mine}"
            rule = RowRule(text, keeps, path=("missing",), reads=(self.from_,))
            built.operations.append(Hold(dict(given.columns), (rule,)))
        built.operations.append(lookup)
        return built

    def _span(self) -> Span | None:
        if self.as_of:
            return Span(self.as_of.column, self.as_of.from_)
        if self.range:
            end = self.range
            return Span(end.column, end.from_, end.to, end.to_included)
        return None

    def _spanned(self, ours: Columns, theirs: Columns | None) -> list[Problem]:
        span = self._span()
        if span is None:
            return []
        option = "as_of" if self.as_of else "range"
        problems = []
        if span.column not in ours:
            problems.append(unknown_column(span.column, ours, (option, "column")))
        for key, name in zip(("from", "to"), span.columns, strict=False):
            path = (option, key)
            if theirs is not None and name not in theirs:
                problems.append(self._not_theirs(name, theirs, path))
            problems += self._of_a_kind(ours, theirs, span.column, name, path)
        return problems

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
            problems += self._of_a_kind(ours, theirs, mine, their, path)
        return problems

    def _of_a_kind(
        self,
        ours: Columns,
        theirs: Columns | None,
        mine: str,
        their: str,
        path: tuple[str | int, ...],
    ) -> list[Problem]:
        left, right = ours.get(mine), (theirs or {}).get(their)
        if not left or not right or family(left) == family(right):
            return []
        message = f"`{mine}` is {left} and `{their}` of `{self.from_}` is {right}"
        hint = f"cast one of them first, such as `cast: {{{mine}: {right}}}`"
        return [Problem("PSK-STEP-031", message, path, hint)]

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


def _pairs(value: str | list[str] | dict[str, str]) -> dict[str, str]:
    if isinstance(value, dict):
        return value
    return {name: name for name in ([value] if isinstance(value, str) else value)}
