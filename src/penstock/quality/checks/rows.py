"""`RowCount` and `ColumnExists`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.quality.evaluation import Evaluation, count_where, fill
from penstock.quality.metrics import number_condition
from penstock.quality.where import where

if TYPE_CHECKING:
    from penstock.quality.ast import Simple
    from penstock.quality.scope import Scope


def row_count(rule: Simple, scope: Scope) -> Evaluation | None:
    """https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-RowCount.html."""
    rows = count_where(where(rule, scope))
    assert rule.condition is not None
    passed = number_condition(rows, rule.condition, scope)
    return Evaluation(passed, {"Dataset.*.RowCount": rows}) if passed else None


def column_exists(rule: Simple, scope: Scope) -> Evaluation | None:
    """https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-ColumnExists.html.

    A dataset has exactly the columns of its schema, so this is known when compiling.
    """
    there = scope.find(rule.parameters[0].value) is not None
    return Evaluation(fill("TRUE" if there else "FALSE"))
