"""What a rule type is declared to take (`ruletypes`), held against what a rule says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean
from penstock.quality.ast import (
    Arithmetic,
    Between,
    Call,
    Compare,
    Composite,
    Condition,
    In,
    Operand,
    Place,
)
from penstock.quality.errors import RuleError
from penstock.quality.ruletypes import RULE_TYPES, url

if TYPE_CHECKING:
    from penstock.quality.ast import Rule, Simple
    from penstock.quality.ruletypes import RuleType

UNKNOWN_TYPE = "PSK-DQ-002"
PARAMETERS = "PSK-DQ-003"
CONDITION = "PSK-DQ-004"
NO_THRESHOLD = "PSK-DQ-005"
NO_WHERE = "PSK-DQ-006"
GAP = "PSK-DQ-020"

_CONDITION_HINT = {
    "Completeness": 'for example `Completeness "carrier" > 0.95`',
    "RowCount": "for example `RowCount > 1000`",
    "Uniqueness": 'for example `Uniqueness "tailnum" > 0.9`',
    "ColumnValues": 'for example `ColumnValues "distance" > 0`',
}


def check_declared(rule: Rule) -> list[RuleError]:
    """Everything about a rule that its types do not allow, and what is not evaluated here."""
    if isinstance(rule, Composite):
        return [error for part in rule.rules for error in check_declared(part)]
    declared = RULE_TYPES.get(rule.type)
    if declared is None:
        return [_unknown(rule)]
    errors = [
        *_parameters(rule, declared),
        *_condition(rule, declared),
        *_clauses(rule, declared),
        *_dynamic(rule),
    ]
    if declared.gap:
        message = f"DQDL has `{rule.type}`, but {declared.gap.reason}"
        hint = f"see {url(rule.type)}"
        if declared.gap.kind == "notimpl":
            hint = "a `CustomSql` rule can say the same"
        errors.append(RuleError(rule.type_place.offset, rule.type_place.length, GAP, message, hint))
    return errors


def _unknown(rule: Simple) -> RuleError:
    place = rule.type_place
    compiled = [name for name, declared in RULE_TYPES.items() if declared.gap is None]
    hint = did_you_mean(rule.type, RULE_TYPES)
    same = [name for name in RULE_TYPES if name.lower() == rule.type.lower()]
    if same:
        hint = f"did you mean `{same[0]}`? (DQDL is case-sensitive)"
    elif not hint.startswith("did you mean"):
        hint = f"rule types: {', '.join(compiled)}"
    return RuleError(
        place.offset, place.length, UNKNOWN_TYPE, f"there is no rule type `{rule.type}`", hint
    )


def _parameters(rule: Simple, declared: RuleType) -> list[RuleError]:
    least = sum(p.at_least for p in declared.parameters)
    unbounded = any(p.at_most is None for p in declared.parameters)
    most = None if unbounded else sum(p.at_most or 0 for p in declared.parameters)
    found = len(rule.parameters)
    if found >= least and (most is None or found <= most):
        return []
    if found > least and most is not None:
        extra = rule.parameters[most]
        place = extra.place.to(rule.parameters[-1].place)
        takes = _takes(declared, most)
        return [_error(place, PARAMETERS, f"`{rule.type}` takes {takes}")]
    hint = None
    if declared.parameters and declared.parameters[0].column:
        hint = f'for example `{rule.type} "carrier"`'
    end = Place(rule.type_place.offset, rule.type_place.length)
    return [_error(end, PARAMETERS, f"`{rule.type}` needs {_takes(declared, least)}", hint)]


def _takes(declared: RuleType, count: int) -> str:
    if not declared.parameters or not count:
        return "no column or other parameter"
    noun = declared.parameters[0].noun
    return f"a {noun}" if count == 1 else f"{count} {noun}s"


def _condition(rule: Simple, declared: RuleType) -> list[RuleError]:
    if rule.condition is not None and declared.condition == "none":
        hint = f"take it away: `{rule.type}` says yes or no by itself"
        return [_error(rule.condition.place, CONDITION, f"`{rule.type}` takes no condition", hint)]
    if rule.condition is None and declared.condition == "needed":
        end = Place(rule.place.end, 0)
        example = _CONDITION_HINT.get(rule.type)
        return [_error(end, CONDITION, f"`{rule.type}` needs a condition", example)]
    return []


def _clauses(rule: Simple, declared: RuleType) -> list[RuleError]:
    errors = []
    if rule.threshold is not None and not declared.threshold:
        allowed = [n for n, d in RULE_TYPES.items() if d.threshold and not d.gap]
        hint = f"`with threshold` goes with {' and '.join(sorted(allowed))}"
        message = f"`{rule.type}` takes no threshold"
        errors.append(_error(rule.threshold.place, NO_THRESHOLD, message, hint))
    if rule.where is not None and not declared.where:
        message = f"`{rule.type}` takes no `where`"
        instead = "put the condition into the SELECT" if rule.type == "CustomSql" else None
        errors.append(_error(rule.where.place, NO_WHERE, message, instead))
    for name, value in rule.tags:
        message = f"`with {name}` is not evaluated here"
        errors.append(_error(value.place, GAP, message, "take it away"))
    return errors


def _dynamic(rule: Simple) -> list[RuleError]:
    """Values over earlier runs, `avg(last(10))`, wherever a condition holds one."""
    message = "values of earlier runs (`last(…)`) cannot be used yet"
    return [
        _error(call.place, GAP, message, "write the number")
        for condition in (rule.condition, rule.threshold)
        for value in operands(condition)
        for call in _calls(value)
    ]


def operands(condition: Condition | None) -> tuple[Operand, ...]:
    """The values a condition compares with; of `matches`, its pattern."""
    match condition:
        case None:
            return ()
        case Compare():
            return (condition.value,)
        case Between():
            return (condition.low, condition.high)
        case In():
            return condition.values
        case _:
            return (condition.pattern,)


def _calls(value: Operand) -> list[Call]:
    if isinstance(value, Call):
        return [value]
    if isinstance(value, Arithmetic):
        return [*_calls(value.left), *_calls(value.right)]
    return []


def _error(place: Place, code: str, message: str, hint: str | None = None) -> RuleError:
    return RuleError(place.offset, place.length, code, message, hint)
