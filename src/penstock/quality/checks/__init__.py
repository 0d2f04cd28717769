"""Builders of rules: rule type → function that evaluates it. One file for each idea."""

from __future__ import annotations

from collections.abc import Callable

from penstock.quality.ast import Simple
from penstock.quality.checks.completeness import completeness, is_complete
from penstock.quality.checks.custom_sql import custom_sql
from penstock.quality.checks.rows import column_exists, row_count
from penstock.quality.checks.uniqueness import is_primary_key, is_unique, uniqueness
from penstock.quality.checks.values import column_values
from penstock.quality.evaluation import Evaluation
from penstock.quality.scope import Scope

Builder = Callable[[Simple, Scope], Evaluation | None]
"""Evaluates a rule over a scope; None, with an error in the scope, if it cannot."""

BUILDERS: dict[str, Builder] = {
    "ColumnExists": column_exists,
    "ColumnValues": column_values,
    "Completeness": completeness,
    "CustomSql": custom_sql,
    "IsComplete": is_complete,
    "IsPrimaryKey": is_primary_key,
    "IsUnique": is_unique,
    "RowCount": row_count,
    "Uniqueness": uniqueness,
}
