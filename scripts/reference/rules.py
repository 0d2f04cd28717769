"""The rule types of DQDL, from their declarations."""

from __future__ import annotations

from penstock.quality.ruletypes import RULE_TYPES, RuleType, url
from reference.markdown import table


def page() -> str:
    """What is evaluated, and what is known and not evaluated."""
    done = [
        [
            f"[`{name}`]({url(name)})",
            _form(name, rule),
            rule.says,
            "yes" if rule.level == "rows" else "no",
        ]
        for name, rule in RULE_TYPES.items()
        if rule.gap is None
    ]
    gaps = [
        [f"[`{name}`]({url(name)})", rule.says, rule.gap.reason]
        for name, rule in RULE_TYPES.items()
        if rule.gap
    ]
    return "\n".join(
        [
            "# Rule types",
            "",
            "DQDL is the language of AWS Glue Data Quality; each name leads to its page there.",
            "How rules are used: [Quality rules](../guide/quality.md).",
            "",
            table(["rule", "form", "what it judges", "can quarantine"], done),
            "",
            "## Known, and refused",
            "",
            "Rules of these types are read and checked for shape, and `validate` says why they are",
            "not evaluated.",
            "",
            table(["rule", "what it is about", "why not"], gaps),
        ]
    )


def _form(name: str, rule: RuleType) -> str:
    given = [f'"{p.noun.upper()}"' + (" …" if p.at_most is None else "") for p in rule.parameters]
    parts = [name, *given]
    if rule.condition != "none":
        parts.append("CONDITION" if rule.condition == "needed" else "[CONDITION]")
    if rule.where:
        parts.append('[where "SQL"]')
    if rule.threshold:
        parts.append("[with threshold CONDITION]")
    return f"`{' '.join(parts)}`"
