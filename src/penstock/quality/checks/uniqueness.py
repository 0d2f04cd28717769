"""`IsUnique`, `Uniqueness` and `IsPrimaryKey`: values that are there once.

As AWS's evaluator has it, rows in which every key column is NULL do not take part, and NULL in
one of several key columns is a value like others
(https://github.com/awslabs/deequ, GroupingAnalyzers.scala).

Under `quarantine` every row of a key that is there twice is set aside: which of them is right
cannot be known here. A `deduplicate` step keeps one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.quality.checks.completeness import complete_share, completeness_name
from penstock.quality.evaluation import (
    Evaluation,
    all_of,
    any_of,
    count_where,
    fill,
    share,
)
from penstock.quality.metrics import share_condition
from penstock.quality.scope import ref
from penstock.quality.where import in_scope_or, where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column
    from penstock.quality.ast import Simple
    from penstock.quality.scope import Scope


def is_unique(rule: Simple, scope: Scope) -> Evaluation | None:
    """https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-IsUnique.html."""
    keys = _Keys.of(rule, scope)
    if keys is None:
        return None
    twice = keys.rows_of_doubles(keys.some_value())
    return Evaluation(
        passed=fill("$twice = 0", twice=twice),
        observed={keys.metric: keys.share_of_singles()},
        predicate=in_scope_or(keys.among, keys.is_single(keys.some_value())),
        failed_rows=twice,
    )


def uniqueness(rule: Simple, scope: Scope) -> Evaluation | None:
    """https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-Uniqueness.html."""
    keys = _Keys.of(rule, scope)
    if keys is None:
        return None
    observed = keys.share_of_singles()
    assert rule.condition is not None
    passed = share_condition(observed, rule.condition, scope)
    return Evaluation(passed, {keys.metric: observed}) if passed else None


def is_primary_key(rule: Simple, scope: Scope) -> Evaluation | None:
    """https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-IsPrimaryKey.html."""
    keys = _Keys.of(rule, scope)
    if keys is None:
        return None
    whole = keys.every_value()
    missing = count_where(keys.within(fill("NOT $whole", whole=whole)))
    failed = fill("$missing + $twice", missing=missing, twice=keys.rows_of_doubles(whole))
    observed = {keys.metric: keys.share_of_singles()}
    for column in keys.columns:
        observed[completeness_name(column)] = complete_share(column, keys.among)
    return Evaluation(
        passed=fill("$failed = 0", failed=failed),
        observed=observed,
        predicate=in_scope_or(keys.among, all_of(whole, keys.is_single(whole))),
        failed_rows=failed,
    )


class _Keys:
    """The key columns of a rule, over the rows that its `where` lets in."""

    def __init__(self, columns: Sequence[Column], among: exp.Expr | None, scope: Scope) -> None:
        self.columns = columns
        self.among = among
        self._scope = scope
        self._refs = [ref(column) for column in columns]

    @classmethod
    def of(cls, rule: Simple, scope: Scope) -> _Keys | None:
        """The columns that the rule names, without repeats; None if one is not there."""
        found = [scope.column(name) for name in rule.parameters]
        among = where(rule, scope)
        columns = list(dict.fromkeys(c for c in found if c is not None))
        return cls(columns, among, scope) if all(found) else None

    @property
    def metric(self) -> str:
        """The metric's name at AWS."""
        names = ",".join(c.name for c in self.columns)
        return f"{'Column' if len(self.columns) == 1 else 'Multicolumn'}.{names}.Uniqueness"

    def some_value(self) -> exp.Expr:
        """Rows that have a value in a key column."""
        return any_of(*(fill("$key IS NOT NULL", key=r) for r in self._refs))

    def every_value(self) -> exp.Expr:
        """Rows that have a value in every key column."""
        return all_of(*(fill("$key IS NOT NULL", key=r) for r in self._refs))

    def within(self, condition: exp.Expr) -> exp.Expr:
        """A condition, and that the row is one the rule is about."""
        return condition if self.among is None else all_of(self.among, condition)

    def rows_of_doubles(self, complete: exp.Expr) -> exp.Expr:
        """How many rows have a key that another row has too."""
        doubles = self._doubles(complete, [fill("count(*) AS n")])
        total = exp.select(fill("CAST(COALESCE(SUM(n), 0) AS BIGINT)"))
        return total.from_(doubles.subquery("doubles")).subquery()

    def share_of_singles(self) -> exp.Expr:
        """The share of rows whose key no other row has."""
        rows = count_where(self.within(self.some_value()))
        singles = fill("$rows - $n", rows=rows, n=self.rows_of_doubles(self.some_value()))
        return share(singles, rows)

    def is_single(self, complete: exp.Expr) -> exp.Expr:
        """Row by row: no other row has its key."""
        names = [self._scope.fresh(i) for i in range(1, len(self.columns) + 1)]
        pairs = list(zip(self._refs, names, strict=True))
        aliased = [exp.alias_(mine.copy(), name, quoted=True) for mine, name in pairs]
        doubles = self._doubles(complete, aliased).subquery("doubles")
        same = []
        for mine, name in pairs:
            theirs = exp.column(name, "doubles", quoted=True)
            same.append(fill("$theirs IS NOT DISTINCT FROM $mine", theirs=theirs, mine=mine))
        found = exp.select(exp.Literal.number(1)).from_(doubles).where(all_of(*same))
        return exp.Not(this=exp.Exists(this=found))

    def _doubles(self, complete: exp.Expr, outputs: Sequence[exp.Expr]) -> exp.Select:
        return (
            exp.select(*outputs)
            .from_(self._scope.table())
            .where(self.within(complete))
            .group_by(*(r.copy() for r in self._refs))
            .having(fill("count(*) > 1"))
        )
