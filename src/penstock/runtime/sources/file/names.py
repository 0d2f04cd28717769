"""Names of files: links, which give one file several names, and letters of several forms."""

from __future__ import annotations

import os
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def each_once(paths: Sequence[str]) -> list[str]:
    """The paths without those that are links to another of them, or lead to it through one.

    `**` follows links to folders: one to a folder above itself gives a file forty names.
    """
    folders: dict[str, str] = {}
    # where a file is → the path it is read by: one through no link, or the shortest
    real: dict[str, tuple[bool, bool, int, str]] = {}
    for path in paths:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.path.realpath(folder)
        there = f"{folders[folder]}{os.sep}{name}"
        link = os.path.islink(path)  # noqa: PTH114 - of ten thousand
        if link:
            there = os.path.realpath(path)
        mine = (link, folders[folder] != folder, len(path), path)
        real[there] = min(mine, real.get(there, mine))
    return sorted(path for *_, path in real.values())


def leads_nowhere(path: str) -> bool:
    """Whether it is a link to what is not there; one to itself never held a row."""
    try:
        os.stat(path)  # noqa: PTH116 - of a name that may be no text
    except FileNotFoundError:
        return os.path.islink(path)  # noqa: PTH114
    except OSError:
        return False
    return False


def same_letters(name: str, others: Iterable[str]) -> bool:
    r"""Whether another name looks the same, and is written with other code points.

    >>> same_letters("\u00e9.csv", ["e\u0301.csv"]), same_letters("e.csv", ["e.csv"])
    (True, False)
    """
    form = unicodedata.normalize("NFC", name)
    return any(o != name and unicodedata.normalize("NFC", o) == form for o in others)
