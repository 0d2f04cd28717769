"""Reads `order_by` entries: a column or an expression, with `desc`, `nulls first` behind it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.names import column

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from penstock.transforms.base import Columns
    from penstock.transforms.expressions import Reader

_TAIL = re.compile(
    r"(\s+(?P<way>asc|desc))?(\s+nulls\s+(?P<nulls>first|last))?\s*\Z", re.IGNORECASE
)


def read_order(
    entries: Sequence[str], reader: Reader, columns: Columns, key: str
) -> list[exp.Ordered]:
    """The entries as ordering terms; what is wrong is noted by the reader.

    NULLs come last unless an entry says `nulls first`, ascending or not, on every engine.

    Args:
        key: the option that holds the entries.
    """
    terms = []
    for i, entry in enumerate(entries):
        tail = _TAIL.search(entry)
        assert tail is not None  # every part of the pattern is optional
        text = entry[: tail.start()]
        if text in columns:
            tree: exp.Expr = column(text)
        else:
            found = reader.read(text, (key, i), columns=columns)
            if found is None:
                continue
            tree = found.tree
        terms.append(_ordered(tree, tail["way"] or "asc", tail["nulls"] or "last"))
    return terms


def with_ties_broken(terms: Iterable[exp.Ordered], columns: Iterable[str]) -> list[exp.Ordered]:
    """The terms, then every column that is not a term by itself: only equal rows tie."""
    ordered = list(terms)
    there = {t.this.name for t in ordered if isinstance(t.this, exp.Column)}
    return ordered + [_ordered(column(c), "asc", "last") for c in columns if c not in there]


def _ordered(tree: exp.Expr, way: str, nulls: str) -> exp.Ordered:
    return exp.Ordered(this=tree, desc=way.lower() == "desc", nulls_first=nulls.lower() == "first")
