"""Takes columns of the one row of another dataset that fits: by keys, and within a span."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from penstock.transforms import spans
from penstock.transforms.names import column, data_type, fresh, identifier, named, select, table
from penstock.transforms.templates import filled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from penstock.transforms.base import Origins
    from penstock.transforms.chain import Chain
    from penstock.transforms.spans import Span


@dataclass(frozen=True)
class Take:
    """Columns of the one row of `source` whose keys are equal.

    Attributes:
        on: column of the rows → column of the source that it equals.
        first: how rows with one key are ordered, the first is taken; None: they fail the run.
        span: what of the source holds a value of the rows, beside the keys.
        prepared: SELECT over the source that makes keys of its columns; the others keep names.
    """

    dataset: str
    source: str
    on: Mapping[str, str]
    take: Mapping[str, str]
    missing: Literal["keep", "drop", "fail"]
    first: tuple[exp.Ordered, ...] | None
    error_function: str
    span: Span | None = None
    prepared: exp.Select | None = None
    row_by_row = True

    def trace(self, origins: Origins) -> Origins:
        """The new columns come from the other dataset."""
        return {**origins, **{n: frozenset({(self.source, t)}) for n, t in self.take.items()}}

    def apply(self, chain: Chain) -> None:
        """Put it at the end of a chain."""
        alias = fresh(self.source, chain.relations())
        guard: str | None = None
        rows = self.source
        if self.prepared is not None:
            rows = chain.add(self.prepared.copy(), keep=True, reads=(self.source,))
        if self.first is None:
            several = self._overlapping(rows) if self._is_range else self._none_repeated(rows)
            guard = chain.add(several, keep=True, reads=(rows,), heavy=self._is_range)
            source = rows
        else:
            source = chain.add(self._first(rows), keep=True, reads=(rows,))
        also: list[exp.Expr] = []
        met = self._keys[0] if self._keys else ""
        if self.span is not None:
            names = [*self._keys, *self.take.values()]
            spanned, until, met = spans.beside(self.span, source, self._keys, names)
            as_of = self.span.to is None
            source = chain.add(spanned, keep=as_of, heavy=as_of, reads=(source,))
            also = spans.holds(self.span, alias, until)
        chain.join(
            table(source, alias),
            alias,
            on=self.on,
            also=also,
            take=self.take,
            reads=(source,),
            inner=self.missing == "drop",
            checks=[self._found(alias, met)] if self.missing == "fail" else [],
            guard=guard,
        )

    def exists(self, columns: Iterable[str]) -> exp.Expr:
        """Whether a row has a match, as a condition over these columns of it."""
        renamed: dict[str, str] = {}
        theirs = [*self._keys, *(self.span.columns if self.span else ())]
        for name in dict.fromkeys(theirs):
            renamed[name] = fresh(f"their_{name}", [*columns, *renamed.values()])
        items = [exp.Alias(this=column(n), alias=identifier(new)) for n, new in renamed.items()]
        alias = exp.TableAlias(this=identifier(fresh("looked_into", columns)))
        source: exp.Expr = table(self.source)
        if self.prepared is not None:
            inner = exp.TableAlias(this=identifier("prepared"))
            source = exp.Subquery(this=self.prepared.copy(), alias=inner)
        rows = exp.Subquery(this=select(items, source), alias=alias)
        conditions: list[exp.Expr] = [
            exp.EQ(this=column(mine), expression=column(renamed[their]))
            for mine, their in self.on.items()
        ]
        if self.span is not None:
            conditions += spans.reaches(self.span, renamed)
        query = select([exp.Literal.number(1)], rows).where(*conditions, copy=False)
        return exp.Exists(this=query)

    @property
    def _is_range(self) -> bool:
        return self.span is not None and self.span.to is not None

    @property
    def _keys(self) -> list[str]:
        return list(dict.fromkeys(self.on.values()))

    @property
    def _unique(self) -> list[str]:
        """The columns that tell the rows of the source apart."""
        begins = [self.span.begins] if self.span is not None else []
        return list(dict.fromkeys([*self._keys, *begins]))

    def _overlapping(self, rows: str) -> exp.Select:
        """No rows; the query fails if two spans of a key overlap."""
        assert self.span is not None
        shown = _shown([column(k) for k in self._unique])
        found, bad = spans.overlapping(self.span, rows, self._keys, shown)
        message = (
            f"the lookup of `{self.dataset}` needs one row of `{self.source}` for each value, and "
            f"`{self.span.begins}` to `{self.span.to}` overlap at "
        )
        return self._failing(found, bad, message)

    def _none_repeated(self, rows: str) -> exp.Select:
        """No rows; the query fails if a key stands in several rows."""
        repeated = (
            exp.select(
                named(_shown([column(k) for k in self._unique]), "key"),
                named(exp.Count(this=exp.Star()), "n"),
            )
            .from_(table(rows))
            .where(*[_present(column(k)) for k in self._unique])
            .group_by(*[column(k) for k in self._unique])
        )
        keys = " and ".join(f"`{k}`" for k in self._unique)
        message = (
            f"the lookup of `{self.dataset}` needs one row of `{self.source}` for each {keys}, "
            "and there are several for "
        )
        return self._failing(repeated, filled("n > 1"), message)

    def _failing(self, found: exp.Select, bad: exp.Expr, message: str) -> exp.Select:
        """No rows; fails with the `key` of a row that is bad, if there is one.

        What makes it bad stands beside the failure: an engine may move a condition on keys alone
        to before the groups, where every row would fail.
        """
        failing = filled(
            "CASE WHEN $bad THEN $failure IS NULL ELSE FALSE END",
            bad=bad,
            failure=self._failure(message, column("key")),
        )
        inner = exp.Subquery(this=found, alias=exp.TableAlias(this=identifier("repeated")))
        return exp.select("key").from_(inner).where(failing)

    def _first(self, rows: str) -> exp.Select:
        """One row for each key: the first."""
        assert self.first is not None
        columns = list(dict.fromkeys([*self._unique, *self.take.values()]))
        rank = fresh("n", columns)
        number = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column(k) for k in self._unique],
            order=exp.Order(expressions=[t.copy() for t in self.first]),
        )
        ranked = (
            exp.select(*[column(c) for c in columns], named(number, rank))
            .from_(table(rows))
            .where(*[_present(column(k)) for k in self._unique])
        )
        inner = exp.Subquery(this=ranked, alias=exp.TableAlias(this=identifier("ranked")))
        first = exp.EQ(this=column(rank), expression=exp.Literal.number(1))
        return exp.select(*[column(c) for c in columns]).from_(inner).where(first)

    def _found(self, alias: str, met: str) -> exp.Expr:
        """True, or the query fails because a row has no match: `met` is NULL there."""
        absent = exp.Is(this=column(met, alias), expression=exp.Null())
        mine = [*self.on, *([self.span.column] if self.span else ())]
        message = (
            f"the lookup of `{self.dataset}` says `missing: fail`, and `{self.source}` has no "
            f"row for {', '.join(mine)} = "
        )
        failure = self._failure(message, _shown([column(c) for c in mine]))
        return exp.Case(ifs=[exp.If(this=absent, true=failure)], default=exp.Boolean(this=True))

    def _failure(self, message: str, value: exp.Expr) -> exp.Expr:
        """Fails the query with a message that ends in a value."""
        text = exp.DPipe(this=exp.Literal.string(message), expression=value)
        return exp.Anonymous(this=self.error_function, expressions=[text])


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
