"""`ColumnValues`: a condition on every value of a column.

NULL breaks every condition but `!=` and `not in`, which it breaks only if they name it:
https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-ColumnValues.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.quality.ast import Between, Compare, In, Matches, Special
from penstock.quality.combine import failed_rows
from penstock.quality.evaluation import (
    Evaluation,
    all_of,
    any_of,
    count_where,
    fill,
    share,
)
from penstock.quality.metrics import share_condition
from penstock.quality.regex import regex_fault
from penstock.quality.scope import TYPE, ref
from penstock.quality.values import Values
from penstock.quality.where import in_scope_or, where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.quality.ast import Condition, Operand, Simple
    from penstock.quality.scope import Scope

BAD_PATTERN = "PSK-DQ-013"
_SPACES_ONLY = r"[ \t\r\n\f\v]+"
_ORDER = {">": ">", ">=": ">=", "<": "<", "<=": "<="}


def column_values(rule: Simple, scope: Scope) -> Evaluation | None:
    """https://docs.aws.amazon.com/glue/latest/dg/dqdl-rule-types-ColumnValues.html."""
    column = scope.column(rule.parameters[0])
    among = where(rule, scope)
    if column is None:
        return None
    assert rule.condition is not None
    kept = _Test(Values(column, scope), scope).of(rule.condition)
    if kept is None:
        return None
    predicate = in_scope_or(among, kept)
    failed = failed_rows(predicate, scope)
    meeting = share(count_where(kept if among is None else all_of(among, kept)), count_where(among))
    passed: exp.Expr | None = fill("$failed = 0", failed=failed)
    if rule.threshold is not None:
        passed = share_condition(meeting, rule.threshold, scope)
    if passed is None:
        return None
    observed = {f"Column.{column.name}.ColumnValues.Compliance": meeting}
    return Evaluation(passed, observed, predicate, failed)


class _Test:
    """Conditions on one column as row expressions that are never NULL."""

    def __init__(self, values: Values, scope: Scope) -> None:
        self._values = values
        self._scope = scope
        self._column = ref(values.column)

    def of(self, condition: Condition) -> exp.Expr | None:
        match condition:
            case Compare(operator="="):
                return self._among([condition.value])
            case Compare(operator="!="):
                return self._not_among([condition.value])
            case Compare():
                return self._order(condition)
            case In():
                values = list(condition.values)
                return self._not_among(values) if condition.negated else self._among(values)
            case Between():
                return self._between(condition)
            case Matches():
                return self._matches(condition)

    def _order(self, condition: Compare) -> exp.Expr | None:
        if not self._no_keyword([condition.value], f"`{condition.operator}`"):
            return None
        pair = self._values.pair(condition.value)
        if pair is None:
            return None
        test = fill(f"$left {_ORDER[condition.operator]} $right", left=pair[0], right=pair[1])
        return self._there_and(test)

    def _between(self, condition: Between) -> exp.Expr | None:
        # Both ends are outside: "falls in a specified range (exclusive)".
        # https://docs.aws.amazon.com/glue/latest/dg/dqdl.html#dqdl-syntax-rule-expressions
        if not self._no_keyword([condition.low, condition.high], "`between`"):
            return None
        low, high = self._values.pair(condition.low), self._values.pair(condition.high)
        if low is None or high is None:
            return None
        above = fill("$left > $right", left=low[0], right=low[1])
        below = fill("$left < $right", left=high[0], right=high[1])
        inside = all_of(above, below)
        if condition.negated:
            inside = fill("NOT $inside", inside=inside)
        return self._there_and(inside)

    def _among(self, operands: Sequence[Operand]) -> exp.Expr | None:
        tests = self._tests(operands)
        if tests is None:
            return None
        parts = [self._there_and(any_of(*tests))] if tests else []
        if _names_null(operands):
            parts.append(fill("$column IS NULL", column=self._column))
        return any_of(*parts)

    def _not_among(self, operands: Sequence[Operand]) -> exp.Expr | None:
        tests = self._tests(operands)
        if tests is None:
            return None
        if not tests:
            return fill("$column IS NOT NULL", column=self._column)
        none = fill("NOT $any", any=any_of(*tests))
        if _names_null(operands):
            return self._there_and(none)
        return fill("$column IS NULL OR $none", column=self._column, none=none)

    def _tests(self, operands: Sequence[Operand]) -> list[exp.Expr] | None:
        """A test for each value but NULL, for rows that have a value; None: one is wrong."""
        tests: list[exp.Expr] = []
        lists: dict[str, exp.In] = {}
        for operand in operands:
            if isinstance(operand, Special):
                if operand.keyword != "NULL":
                    test = self._keyword(operand)
                    if test is None:
                        return None
                    tests.append(test)
                continue
            pair = self._values.pair(operand)
            if pair is None:
                return None
            left, right = pair
            known = lists.get(left.sql())
            if known is None:
                lists[left.sql()] = exp.In(this=left, expressions=[right])
            else:
                known.append("expressions", right)
        return [*(_simplified(found) for found in lists.values()), *tests]

    def _keyword(self, special: Special) -> exp.Expr | None:
        if self._values.family != "text":
            message = f"`{special.keyword}` is for text; the column is {self._values.column.type}"
            self._scope.error(special.place, TYPE, message, "`NULL` works for every type")
            return None
        if special.keyword == "EMPTY":
            empty = exp.Literal.string("")
            return fill("$column = $empty", column=self._column, empty=empty)
        return self._full_match(_SPACES_ONLY)

    def _matches(self, condition: Matches) -> exp.Expr | None:
        pattern = condition.pattern
        if self._values.family != "text":
            message = f"`matches` is for text; the column is {self._values.column.type}"
            self._scope.error(condition.place, TYPE, message)
            return None
        fault = regex_fault(pattern.value)
        if fault is not None:
            hint = "regular expressions here are RE2: no look-around, no back-references"
            self._scope.error(pattern.place, BAD_PATTERN, f"this pattern is wrong: {fault}", hint)
            return None
        # The whole value must match, as in AWS's evaluator.
        test = self._full_match(pattern.value)
        return self._there_and(fill("NOT $test", test=test) if condition.negated else test)

    def _full_match(self, pattern: str) -> exp.Expr:
        literal = exp.Literal.string(pattern)
        return fill("regexp_full_match($column, $pattern)", column=self._column, pattern=literal)

    def _there_and(self, test: exp.Expr) -> exp.Expr:
        return fill("$column IS NOT NULL AND $test", column=self._column, test=test)

    def _no_keyword(self, operands: Sequence[Operand], where_: str) -> bool:
        for operand in operands:
            if isinstance(operand, Special):
                message = f"`{operand.keyword}` cannot stand behind {where_}"
                hint = "it goes with `=`, `!=`, `in` and `not in`"
                self._scope.error(operand.place, TYPE, message, hint)
                return False
        return True


def _names_null(operands: Sequence[Operand]) -> bool:
    return any(isinstance(o, Special) and o.keyword == "NULL" for o in operands)


def _simplified(found: exp.In) -> exp.Expr:
    if len(found.expressions) > 1:
        return found
    return fill("$left = $right", left=found.this, right=found.expressions[0])
