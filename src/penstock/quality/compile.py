"""Compiles a rule into a Check.

Semantics are AWS's (https://docs.aws.amazon.com/glue/latest/dg/dqdl.html); where its pages leave
something open, those of its open evaluator (https://github.com/awslabs/deequ). Two choices are
ours: a rule about values holds for a dataset without rows, and the rows that a `quarantine` rule
sets aside are those that break it, whatever its threshold says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from penstock.program import Check
from penstock.quality.ast import Composite, Simple
from penstock.quality.binding import bind_evaluation
from penstock.quality.checks import BUILDERS
from penstock.quality.combine import combine
from penstock.quality.compiled import CompiledRule
from penstock.quality.evaluation import aggregated
from penstock.quality.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlglot import exp

    from penstock.program import Action, Column
    from penstock.quality.ast import Rule
    from penstock.quality.compiled import Binder, RuleCapabilities
    from penstock.quality.evaluation import Evaluation
    from penstock.quality.scope import Scalar

NOT_ABOUT_ROWS = "PSK-DQ-010"

# A rule about the rows that says nearly the same as one about the dataset.
_ABOUT_ROWS = {
    "Completeness": 'to set aside the rows without a value, write `IsComplete "{}"`',
    "Uniqueness": 'to set aside every row of a value that is there twice, write `IsUnique "{}"`',
}


def compile_rule(
    rule: Rule,
    *,
    dataset: str,
    action: Action,
    schema: Sequence[Column],
    capabilities: RuleCapabilities,
    datasets: Mapping[str, Sequence[Column]] | None = None,
    variables: Mapping[str, Scalar] | None = None,
    bind: Binder | None = None,
) -> CompiledRule:
    """Compile one rule over one dataset.

    Args:
        rule: as `parse_rules` gave it.
        dataset: the dataset's name.
        action: what a failure does; `quarantine` needs a rule about rows.
        schema: the dataset's columns.
        capabilities: how the engine's SQL is rendered.
        datasets: every dataset of the pipeline with its schema: what CustomSql may name.
            None: names are not checked.
        variables: values of `$NAME` in `where` and CustomSql.
        bind: binds a DuckDB query over the datasets (under their own names), to find wrong
            columns and types inside `where` and CustomSql at their exact place. `$NAME` in the
            query are the variables.
    """
    scope = Scope(
        dataset=dataset,
        action=action,
        schema=schema,
        datasets=datasets,
        variables=variables or {},
        bind=bind,
    )
    evaluation = _evaluate(rule, scope)
    if evaluation is not None and not scope.errors:
        bind_evaluation(evaluation, rule, scope)
    if evaluation is None or scope.errors:
        return CompiledRule(None, tuple(sorted(scope.errors, key=lambda e: e.offset)))

    def render(tree: exp.Expr) -> str:
        return capabilities.render(cast("exp.Expression", tree))

    check = Check(
        dataset=dataset,
        rule=rule.text,
        action=action,
        passed=render(aggregated(evaluation.passed)),
        observed={name: render(tree) for name, tree in evaluation.observed.items()},
        failed_rows=render(evaluation.failed_rows) if evaluation.failed_rows else None,
        predicate=render(evaluation.predicate) if evaluation.predicate else None,
        depends_on=tuple(dict.fromkeys(scope.depends_on)),
    )
    return CompiledRule(check, (), check.depends_on)


def _evaluate(rule: Rule, scope: Scope) -> Evaluation | None:
    if isinstance(rule, Composite):
        parts = [(part, _evaluate(part, scope)) for part in rule.rules]
        built = [evaluation for _, evaluation in parts if evaluation is not None]
        return combine(rule, built, scope) if len(built) == len(parts) else None
    evaluation = BUILDERS[rule.type](rule, scope)
    if evaluation and scope.action == "quarantine" and evaluation.predicate is None:
        _not_about_rows(rule, scope)
        return None
    return evaluation


def _not_about_rows(rule: Simple, scope: Scope) -> None:
    message = f"`{rule.type}` is about the dataset as a whole: there are no rows to set aside"
    hint = "put it under `stop` or `warn`"
    if rule.type in _ABOUT_ROWS and rule.parameters:
        hint += "; " + _ABOUT_ROWS[rule.type].format(rule.parameters[0].value)
    elif rule.type == "CustomSql":
        hint += "; or drop the condition and SELECT the keys of the rows that are right"
    scope.error(rule.type_place, NOT_ABOUT_ROWS, message, hint)
