"""Looking at what is made from a broken dataset, so that one `validate` tells every error.

The columns of a broken dataset are often known all the same: a filter over a wrong name changes
none. They are a guess, so only what cannot follow from the first mistake is told: a function that
there is not, and a column whose name stands nowhere in what is broken.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.program import Column
from penstock.transforms.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from penstock.compiler.state import Compilation
    from penstock.diagnostics import Diagnostic

_OF_COLUMNS = frozenset(("PSK-SQL-102", "PSK-STEP-010"))
_OF_THEMSELVES = frozenset(("PSK-SQL-103", "PSK-SQL-107", "PSK-SQL-117"))


@dataclass(frozen=True, slots=True)
class Guess:
    """What a broken dataset would give.

    Attributes:
        words: every word of what is broken, this dataset's and those before it.
    """

    columns: tuple[Column, ...]
    words: frozenset[str]


def guess(state: Compilation, name: str, columns: Iterable[tuple[str, str]]) -> None:
    """Note what a broken dataset would give, as (column, type)."""
    known: dict[str, Column] = {}
    for column, kind in columns:
        if column and column.upper() != "NULL":  # an unknown name that was put out of the way
            known.setdefault(column.lower(), Column(column, _type(kind)))
    if not known:
        return
    words = set(_words(state, name))
    for other in state.datasets[name].depends_on:
        words |= state.guesses[other].words if other in state.guesses else frozenset()
    state.guesses[name] = Guess(tuple(known.values()), frozenset(words))
    state.binder.create(name, known.values())


def look(state: Compilation, name: str, bind: Callable[[], Any]) -> None:
    """Bind a dataset that is made from broken ones, and tell what is wrong with itself."""
    needs = state.datasets[name].depends_on
    guessed = [n for n in needs if n in state.broken]
    if not all(n in state.guesses for n in guessed):
        return
    before, infos = len(state.found), {n: state.datasets[n] for n in guessed}
    for n, info in infos.items():
        state.datasets[n] = dataclasses.replace(info, schema=state.guesses[n].columns)
    try:
        bind()
    finally:
        state.datasets |= infos
        told = state.found[before:]
        del state.found[before:]
    words = frozenset().union(*(state.guesses[n].words for n in guessed))
    state.found += [d for d in told if _sure(d, words)]


def _sure(found: Diagnostic, words: frozenset[str]) -> bool:
    if found.code in _OF_THEMSELVES:
        return True
    names = re.findall(r"column(?: named)? `([^`]+)`", found.message)
    return found.code in _OF_COLUMNS and bool(names) and names[-1].lower() not in words


def _words(state: Compilation, name: str) -> list[str]:
    transform = state.definition.pipeline.transforms[name]
    model = state.models.get(name)
    text = model.text if model else str(transform.steps)
    return re.findall(r"\w+", text.lower())


def _type(kind: str) -> str:
    try:
        return canonical(kind)[0]
    except ValueError:
        return "integer"
