"""deduplicate: `deduplicate: {keys: [carrier, flight], order_by: [arr_delay desc]}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from penstock.spec.base import Model
from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Problem, Step, unknown_column
from penstock.transforms.expressions import Reader
from penstock.transforms.folding import folded
from penstock.transforms.keep_apart import KeepApart
from penstock.transforms.keep_first import KeepFirst
from penstock.transforms.names import column, fresh
from penstock.transforms.operations import Project
from penstock.transforms.ordering import read_order
from penstock.transforms.reading import misfit, unknown

if TYPE_CHECKING:
    from sqlglot import exp

    from penstock.transforms.ordering import Term


class Near(Model):
    """Texts that are nearly the same, within blocks of rows."""

    column: str
    """The text. Letter case, accents, white space and punctuation do not count; texts with letters
    that are not Latin are near to none."""
    at_most: int = Field(default=1, ge=1, le=5)
    """How many letters may be added, left out or changed (Levenshtein's distance)."""
    block: list[str] = Field(min_length=1)
    """Only rows that agree in these columns are compared; NULL agrees with nothing."""
    largest_block: int = Field(default=1_000, ge=2, le=100_000)
    """A block of more rows fails the run, for each row is compared with each other."""


class Deduplicate(Step):
    """Keeps one row of those that agree in `keys`, or nearly do: the first by `order_by`.

    NULLs in keys agree with each other. Rows that tie in `order_by` are ordered by their
    remaining columns, so that the same rows give the same result. Of rows that are `near`, a row
    goes if any row before it is near, be that one kept or not. The run report counts the rows
    that go under `deduplicated`.
    """

    keys: list[str] = Field(default_factory=list)
    """Columns that say which rows are the same; none: all columns."""
    normalised: list[str] = Field(default_factory=list)
    """Further keys, of text, that agree without letter case, accents, white space, punctuation."""
    near: Near | None = None
    """Instead of keys: rows whose text is nearly the same."""
    order_by: list[str] = Field(default_factory=list)
    """`COLUMN [asc|desc] [nulls first|last]`; the first row is kept. NULLs come last by default."""

    @model_validator(mode="after")
    def _one_way(self) -> Deduplicate:
        if self.near and (self.keys or self.normalised):
            raise refuse("`near` compares within a block, and has no `keys` or `normalised`")
        return self

    def build(self, given: Input) -> Built:
        """Two-phase removal of duplicates."""
        built = Built(dict(given.columns))
        built.problems += [
            unknown_column(name, given.columns, ("keys", i))
            for i, name in enumerate(self.keys)
            if name not in given.columns
        ]
        for i, name in enumerate(self.normalised):
            path = ("normalised", i)
            wrong = misfit(name, given.columns, {"text"}, path, step="normalised")
            built.problems += [wrong] if wrong else []
        if self.near:
            built.problems += self._near_problems(given, self.near)
        reader = Reader(given, noun="an ordering")
        terms = tuple(read_order(self.order_by, reader, given.columns, "order_by"))
        built.problems += reader.problems
        if built.problems:
            return built
        if self.near or self.normalised:
            self._by_text(given, built, terms)
        else:
            keys = tuple(dict.fromkeys(self.keys)) or tuple(given.columns)
            built.operations.append(KeepFirst(keys, terms))
        return built

    def _by_text(self, given: Input, built: Built, terms: tuple[Term, ...]) -> None:
        """Compare texts in a form of their own, which goes again."""
        plain: dict[str, exp.Expr] = {name: column(name) for name in given.columns}
        texts = [self.near.column] if self.near else list(dict.fromkeys(self.normalised))
        forms: dict[str, exp.Expr] = {}
        for name in texts:
            form = fresh(f"{name}_folded", [*plain, *forms])
            forms[form] = folded(column(name))
        built.operations.append(Project({**plain, **forms}))
        if self.near:
            (text,) = forms
            built.operations.append(
                KeepApart(
                    dataset=given.dataset,
                    text=text,
                    at_most=self.near.at_most,
                    block=tuple(dict.fromkeys(self.near.block)),
                    largest=self.near.largest_block,
                    order=terms,
                    error_function=given.error_function,
                )
            )
        else:
            built.operations.append(KeepFirst((*dict.fromkeys(self.keys), *forms), terms))
        built.operations.append(Project(plain))

    def _near_problems(self, given: Input, near: Near) -> list[Problem]:
        path = ("near", "column")
        wrong = misfit(near.column, given.columns, {"text"}, path, step="near")
        return [*([wrong] if wrong else []), *unknown(near.block, given.columns, ("near", "block"))]
