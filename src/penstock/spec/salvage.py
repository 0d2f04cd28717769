"""What can still be looked at in an entry that is invalid, so that one run tells every error.

What is salvaged is checked further and never run: the error that made the entry invalid is told.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from penstock.spec.check import adapter
from penstock.spec.models import QualityRules, Target, Transform

UNREAD = "\0"
"""The name of a step that is no step: it is told already. YAML has no such character."""


def salvage(section: str, data: Any) -> Any | None:
    """The entry without what is wrong with it; None where too little is left.

    >>> salvage("quality", {"stop": ["RowCount > 1", 5], "halt": []}).stop
    ['RowCount > 1', '']
    """
    if not isinstance(data, dict):
        return None
    if section == "quality":
        rules: Any = {a: _rules(data.get(a)) for a in QualityRules.model_fields}
        return QualityRules.model_construct(**rules)
    if section == "transforms" and isinstance(data.get("steps"), list):
        steps = [s if isinstance(s, dict) else {UNREAD: None} for s in data["steps"]]
        return _valid(Transform, {**data, "steps": steps})
    if section == "targets":
        known = {"from", "connector", "keys", "partition_by"}
        return _valid(Target, {k: v for k, v in data.items() if k in known})
    return None


def _rules(given: Any) -> list[Any]:
    """The rules, each at its place."""

    def readable(rule: Any) -> bool:
        return isinstance(rule, str) or (
            isinstance(rule, dict) and set(rule) == {"file"} and isinstance(rule["file"], str)
        )

    return [r if readable(r) else "" for r in given] if isinstance(given, list) else []


def _valid(model: Any, data: Any) -> Any | None:
    try:
        return adapter(model).validate_python(data)
    except ValidationError:
        return None
