"""Binds what a rule comes to, so that no rule fails at run time because of its types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.program import unchecked
from penstock.quality.evaluation import aggregated
from penstock.quality.scope import TYPE

if TYPE_CHECKING:
    from penstock.quality.ast import Rule
    from penstock.quality.evaluation import Evaluation
    from penstock.quality.scope import Scope


def bind_evaluation(evaluation: Evaluation, rule: Rule, scope: Scope) -> None:
    """Bind the expressions as a run will use them. What is wrong is an error at the whole rule."""
    if scope.bind is None:
        return
    outputs = [aggregated(evaluation.passed), *evaluation.observed.values()]
    if evaluation.failed_rows is not None:
        outputs.append(evaluation.failed_rows)
    queries = [exp.select(*(o.copy() for o in outputs)).from_(scope.table())]
    if evaluation.predicate is not None:
        rows = exp.select(exp.Literal.number(1)).from_(scope.table())
        queries.append(rows.where(evaluation.predicate.copy()))
    for query in queries:
        failure = scope.bind(_over_dataset(query, scope).sql(dialect="duckdb"))
        if failure is not None:
            scope.error(rule.place, TYPE, failure.message, failure.hint)
            return


def _over_dataset(query: exp.Select, scope: Scope) -> exp.Select:
    """The query over the dataset itself: before a run there is no relation of unchecked rows."""
    for table in query.find_all(exp.Table):
        if table.name == unchecked(scope.dataset):
            table.set("this", exp.to_identifier(scope.dataset))
    return query
