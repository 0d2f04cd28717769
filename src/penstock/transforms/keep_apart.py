"""Removes rows whose text is nearly that of a row before them in the same block.

Every row of a block is compared with every other: a block has a greatest size, beyond which the
run fails. It is plain SQL:

1. `numbered`: the rows with their place in their block;
2. a guard that fails where a block is too large, or is empty;
3. `near`: the places of rows that have a near one before them;
4. the result: the rows that are not among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.names import cast, column, fresh, identifier, named, select, table
from penstock.transforms.ordering import with_ties_broken
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from penstock.transforms.base import Origins
    from penstock.transforms.chain import Chain
    from penstock.transforms.ordering import Term


@dataclass(frozen=True)
class KeepApart:
    """One row of those that are near each other: a row goes if one before it is near.

    Attributes:
        dataset: for messages.
        text: the column of the text compared; rows with NULL there, or with letters that are not
            ASCII, are near to none.
        at_most: the greatest edit distance of texts that are near.
        block: columns that rows agree in to be compared; NULL agrees with nothing.
        largest: rows of the largest block that is worked on.
    """

    dataset: str
    text: str
    at_most: int
    block: tuple[str, ...]
    largest: int
    order: tuple[Term, ...]
    error_function: str
    row_by_row = True

    def trace(self, origins: Origins) -> Origins:
        """The columns stay what they are."""
        return origins

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        columns = chain.columns
        before = chain.relation()
        place = fresh("place", columns)
        number = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column(b) for b in self.block],
            order=exp.Order(expressions=with_ties_broken(self.order, columns)),
        )
        rows = select([*(column(c) for c in columns), named(number, place)], table(before))
        numbered = chain.add(rows, keep=True, heavy=True, reads=(before,))
        guard = chain.add(self._too_large(numbered, place), keep=True, reads=(numbered,))
        near = chain.add(self._near(numbered, place), keep=True, reads=(numbered, numbered))
        same = [
            exp.EQ(this=column(c, numbered), expression=column(c, near))
            for c in (*self.block, place)
        ]
        query = select([column(c, numbered) for c in columns], table(numbered))
        query.join(table(near), on=exp.and_(*same, copy=False), join_type="anti", copy=False)
        chain.add(
            query,
            effect="deduplicated",
            excluded=select([named(exp.Count(this=exp.Star()), "n")], table(near)),
            reads=(numbered, near),
            excluded_reads=(near,),
            guards=(guard,),
        )
        chain.resume(columns)

    def _near(self, numbered: str, place: str) -> exp.Select:
        """The block and place of each row that a row before it is near to."""
        first, second = fresh("earlier", [numbered]), fresh("later", [numbered])
        on: list[exp.Expr] = [
            exp.EQ(this=column(b, first), expression=column(b, second)) for b in self.block
        ]
        on.append(
            filled(
                "$n < $m AND NOT regexp_matches($a, '[^\\x01-\\x7F]') "
                "AND NOT regexp_matches($b, '[^\\x01-\\x7F]') "
                "AND abs(length($a) - length($b)) <= $k AND levenshtein($a, $b) <= $k",
                n=column(place, first),
                m=column(place, second),
                a=column(self.text, first),
                b=column(self.text, second),
                k=self.at_most,
            )
        )
        items = [column(c, second) for c in (*self.block, place)]
        query = select(items, table(numbered, first))
        query.join(table(numbered, second), on=exp.and_(*on, copy=False), copy=False)
        query.set("distinct", exp.Distinct())
        return query

    def _too_large(self, numbered: str, place: str) -> exp.Select:
        """No rows; the query fails if a row's place is beyond the largest block."""
        present = [filled("NOT $x IS NULL", x=column(b)) for b in self.block]
        beyond = filled("$n > $largest", n=column(place), largest=self.largest)
        most = select([named(exp.Max(this=column(place)), "most")], table(numbered))
        most.where(beyond, *present, copy=False)
        alias = exp.TableAlias(this=identifier("beyond"))
        message = (
            f"a block of `{self.dataset}` has more than {self.largest} rows to compare with each "
            "other: it has "
        )
        shown = cast(column("most"), "varchar")
        text = exp.DPipe(this=exp.Literal.string(message), expression=shown)
        failure = exp.Anonymous(this=self.error_function, expressions=[text])
        query = select([column("most")], exp.Subquery(this=most, alias=alias))
        return query.where(
            filled("NOT $m IS NULL", m=column("most")),
            exp.Is(this=failure, expression=exp.Null()),
            copy=False,
        )
