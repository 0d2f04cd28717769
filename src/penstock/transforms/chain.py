"""Puts the operations of a chain together: as few SELECTs as is safe, cut where rows are counted.

A chain holds one open SELECT. A projection goes into it, unless it would compute something twice
or put a window in a window; a filter becomes its WHERE, after which only projections still fit.
What does not fit closes the SELECT: it becomes a part, a relation that the next SELECT reads.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.program import stage_name
from penstock.transforms.expressions import column_names, free_columns
from penstock.transforms.names import column, identifier, named, select, table
from penstock.transforms.parts import Part, decide_what_to_keep
from penstock.transforms.volatile import is_volatile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from penstock.program import Effect


@dataclass(slots=True)
class _Open:
    """The SELECT being built: `columns` over `rows`, which stand under `alias`.

    Attributes:
        reads: relations in FROM and JOIN.
        effect: what the rows that `where` removes are called, once it removes any.
        guards: relations that fail when they are made, or else are empty.
    """

    rows: exp.Expr
    alias: str
    columns: dict[str, exp.Expr]
    reads: tuple[str, ...]
    joins: list[exp.Join] = field(default_factory=list)
    where: list[exp.Expr] = field(default_factory=list)
    effect: Effect | None = None
    excluded: exp.Select | None = None
    excluded_reads: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    plain: bool = True

    @classmethod
    def over(cls, relation: str, names: Iterable[str]) -> _Open:
        columns: dict[str, exp.Expr] = {n: column(n, relation) for n in names}
        return cls(table(relation), relation, columns, (relation,))

    def select(self) -> exp.Select:
        """The SELECT as a tree of its own."""
        items = [named(t.copy(), n) for n, t in self.columns.items()]
        return self._over_rows(items, self.where)

    def count_where(self, condition: exp.Expr) -> exp.Select:
        """SELECT of the number of rows that meet a condition."""
        items = [named(exp.Count(this=exp.Star()), "n")]
        return self._over_rows(items, [*self.where, condition])

    def _over_rows(self, items: list[exp.Expr], where: list[exp.Expr]) -> exp.Select:
        query = select(items, self.rows.copy())
        for join in self.joins:
            query = query.join(join.copy(), copy=False)
        if where:
            query = query.where(*[w.copy() for w in where], copy=False)
        if not self.joins:
            for node in query.find_all(exp.Column):
                if node.table == self.alias:
                    node.set("table", None)
        return query

    def is_volatile(self) -> bool:
        return any(is_volatile(t) for t in (self.rows, *self.columns.values(), *self.where))

    def sorts(self) -> bool:
        """Whether there is a window anywhere, so that counting over it costs much."""
        return self.has_window() or self.rows.find(exp.Window) is not None

    def has_window(self) -> bool:
        return any(t.find(exp.Window) for t in self.columns.values())


class Chain:
    """Builds the parts of one dataset from operations, in order.

    Args:
        dataset: the dataset made; its parts are named after it.
        source: the relation that the chain starts from.
        columns: the source's columns.
        number: how many relations are named after the dataset already.
    """

    def __init__(
        self, dataset: str, source: str, columns: Sequence[str], *, number: int = 0
    ) -> None:
        self._number = number
        self._dataset = dataset
        self._open = _Open.over(source, columns)
        self._parts: list[Part] = []
        self._step = ("select", 0)
        self._named = self._step

    @property
    def columns(self) -> list[str]:
        """The columns as they stand now."""
        return list(self._open.columns)

    def relations(self) -> list[str]:
        """The names that stand in FROM and JOIN of the open SELECT."""
        return [self._open.alias, *(j.alias_or_name for j in self._open.joins)]

    def begin(self, step: str, number: int) -> None:
        """The operations that follow belong to this step of the pipeline file, from 0."""
        self._step = (step, number)

    def project(self, columns: Mapping[str, exp.Expr]) -> None:
        """The same rows with other columns."""
        if not self._fits(columns.values()):
            self._nest()
        self._open.columns = {name: self._replaced(tree) for name, tree in columns.items()}
        self._touch()

    def filter(self, predicate: exp.Expr) -> None:
        """Only the rows for which the predicate is true."""
        if self._open.effect or self._open.is_volatile() or self._open.sorts():
            self.relation()
        if not self._fits([predicate], inline=False):
            self._nest()
        condition = self._replaced(predicate)
        untrue = exp.Not(
            this=exp.Is(this=_wrapped(condition.copy()), expression=exp.Boolean(this=True))
        )
        self._remove("filtered", self._open.count_where(untrue), self._open.reads)
        self._open.where.append(condition)

    def join(
        self,
        right: exp.Expr,
        alias: str,
        *,
        on: Mapping[str, str],
        take: Mapping[str, str],
        reads: tuple[str, ...],
        inner: bool = False,
        also: Sequence[exp.Expr] = (),
        checks: Sequence[exp.Expr] = (),
        guard: str | None = None,
    ) -> None:
        """Columns of at most one row of another relation for each row.

        Args:
            right: what is joined, under `alias`.
            on: column of the rows → column of the right that it equals.
            also: what else is true of both; columns of the right stand with its alias.
            take: new column → column of the right.
            reads: the relations in `right`.
            inner: rows without a match are removed, and counted as filtered.
            checks: conditions that are true or fail the query, over columns of the right and,
                without a table, of the rows.
            guard: a part that fails when `right` has several rows for a key.
        """
        if self._open.effect or inner:
            self.relation()
        if self._open.has_window() or not self._fits(
            [*(column(c) for c in on), *also], inline=False
        ):
            self._nest()
        equal = exp.and_(
            *[
                exp.EQ(this=self._replaced(column(mine)), expression=column(theirs, alias))
                for mine, theirs in on.items()
            ],
            *[self._replaced(condition) for condition in also],
            copy=False,
        )
        if inner:
            anti = select([named(exp.Count(this=exp.Star()), "n")], self._open.rows.copy())
            anti.join(right.copy(), on=equal.copy(), join_type="anti", copy=False)
            self._remove("filtered", anti, (*self._open.reads, *reads))
        side = "" if inner else "left"
        self._open.joins.append(
            exp.Join(this=right, on=equal, side=side.upper() or None, kind=None)
        )
        self._open.reads += reads
        self._open.where += [self._replaced(check) for check in checks]
        self._open.guards += (guard,) if guard else ()
        for name, theirs in take.items():
            self._open.columns[name] = column(theirs, alias)
        self._touch()

    def guard(self, guard: str) -> None:
        """The rows wait for a part that fails when it is made, or else is empty."""
        self._open.guards += (guard,)
        self._touch()

    def aggregate(self, by: Mapping[str, exp.Expr], measures: Mapping[str, exp.Expr]) -> None:
        """One row for each group; one row for all without `by`."""
        if self._open.effect or self._open.joins or self._open.has_window():
            self.relation()
        if not self._fits([*by.values(), *measures.values()]):
            self._nest()
        groups = {name: self._replaced(tree) for name, tree in by.items()}
        sums = {name: self._replaced(tree) for name, tree in measures.items()}
        self._open.columns = {**groups, **sums}
        query = self._open.select()
        if groups:
            # By position: an expression may be long, and its name may be a column's too.
            query = query.group_by(
                *[exp.Literal.number(i + 1) for i in range(len(groups))], copy=False
            )
        names = list(self._open.columns)
        self._touch()
        self.add(query, heavy=True, keep=is_volatile(query), reads=self._open.reads)
        self.resume(names)

    def relation(self) -> str:
        """Close the open SELECT; the relation that now holds the rows."""
        if self._open.plain:
            return self._open.alias
        names = self.columns
        now = self._step
        self._step = self._named
        self.add(
            self._open.select(),
            effect=self._open.effect,
            excluded=self._open.excluded,
            reads=self._open.reads,
            excluded_reads=self._open.excluded_reads,
            guards=self._open.guards,
            keep=self._open.is_volatile(),
            heavy=self._open.sorts(),
            joins=bool(self._open.joins),
        )
        self._step = now
        return self.resume(names)

    def add(
        self,
        query: exp.Query,
        *,
        reads: tuple[str, ...],
        effect: Effect | None = None,
        excluded: exp.Select | None = None,
        excluded_reads: tuple[str, ...] = (),
        guards: tuple[str, ...] = (),
        keep: bool = False,
        heavy: bool = False,
        joins: bool = False,
    ) -> str:
        """Add a part.

        Args:
            reads: the relations that the query reads, each as often as it does.
            keep: its rows are kept: it is small and read again, or would not be the same again.
            heavy: computing it again costs more than keeping its rows.
            joins: computing it again costs something.

        Returns:
            The name of its relation.
        """
        step, number = self._step
        part = Part(
            name=stage_name(self._dataset, self._number + len(self._parts) + 1),
            step=step,
            number=number,
            query=query,
            reads=reads,
            effect=effect,
            excluded=excluded,
            excluded_reads=excluded_reads,
            guards=guards,
            keep=keep,
            cost=2 if heavy else int(joins),
        )
        self._parts.append(part)
        return part.name

    def resume(self, columns: Iterable[str]) -> str:
        """Go on from the part added last, which has these columns."""
        name = self._parts[-1].name
        self._open = _Open.over(name, columns)
        return name

    def finish(self) -> list[Part]:
        """The parts; the last one holds the dataset's rows."""
        if not self._parts:
            self._open.plain = False
        self.relation()
        decide_what_to_keep(self._parts)
        return self._parts

    def _touch(self) -> None:
        """Remember which step the open SELECT is named after: the first, or what removes rows."""
        if self._open.plain:
            self._named = self._step
        self._open.plain = False

    def _remove(self, effect: Effect, excluded: exp.Select, reads: tuple[str, ...]) -> None:
        self._open.plain = False
        self._named = self._step
        self._open.effect = effect
        self._open.excluded = excluded
        self._open.excluded_reads = reads

    def _nest(self) -> None:
        """Make the open SELECT the rows of a new one."""
        inner = self._open
        alias = f"{self._dataset}__before"
        rows = exp.Subquery(this=inner.select(), alias=exp.TableAlias(this=identifier(alias)))
        self._open = _Open(
            rows=rows,
            alias=alias,
            columns={name: column(name, alias) for name in inner.columns},
            reads=inner.reads,
            effect=inner.effect,
            excluded=inner.excluded,
            excluded_reads=inner.excluded_reads,
            guards=inner.guards,
            plain=False,
        )

    def _fits(self, trees: Iterable[exp.Expr], *, inline: bool = True) -> bool:
        """Whether expressions over the open columns can take these columns' expressions in.

        Args:
            inline: an expression that is used once may move to where it is used.
        """
        uses: Counter[str] = Counter()
        inside: set[str] = set()
        for tree in trees:
            uses.update(node.name for node in free_columns(tree) if not node.table)
            if not isinstance(tree, exp.Column):
                inside |= column_names(tree)
        for name, count in uses.items():
            now = self._open.columns.get(name)
            if now is None or _trivial(now):
                continue
            if not inline or count > 1 or (name in inside and now.find(exp.Window)):
                return False
        return True

    def _replaced(self, tree: exp.Expr) -> exp.Expr:
        """The expression with the open columns' own expressions in it."""
        if isinstance(tree, exp.Column) and not tree.table:
            return self._open.columns[tree.name].copy()
        made = tree.copy()
        for node in list(free_columns(made)):
            if not node.table and node.name in self._open.columns:
                node.replace(_wrapped(self._open.columns[node.name].copy()))
        return made


def _trivial(tree: exp.Expr) -> bool:
    return isinstance(tree, (exp.Column, exp.Literal, exp.Boolean, exp.Null))


def _wrapped(tree: exp.Expr) -> exp.Expr:
    """In parentheses, unless it stands as one anyway."""
    alone = isinstance(tree, (exp.Column, exp.Literal, exp.Paren, exp.Boolean, exp.Null))
    if alone or (isinstance(tree, exp.Func) and not isinstance(tree, exp.Binary)):
        return tree
    return exp.Paren(this=tree)
