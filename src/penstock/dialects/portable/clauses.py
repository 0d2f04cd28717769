"""The clauses of the portable language: what each means, how engines write it, and its cases.

Default-deny, as for functions: `PARTS` says which parts a kind of node may have, and a part that
is not named is refused with its place. `clauselist` is what a
reader of the reference sees.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.base import Gap
from penstock.dialects.portable import warehouses
from penstock.dialects.portable.entry import UNKNOWN
from penstock.dialects.portable.reading import place, shown
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

AS_WRITTEN = "as written"


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of the portable language, or one that is refused.

    Attributes:
        name: as the reference lists it, lower case with underscores: the fixture's name.
        title: as SQL has it.
        meaning: its one meaning: NULLs, order, ties, no rows.
        example: a query over the nasty tables of the conformance suite.
        renderings: engine → how it is written there, in words, or a `Gap`.
        cases: more queries; each has its rows in a fixture.
    """

    name: str
    title: str
    meaning: str
    example: str
    renderings: Mapping[str, str | Gap] = field(default_factory=dict)
    cases: tuple[str, ...] = ()

    @property
    def queries(self) -> tuple[str, ...]:
        """The example and the other cases."""
        return (self.example, *self.cases)

    def rendering(self, engine: str) -> str | Gap:
        """How an engine or warehouse writes it."""
        if engine in warehouses.NAMES:
            refused = self.renderings.get("duckdb")
            return (
                refused
                if isinstance(refused, Gap)
                else warehouses.load(engine).clauses.get(self.name, UNKNOWN)
            )
        return self.renderings.get(engine, AS_WRITTEN)

    def gap(self, engine: str) -> Gap | None:
        """Why an engine has not got it; None: it has."""
        found = self.rendering(engine)
        return found if isinstance(found, Gap) else None


def everywhere(rendering: str | Gap) -> dict[str, str | Gap]:
    """The same on each engine."""
    return dict.fromkeys(("duckdb", "spark", "postgres"), rendering)


PARTS: Mapping[type[exp.Expr], frozenset[str]] = {
    kind: frozenset(words.split())
    for kind, words in (
        (
            exp.Select,
            "with_ expressions from_ joins where group having qualify order limit offset distinct",
        ),
        (exp.Union, "with_ this expression distinct order limit offset"),
        (exp.Except, "with_ this expression distinct order limit offset"),
        (exp.Intersect, "with_ this expression distinct order limit offset"),
        (exp.Subquery, "this alias with_ order limit offset"),
        (exp.With, "expressions recursive"),
        (exp.CTE, "this alias"),
        (exp.From, "this"),
        (exp.Table, "this alias"),
        (exp.TableAlias, "this columns"),
        (exp.Join, "this on side kind using method"),
        (exp.Where, "this"),
        (exp.Having, "this"),
        (exp.Qualify, "this"),
        (exp.Group, "expressions grouping_sets cube rollup all"),
        (exp.GroupingSets, "expressions"),
        (exp.Cube, "expressions"),
        (exp.Rollup, "expressions"),
        (exp.Tuple, "expressions"),
        (exp.Order, "this expressions"),
        (exp.Ordered, "this desc nulls_first"),
        (exp.Limit, "this expression"),
        (exp.Offset, "this expression"),
        (exp.Distinct, "expressions on"),
        (exp.Alias, "this alias"),
        (exp.Values, "expressions alias"),
        (exp.Unnest, "expressions alias offset"),
        (exp.Lateral, "this alias"),
        (exp.Star, "except_ replace rename"),
    )
}
"""What a query is made of; everything else inside one is an expression."""


def check(query: exp.Expr) -> None:
    """Refuse what is not in the set, anywhere in a query.

    Raises:
        Refusal: a clause, or a part of one, is not portable.
    """
    stack: list[exp.Expr] = [query]
    while stack:
        node = stack.pop()
        parts = PARTS.get(type(node))
        if parts is not None:
            for key, value in node.args.items():
                if key not in parts and value not in (None, False, [], ""):
                    offset, length = place(node)
                    word = key.rstrip("_").replace("_", " ").upper()
                    what = f"{type(node).__name__.upper()} with {word}: `{shown(node)}`"
                    message = f"{what} is not in the portable language"
                    raise Refusal("PSK-PORT-022", message, None, offset, length)
        stack.extend(node.iter_expressions())
