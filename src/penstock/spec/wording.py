"""Pydantic's errors, brought back to the data they are about, and put in plain words."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Pydantic's type of error → the kind of value it expects.
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dataclass_type": "a mapping",
    "dataclass_exact_type": "a mapping",
    "none_required": "nothing",
    "date_type": "a date",
    "date_parsing": "a date",
    "date_from_datetime_parsing": "a date",
}
_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
_MISSING = {"missing", "missing_argument", "missing_keyword_only_argument"}


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong.

    Attributes:
        kind: `unknown` key, `missing` key, wrong `kind` of value, none of a `choice`, or `value`.
        path: within the data.
        expected: for `kind`: what would be right; for the others: the message.
        value: what is there.
        known: for a `choice`: the values there are.
        at_key: it is the key that is wrong.
    """

    kind: str
    path: tuple[str | int, ...]
    expected: str = ""
    value: Any = None
    hint: str | None = None
    code: str = ""
    at_key: bool = False
    known: str = ""


def locate(errors: Iterable[Any], data: Any) -> list[Finding]:
    """One finding for each place, in the order of the data's paths as pydantic met them.

    An error below a union comes once for each member of the union; what the members say of one
    place is made into one finding.
    """
    found: dict[tuple[str | int, ...], list[Finding]] = {}
    for error in errors:
        path, at_key = _path(error["loc"], data, missing=error["type"] in _MISSING)
        finding = _finding(error, path, at_key=at_key)
        found.setdefault(path, []).append(finding)
    kept: list[Finding] = []
    for path, findings in found.items():
        deeper = any(len(p) > len(path) and p[: len(path)] == path for p in found)
        firm = [f for f in findings if f.kind not in {"kind", "choice"}]
        if firm:
            kept.append(firm[0])
        elif not deeper:
            kept.append(_union(findings))
    return kept


def _union(findings: Sequence[Finding]) -> Finding:
    """What the members of a union say of one value, as one finding."""
    if len(findings) == 1:
        return findings[0]
    choice = next((f for f in findings if f.kind == "choice"), None)
    if choice and isinstance(choice.value, str):
        return choice
    expected = dict.fromkeys(f.expected or f"one of {f.known}" for f in findings)
    return dataclasses.replace(
        findings[0], kind="kind", expected=_either(list(expected)), hint=None
    )


def describe(finding: Finding, place: str) -> str:
    """The message of a finding about a value."""
    if finding.kind == "kind":
        return f"{place} must be {finding.expected}, and is {shown(finding.value)}"
    if finding.kind == "choice":
        return f"{place} cannot be {shown(finding.value)}"
    return f"{place}: {finding.expected}"


def shown(value: Any) -> str:
    """A value in a message: its kind and, where it is short, itself.

    >>> shown("a"), shown(3), shown(None), shown([1])
    ('the text `a`', 'the number 3', 'empty', 'a list')
    """
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text `{value}`" if len(value) <= 60 else f"the text `{value[:57]}…`"
    return "a mapping" if isinstance(value, dict) else "a list"


def _path(
    loc: Sequence[str | int], data: Any, *, missing: bool
) -> tuple[tuple[str | int, ...], bool]:
    """The data's path of pydantic's, which also names the members of unions; and at a key?"""
    path: list[str | int] = []
    for number, step in enumerate(loc):
        last = number == len(loc) - 1
        if step == "[key]" and last:
            return tuple(path), True
        inside = isinstance(data, dict) and step in data
        if inside or (isinstance(data, list | tuple) and step in range(len(data))):
            path.append(step)
            data = data[step]
        elif last and missing:
            path.append(step)
    return tuple(path), False


def _finding(error: Any, path: tuple[str | int, ...], *, at_key: bool) -> Finding:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind in _UNKNOWN or kind in _MISSING:
        return Finding("unknown" if kind in _UNKNOWN else "missing", path)
    if kind in _KINDS:
        hint = None
        if kind == "string_type" and isinstance(value, bool | int | float):
            hint = f'if the text is meant, put it in quotes: "{_yaml(value)}"'
        return Finding("kind", path, _KINDS[kind], value, hint, at_key=at_key)
    if kind in {"literal_error", "enum"}:
        known = [k.strip().strip("'") for k in context["expected"].replace(" or ", ", ").split(",")]
        known = [{"True": "true", "False": "false"}.get(k, k) for k in known]  # as YAML has them
        hint = did_you_mean(str(value), known, noun="known")
        words = ", ".join(f"`{k}`" for k in known)
        return Finding("choice", path, "", value, hint, at_key=at_key, known=words)
    if kind == "penstock":
        return Finding(
            "value", path, context["message"], value, context["hint"] or None, context["code"],
            at_key,
        )  # fmt: skip
    words = (
        str(context["error"]) if kind == "value_error" else _constraint(kind, context, value, error)
    )
    return Finding("value", path, words, value, at_key=at_key)


def _constraint(kind: str, context: dict[str, Any], value: Any, error: Any) -> str:
    limits = {
        "greater_than": ("more than", "gt"),
        "greater_than_equal": ("at least", "ge"),
        "less_than": ("less than", "lt"),
        "less_than_equal": ("at most", "le"),
    }
    if kind in limits:
        words, key = limits[kind]
        return f"it must be {words} {context[key]}, and is {value}"
    if kind in {"too_short", "string_too_short"}:
        least = context["min_length"]
        return "it may not be empty" if least == 1 else f"it needs at least {least} items"
    if kind in {"too_long", "string_too_long"}:
        return f"it may not be longer than {context['max_length']}"
    if kind == "string_pattern_mismatch":
        return f"{shown(value)} does not have the form {context['pattern']}"
    return str(error["msg"])


def _yaml(value: float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _either(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]
