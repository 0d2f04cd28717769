"""Spans of values in a table that is looked into: from a value to another, or to the next row's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.names import column, fresh, named, select, table
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Span:
    """A value of the rows lies in the span of one row of the table.

    Attributes:
        column: of the rows.
        begins: column of the table: the least value of the span. NULL: no least (not as-of).
        to: column of the table: the end of the span, NULL: none. None: the next `begins` of the
            same keys is the end (as-of).
        closed: the end belongs to the span.
    """

    column: str
    begins: str
    to: str | None = None
    closed: bool = False

    @property
    def columns(self) -> list[str]:
        """The table's columns."""
        return [self.begins] if self.to is None else [self.begins, self.to]


def beside(
    span: Span, source: str, keys: Sequence[str], names: Sequence[str]
) -> tuple[exp.Select, str, str]:
    """The rows of the table with the end of their span.

    Args:
        names: the columns needed.

    Returns:
        The query, its column of the end, and one that is never NULL in it.
    """
    kept = list(dict.fromkeys([*names, *span.columns]))
    until = span.to or fresh("until", kept)
    met = fresh("met", [*kept, until])
    items: list[exp.Expr] = [column(n) for n in kept]
    if span.to is None:
        following = exp.Window(
            this=exp.Lead(this=column(span.begins)),
            partition_by=[column(k) for k in keys],
            order=_order(span),
        )
        items.append(named(following, until))
    items.append(named(exp.true(), met))
    query = select(items, table(source))
    wanted = [*keys, *([span.begins] if span.to is None else [])]
    if wanted:
        query.where(*[filled("NOT $x IS NULL", x=column(n)) for n in wanted], copy=False)
    return query, until, met


def holds(span: Span, alias: str, until: str) -> list[exp.Expr]:
    """Conditions of a join: the row's value lies in the span of the table's row."""
    return _within(span, column(span.begins, alias), column(until, alias))


def reaches(span: Span, renamed: Mapping[str, str]) -> list[exp.Expr]:
    """Conditions on rows of the table under other names: one of them holds the row's value."""
    begins = column(renamed[span.begins])
    if span.to is None:
        return [exp.GTE(this=column(span.column), expression=begins)]
    return _within(span, begins, column(renamed[span.to]))


def overlapping(
    span: Span, source: str, keys: Sequence[str], shown: exp.Expr
) -> tuple[exp.Select, exp.Expr]:
    """The rows with a span, and which begin before one that began earlier is over.

    Returns:
        The query, whose column `key` shows a row, and a condition over its columns.
    """
    assert span.to is not None
    begins, to = column(span.begins), column(span.to)
    sign = "<=" if span.closed else "<"
    present = [filled("NOT $x IS NULL", x=column(k)) for k in keys]
    any_value = filled(f"$f IS NULL OR $t IS NULL OR $f {sign} $t", f=begins, t=to)
    items = [
        named(shown, "key"),
        named(begins.copy(), "begins"),
        named(_earlier(exp.Max(this=to.copy()), span, keys), "latest"),
        named(_earlier(exp.Count(this=exp.Star()), span, keys), "earlier"),
        named(_earlier(exp.Count(this=to.copy()), span, keys), "ended"),
    ]
    inner = select(items, table(source)).where(*present, exp.Paren(this=any_value), copy=False)
    meets = ">=" if span.closed else ">"
    condition = filled(
        f"earlier > 0 AND (begins IS NULL OR ended < earlier OR latest {meets} begins)"
    )
    return inner, condition


def _within(span: Span, begins: exp.Expr, until: exp.Expr) -> list[exp.Expr]:
    x = column(span.column)
    before = "<=" if span.closed else "<"
    end = exp.Paren(this=filled(f"$u IS NULL OR $x {before} $u", x=x, u=until))
    if span.to is None:
        return [exp.GTE(this=x, expression=begins), end]
    start = exp.Paren(this=filled("$f IS NULL OR $x >= $f", x=x, f=begins))
    return [filled("NOT $x IS NULL", x=x), start, end]


def _earlier(function: exp.Expr, span: Span, keys: Sequence[str]) -> exp.Window:
    frame = exp.WindowSpec(
        kind="ROWS",
        start="UNBOUNDED",
        start_side="PRECEDING",
        end=exp.Literal.number(1),
        end_side="PRECEDING",
    )
    partition = [column(k) for k in keys]
    return exp.Window(this=function, partition_by=partition, order=_order(span), spec=frame)


def _order(span: Span) -> exp.Order:
    ordered = exp.Ordered(this=column(span.begins), desc=False, nulls_first=True)
    return exp.Order(expressions=[ordered])
