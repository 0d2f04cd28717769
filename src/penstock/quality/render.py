"""A rule as DQDL text, in one canonical spelling: `parse(render(rule))` is the rule again."""

from __future__ import annotations

from penstock.quality.ast import (
    Arithmetic,
    Between,
    Call,
    Compare,
    Composite,
    Condition,
    In,
    Now,
    Number,
    Operand,
    Quantity,
    Rule,
    Simple,
    Special,
    Text,
)


def render(rule: Rule) -> str:
    """One rule.

    >>> render(Simple("IsComplete", (Text("carrier"),)))
    'IsComplete "carrier"'
    """
    if isinstance(rule, Composite):
        return f" {rule.operator} ".join(f"({render(part)})" for part in rule.rules)
    return " ".join(_parts(rule))


def _parts(rule: Simple) -> list[str]:
    parts = [rule.type, *(quote(p.value) for p in rule.parameters)]
    if rule.condition is not None:
        parts.append(_condition(rule.condition))
    if rule.where is not None:
        parts.append(f"where {quote(rule.where.value)}")
    if rule.threshold is not None:
        parts.append(f"with threshold {_condition(rule.threshold)}")
    parts += [f"with {name} {_condition(value)}" for name, value in rule.tags]
    return parts


def quote(text: str) -> str:
    r"""Text in double quotes.

    >>> print(quote('say "hi"'))
    "say \"hi\""
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _condition(condition: Condition) -> str:
    if isinstance(condition, Compare):
        return f"{condition.operator} {operand(condition.value)}"
    no = "not " if condition.negated else ""
    if isinstance(condition, Between):
        return f"{no}between {operand(condition.low)} and {operand(condition.high)}"
    if isinstance(condition, In):
        return f"{no}in [{', '.join(operand(v) for v in condition.values)}]"
    return f"{no}matches {quote(condition.pattern.value)}"


def operand(value: Operand) -> str:
    """One value."""
    match value:
        case Number():
            text = format(value.value, "f")
        case Quantity():
            text = f"{value.amount} {value.unit}"
        case Now():
            text = _now(value)
        case Special():
            text = value.keyword
        case Call():
            text = f"{value.name}({', '.join(operand(a) for a in value.arguments)})"
        case Arithmetic():
            text = f"({operand(value.left)} {value.operator} {operand(value.right)})"
        case Text():
            text = quote(value.value)
    return text


def _now(value: Now) -> str:
    if value.shift is None:
        return "now()"
    sign = "-" if value.shift.amount < 0 else "+"
    return f"(now() {sign} {abs(value.shift.amount)} {value.shift.unit})"
