"""A file under a name that DuckDB takes for what it is.

DuckDB takes every path for a glob: asked for `a[1].csv` it reads `a1.csv`, and for `b*.csv` more
than one file. And it wants paths in UTF-8. So such a file is read through a link.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.runtime.engines.base import InputFile

_numbers = itertools.count(1)


def plain(path: str) -> bool:
    r"""Whether DuckDB opens exactly the file of this name.

    >>> plain("data/a 1.csv"), plain("data/a[1].csv"), plain("data/\udcff.csv")
    (True, False, False)
    """
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return not any(c in path for c in "*?[")


def linked(file: InputFile, folder: Path) -> InputFile:
    """The file, with a path that DuckDB can open: its own, or a link in `folder`."""
    if plain(file.path):
        return file
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / f"link{next(_numbers)}"
    link.symlink_to(Path(file.path).absolute())
    return replace(file, path=str(link))
