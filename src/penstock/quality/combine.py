"""Composite rules: `(…) and (…)`, `(…) or (…)`.

AWS evaluates each rule over the whole dataset and joins the outcomes, unless
`compositeRuleEvaluation.method` is ROW, which judges each row by all of them:
https://docs.aws.amazon.com/glue/latest/dg/dqdl.html#dqdl-syntax-composite-rules
Here `quarantine` means ROW, because it sets rows aside; `warn` and `stop` keep AWS's default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.quality.ast import Composite, Simple
from penstock.quality.declared import NO_THRESHOLD
from penstock.quality.evaluation import (
    Evaluation,
    all_of,
    any_of,
    count_where,
    fill,
    has_subquery,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlglot import exp

    from penstock.quality.ast import Rule
    from penstock.quality.scope import Scope


def combine(rule: Composite, parts: Sequence[Evaluation], scope: Scope) -> Evaluation | None:
    """Join the evaluations of a composite rule's parts."""
    join = all_of if rule.operator == "and" else any_of
    observed = {name: tree for part in parts for name, tree in part.observed.items()}
    by_row = scope.action == "quarantine"
    if by_row and not _by_row_allowed(rule, scope):
        return None
    predicates = [part.predicate for part in parts if part.predicate is not None]
    whole = Evaluation(join(*(part.passed for part in parts)), observed)
    # With `and`, the rows that break one of the rules are the same either way.
    if len(predicates) == len(parts) and (by_row or rule.operator == "and"):
        whole.predicate = join(*predicates)
        whole.failed_rows = failed_rows(whole.predicate, scope)
    if by_row:
        whole.passed = fill("$failed = 0", failed=whole.failed_rows)
    return whole


def failed_rows(predicate: exp.Expr, scope: Scope) -> exp.Expr:
    """Rows for which a predicate is false."""
    broken = fill("NOT $predicate", predicate=predicate)
    if not has_subquery(predicate):
        return count_where(broken)
    # Not every engine allows a subquery inside an aggregate.
    return fill(
        f"(SELECT count(*) FROM {scope.relation} WHERE $broken)",
        broken=broken,
    )


def _by_row_allowed(rule: Composite, scope: Scope) -> bool:
    ok = True
    for part in _leaves(rule):
        if part.threshold is not None:
            message = "a composite rule under `quarantine` judges rows: it takes no threshold"
            hint = "take the threshold away, or put the rule under `stop` or `warn`"
            scope.error(part.threshold.place, NO_THRESHOLD, message, hint)
            ok = False
    return ok


def _leaves(rule: Rule) -> Iterator[Simple]:
    if isinstance(rule, Simple):
        yield rule
    else:
        for part in rule.rules:
            yield from _leaves(part)
