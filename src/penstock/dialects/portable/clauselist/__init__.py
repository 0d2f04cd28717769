"""The clauses of the portable language: a literal list of the modules that declare them."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.portable.clauses import Clause

MODULES = ("selecting", "grouping", "joining", "combining", "windowing", "nesting", "refused")
"""Modules of this package, each with a tuple `CLAUSES`."""


@cache
def clauses() -> Mapping[str, Clause]:
    """Name → declaration.

    >>> clauses()["qualify"].rendering("postgres")
    'a condition on a subquery'
    """
    found: dict[str, Clause] = {}
    for name in MODULES:
        for one in import_module(f"{__name__}.{name}").CLAUSES:
            assert one.name not in found, one.name
            found[one.name] = one
    return found
