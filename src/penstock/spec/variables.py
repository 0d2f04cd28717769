"""Variables: what the definition declares, and what the command line and environment say instead.

Strongest first: `--var NAME=VALUE`, the environment's `PENSTOCK_VAR_NAME`, the profile, the
section `variables`. The declared value gives the type; text from outside is converted to it.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.diagnostics import Diagnostic, did_you_mean
from penstock.errors import UsageError
from penstock.spec.scalars import Scalar, resolve
from penstock.spec.tree import OUTSIDE, Entry, Node

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "PENSTOCK_VAR_"


def override(
    root: Node, given: Mapping[str, str], environment: Mapping[str, str]
) -> tuple[Node, list[Diagnostic]]:
    """The definition with its variables set from outside.

    Returns:
        The definition, and what is wrong with values of the environment.

    Raises:
        UsageError: `--var` names no variable, or its value is not of the variable's type.
    """
    section = root.entries.get("variables")
    declared = section.node.entries if section else {}
    for name in given:
        if name not in declared:
            hint = did_you_mean(name, declared, noun="variables") or "none is declared"
            raise UsageError(f"no variable named `{name}`", code="PSK-REF-035", hint=hint)
    if section is None:
        return root, []
    problems: list[Diagnostic] = []
    variables = section.node
    for name, entry in declared.items():
        text, origin = given.get(name), f"--var {name}=…"
        if text is None:
            text, origin = environment.get(PREFIX + name.upper()), PREFIX + name.upper()
        if text is None or not entry.node.is_scalar:
            continue
        try:
            value = convert(text, entry.node.value)  # type: ignore[arg-type]
        except ValueError as error:
            message = f"{origin}: the variable `{name}` is {error}, and `{text}` is not"
            if name in given:
                raise UsageError(message, code="PSK-REF-034", span=entry.node.span) from error
            problems.append(Diagnostic("PSK-REF-034", message, entry.node.span))
            continue
        node = replace(entry.node, value=value, text=text, style=OUTSIDE)
        variables = variables.with_entry(name, Entry(entry.key, node))
    return root.with_entry("variables", Entry(section.key, variables)), problems


def convert(text: str, declared: Scalar) -> Scalar:
    """Text as a value of the type of `declared`; of any type where that is empty.

    Raises:
        ValueError: it is none; the message is what it should be, such as `a whole number`.

    >>> convert("20", 15), convert("2", 1.5), convert("true", False), convert("1", "x")
    (20, 2.0, True, '1')
    """
    value = resolve(text.strip())
    if isinstance(declared, str):
        return text
    if declared is None:
        return text if isinstance(value, str) else value
    if isinstance(declared, bool):
        if isinstance(value, bool):
            return value
        raise ValueError("true or false")
    if isinstance(declared, int):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise ValueError("a whole number")
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise ValueError("a number")
