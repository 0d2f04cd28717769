"""Pass: no two targets write to one place, and none over what a source reads."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation

_WITH_PLACES = frozenset(("lake", "file"))


def check_places(state: Compilation) -> None:
    """Tell of targets whose paths meet: what one publishes, the other would replace."""
    pipeline = state.definition.pipeline
    read = {
        name: _place(state, source.options["path"])
        for name, source in pipeline.sources.items()
        if source.connector in {"file", "s3"} and isinstance(source.options.get("path"), str)
    }
    taken: dict[str, str] = {}
    for name, target in pipeline.targets.items():
        path = target.options.get("path")
        if target.connector not in _WITH_PLACES or not isinstance(path, str):
            continue
        place = _place(state, path)
        span = state.definition.positions.value(("targets", name, "path"))
        for other, used in taken.items():
            if _meet(place, used):
                where = "to the place of" if place == used else "into the same folder as"
                state.tell(
                    "PSK-TGT-017",
                    f"`{name}` writes {where} `{other}`",
                    span,
                    "give each target a path of its own",
                )
                break
        for source, pattern in read.items():
            if target.connector == "file" and fnmatchcase(place, pattern):
                state.tell(
                    "PSK-TGT-018",
                    f"`{name}` writes over what the source `{source}` reads",
                    span,
                    "write to another path",
                )
        taken.setdefault(name, place)


def _place(state: Compilation, path: str) -> str:
    """The path in one spelling."""
    scheme, separator, rest = path.rpartition("://")
    if separator:
        return scheme + separator + posixpath.normpath(rest)
    return posixpath.normpath((state.definition.root.absolute() / path).as_posix())


def _meet(one: str, other: str) -> bool:
    """Whether two places are the same, or one lies within the other.

    >>> _meet("/a/b", "/a/b/c"), _meet("/a/b", "/a/bc")
    (True, False)
    """
    return one == other or one.startswith(other + "/") or other.startswith(one + "/")
