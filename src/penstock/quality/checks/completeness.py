"""`IsComplete` and `Completeness`: values that are there.

An empty text is a value: https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-Completeness.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.quality.evaluation import Evaluation, all_of, count_where, fill, share
from penstock.quality.metrics import share_condition
from penstock.quality.scope import ref
from penstock.quality.where import in_scope_or, where

if TYPE_CHECKING:
    from sqlglot import exp

    from penstock.program import Column
    from penstock.quality.ast import Simple
    from penstock.quality.scope import Scope


def is_complete(rule: Simple, scope: Scope) -> Evaluation | None:
    """https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-IsComplete.html."""
    column = scope.column(rule.parameters[0])
    among = where(rule, scope)
    if column is None:
        return None
    predicate = in_scope_or(among, fill("$column IS NOT NULL", column=ref(column)))
    failed = count_where(fill("NOT $kept", kept=predicate))
    return Evaluation(
        passed=fill("$failed = 0", failed=failed),
        observed={completeness_name(column): complete_share(column, among)},
        predicate=predicate,
        failed_rows=failed,
    )


def completeness(rule: Simple, scope: Scope) -> Evaluation | None:
    """https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-Completeness.html."""
    column = scope.column(rule.parameters[0])
    among = where(rule, scope)
    if column is None:
        return None
    observed = complete_share(column, among)
    assert rule.condition is not None
    passed = share_condition(observed, rule.condition, scope)
    return Evaluation(passed, {completeness_name(column): observed}) if passed else None


def completeness_name(column: Column) -> str:
    """The metric's name at AWS."""
    return f"Column.{column.name}.Completeness"


def complete_share(column: Column, among: exp.Expr | None) -> exp.Expr:
    """The share of rows that have a value."""
    there = fill("$column IS NOT NULL", column=ref(column))
    return share(count_where(there if among is None else all_of(among, there)), count_where(among))
