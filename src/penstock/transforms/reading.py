"""What many steps check of their options: columns that are there, of a fitting type, new names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.transforms.base import Problem, clashes, unknown_column
from penstock.transforms.canonical import family

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from penstock.transforms.base import Columns

Path = tuple[str | int, ...]


def unknown(names: Sequence[str], columns: Columns, path: Path) -> list[Problem]:
    """A problem for each name of a list that is no column, and for each named twice."""
    absent = [
        unknown_column(name, columns, (*path, i))
        for i, name in enumerate(names)
        if name not in columns
    ]
    twice = [
        Problem("PSK-STEP-016", f"`{name}` is named twice", (*path, i))
        for i, name in clashes(names)
    ]
    return absent + twice


def new_names(names: Iterable[tuple[str, Path]], taken: Iterable[str]) -> list[Problem]:
    """A problem for each new column that has no name, or one that is taken.

    Args:
        names: new column and the place that gives it.
    """
    seen = {name.lower(): name for name in taken}
    found = []
    for name, path in names:
        if not name.strip():
            found.append(Problem("PSK-STEP-015", "a column needs a name", path))
        elif name.lower() in seen:
            message = f"there is a column `{seen[name.lower()]}` already"
            found.append(Problem("PSK-STEP-016", message, path, "give it another name"))
        seen.setdefault(name.lower(), name)
    return found


def misfit(
    name: str,
    columns: Columns,
    wanted: Collection[str],
    path: Path,
    *,
    step: str,
    at_key: bool = False,
) -> Problem | None:
    """Why a column cannot be worked on: it is not there, or of another kind.

    Args:
        wanted: kinds of values, as `canonical.family` names them.
    """
    if name not in columns:
        return unknown_column(name, columns, path, at_key=at_key)
    type_name = columns[name]
    if type_name is None or family(type_name) in wanted:
        return None
    message = f"`{name}` is {type_name}, and `{step}` works on {' or '.join(wanted)} here"
    hint = "cast it in a step before, or name another column"
    return Problem("PSK-STEP-061", message, path, hint, at_key=at_key)
