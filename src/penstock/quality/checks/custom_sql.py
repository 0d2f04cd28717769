"""`CustomSql`: a SELECT over `primary`, which stands for the dataset.

Two forms (https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-CustomSql.html):

- with a condition: the SELECT gives one number, and the condition is on it;
- without: the SELECT gives the keys of the rows that are right. Rows of the dataset that it does
  not give break the rule; `with threshold` is on the share of those that it gives. Rows are found
  by all the columns selected, so a key of the dataset should be among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.quality.combine import failed_rows
from penstock.quality.evaluation import Evaluation, all_of, count_where, fill, share
from penstock.quality.metrics import number_condition, share_condition
from penstock.quality.scope import ref
from penstock.quality.statement import Statement, read_statement

if TYPE_CHECKING:
    from penstock.quality.ast import Simple
    from penstock.quality.scope import Scope

BAD_STATEMENT = "PSK-DQ-014"


def custom_sql(rule: Simple, scope: Scope) -> Evaluation | None:
    """A rule in SQL, in one of the two forms."""
    statement = read_statement(rule.parameters[0], scope, code=BAD_STATEMENT)
    if rule.condition is not None and rule.threshold is not None:
        scope.error(
            rule.threshold.place,
            BAD_STATEMENT,
            "a `CustomSql` rule has a condition or a threshold, not both",
            "with a condition the SELECT gives one number, without it the rows that are right",
        )
        return None
    if statement is None:
        return None
    return _one_number(rule, statement, scope) if rule.condition else _rows(rule, statement, scope)


def _one_number(rule: Simple, statement: Statement, scope: Scope) -> Evaluation | None:
    if not statement.gives_one_row:
        message = "with a condition the SELECT gives one number; this one gives many rows"
        hint = "aggregate it (count, sum, …), or drop the condition for a rule about rows"
        scope.error(rule.parameters[0].place, BAD_STATEMENT, message, hint)
        return None
    if len(statement.outputs) != 1 or statement.outputs[0] == "*":
        message = "with a condition the SELECT gives one number; this one gives several columns"
        scope.error(rule.parameters[0].place, BAD_STATEMENT, message, "SELECT one value")
        return None
    assert rule.condition is not None
    value = statement.tree.subquery()
    passed = number_condition(value, rule.condition, scope)
    if passed is None:
        return None
    return Evaluation(
        # No row, or NULL, meets no condition.
        passed=fill("COALESCE($passed, FALSE)", passed=passed),
        observed={"Dataset.*.CustomSQL": fill("CAST($value AS DOUBLE)", value=value)},
    )


def _rows(rule: Simple, statement: Statement, scope: Scope) -> Evaluation | None:
    place = rule.parameters[0].place
    every = statement.outputs == ["*"] and statement.reads_one
    names = scope.names if every else statement.outputs
    keys = [scope.find(name) for name in names]
    if not all(keys):
        other = next(n for n, key in zip(names, keys, strict=True) if key is None)
        message = (
            "without a condition the SELECT gives columns of the dataset, to say which rows are "
            f"right; {f'`{other}`' if other else 'a computed value'} is none of them"
        )
        hint = "name a key of `primary`, or add a condition: `… > 0`"
        scope.error(place, BAD_STATEMENT, message, hint)
        return None
    columns = [ref(key) for key in keys if key is not None]
    theirs = [scope.fresh(i) for i in range(1, len(columns) + 1)]
    alias = exp.TableAlias(
        this=exp.to_identifier("kept"),
        columns=[exp.to_identifier(name, quoted=True) for name in theirs],
    )
    kept = exp.Subquery(this=statement.tree.copy(), alias=alias)
    same = all_of(
        *(
            fill(
                "$theirs IS NOT DISTINCT FROM $mine",
                theirs=exp.column(name, "kept", quoted=True),
                mine=mine,
            )
            for name, mine in zip(theirs, columns, strict=True)
        )
    )
    predicate = exp.Exists(this=exp.select(exp.Literal.number(1)).from_(kept).where(same))
    failed = failed_rows(predicate, scope)
    total = count_where(None)
    meeting = share(fill("$total - $failed", total=total, failed=failed), total)
    passed: exp.Expr | None = fill("$failed = 0", failed=failed)
    if rule.threshold is not None:
        passed = share_condition(meeting, rule.threshold, scope)
    if passed is None:
        return None
    return Evaluation(passed, {"Dataset.*.CustomSQL.Compliance": meeting}, predicate, failed)
