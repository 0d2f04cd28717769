"""Reads `order_by` entries: a column or an expression, with `desc`, `nulls first` behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.transforms.base import Problem
from penstock.transforms.canonical import family
from penstock.transforms.names import column
from penstock.transforms.volatile import is_volatile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from penstock.transforms.base import Columns
    from penstock.transforms.expressions import Reader

_TAIL = re.compile(
    r"(\s+(?P<way>asc|desc))?(\s+nulls\s+(?P<nulls>first|last))?\s*\Z", re.IGNORECASE
)
# Kinds of values whose least and greatest every engine finds.
_COMPARED = {"number", "date", "text", "time"}


@dataclass(frozen=True)
class Term:
    """One term of an ordering.

    Attributes:
        best: whether the value that comes first can be found without sorting.
    """

    tree: exp.Expr
    descending: bool = False
    nulls_first: bool = False
    best: bool = False

    def ordered(self) -> exp.Ordered:
        """The term in an ORDER BY."""
        return exp.Ordered(
            this=self.tree.copy(), desc=self.descending, nulls_first=self.nulls_first
        )

    def best_value(self) -> exp.Expr:
        """The value that comes first, as an aggregate; NULL only if there is no other."""
        return (exp.Max if self.descending else exp.Min)(this=self.tree.copy())


def read_order(entries: Sequence[str], reader: Reader, columns: Columns, key: str) -> list[Term]:
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
            type_name = columns[text]
        else:
            found = reader.read(text, (key, i), columns=columns)
            if found is None:
                continue
            if is_volatile(found.tree):
                message = "an ordering gives the same answer each time, and this does not"
                hint = "derive it as a column first"
                reader.problems.append(Problem("PSK-STEP-043", message, (key, i), hint))
            tree, type_name = found.tree, found.type
        nulls_first = (tail["nulls"] or "last").lower() == "first"
        compared = type_name is not None and family(type_name) in _COMPARED
        best = compared and not nulls_first and not tree.find(exp.Window)
        descending = (tail["way"] or "asc").lower() == "desc"
        terms.append(Term(tree, descending, nulls_first, best))
    return terms


def with_ties_broken(terms: Iterable[Term], columns: Iterable[str]) -> list[exp.Ordered]:
    """The terms, then every column that is not a term by itself: only equal rows tie."""
    ordered = [term.ordered() for term in terms]
    there = {o.this.name for o in ordered if isinstance(o.this, exp.Column)}
    return ordered + [Term(column(c)).ordered() for c in columns if c not in there]
