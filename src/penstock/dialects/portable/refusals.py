"""All that is wrong with a query: what stands beside the first thing that is refused, too."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from penstock.dialects.portable import prepare, unknown_functions
from penstock.dialects.portable.engine import engine_of
from penstock.dialects.portable.lowering import Lowering
from penstock.dialects.portable.reading import UNREAD
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlglot import exp


def refusals(
    sql: str,
    schemas: Mapping[str, Mapping[str, str]],
    engine: str,
    variables: Mapping[str, exp.Expr] | None = None,
) -> list[Refusal]:
    """Why a query is not portable to an engine: one reason for each column, condition and key.

    Every unknown function is told, wherever it stands. What is read of a column that is refused
    is not told again. A form that is refused before names are known (a star, a method, a join)
    stands alone, beside unknown functions.

    >>> schemas = {"t": {"s": "varchar", "n": "integer"}}
    >>> query = "SELECT soundex(s) AS a, s + n AS b, lower(s) AS c FROM t WHERE metaphone(s) = s"
    >>> [(each.code, each.offset) for each in refusals(query, schemas, "spark")]
    [('PSK-PORT-020', 7), ('PSK-PORT-023', 24), ('PSK-PORT-022', 63)]
    >>> refusals("SELECT lower(s) AS a FROM t", schemas, "spark")
    []
    """
    found: list[Refusal] = []

    def tried(look: Callable[[], object]) -> None:
        try:
            look()
        except Refusal as refused:
            found.append(refused)
        except UNREAD:  # what a refused column leads to
            return

    try:
        prepared = prepare(sql, schemas, variables)
    except Refusal as refused:
        found.append(refused)
    else:
        for look in Lowering(engine_of(engine), prepared.typer).looks(prepared.tree):
            tried(look)
        if not found:
            tried(lambda: prepared.render(engine))
    with suppress(Refusal):  # a word that is refused before anything is read
        found += unknown_functions(sql)
    return _each_once(found)


def _each_once(found: list[Refusal]) -> list[Refusal]:
    """In the order of the text; of several at one place the first."""
    places: dict[int | str, Refusal] = {}
    for each in found:
        places.setdefault(each.message if each.offset is None else each.offset, each)
    return sorted(places.values(), key=lambda each: -1 if each.offset is None else each.offset)
