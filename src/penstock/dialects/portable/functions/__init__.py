"""The functions of the portable language: a literal list of the modules that declare them.

To add a function, write its declaration in the module of its family, run the conformance suite
and commit the fixture it writes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean
from penstock.dialects.portable.functions.others import HINTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.portable.entry import Function, Overload

MODULES = (
    "text",
    "numbers",
    "maths",
    "conditionals",
    "operators",
    "conversions",
    "aggregates",
    "statistics",
    "text_case",
    "text_codes",
    "regex",
    "json",
    "hashes",
    "dates",
    "times",
    "formats",
    "zones",
    "windows",
    "lists",
    "structs",
)
"""Modules of this package, each with a tuple `FUNCTIONS`; `OVERLOADS` adds to others' functions."""


@cache
def catalog() -> Mapping[str, Function]:
    """Name or alias → declaration.

    >>> catalog()["lpad"].family
    'text'
    """
    found: dict[str, Function] = {}
    more: dict[str, tuple[Overload, ...]] = {}
    for name in MODULES:
        module = import_module(f"{__name__}.{name}")
        more |= getattr(module, "OVERLOADS", {})
        for one in module.FUNCTIONS:
            for each in (one.name, *one.aliases):
                assert each not in found, each
                found[each] = one
    for name, overloads in more.items():
        if name in found:
            # A name for values of several families: `len` of a text and of a list.
            one = found[name]
            mine = tuple(replace(o, function=one.name) for o in overloads)
            merged = replace(one, overloads=(*one.overloads, *mine))
            found |= dict.fromkeys((one.name, *one.aliases), merged)
    return found


def near(name: str) -> str | None:
    """The hint for a name that is not in the set."""
    if name in HINTS:
        return HINTS[name]
    return did_you_mean(name, catalog(), noun="portable functions")
