"""Files that the definition names: inside the pipeline folder, there, and text."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation
    from penstock.diagnostics import Span

_MOST_LISTED = 2000


def read_file(state: Compilation, name: str, span: Span, *, noun: str) -> str | None:
    """The text of a file of the pipeline folder; None where it cannot be had, which is told.

    Args:
        name: relative to the folder, with forward slashes.
        span: where the definition names it.
        noun: what the file is: "model".
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        state.tell(
            "PSK-REF-011",
            f"the {noun} `{name}` is outside the pipeline folder",
            span,
            "everything a pipeline is made of lies in its folder, so that it can travel",
        )
        return None
    root = state.definition.root
    if not (root / name).is_file():
        hint = _near(name, like(root, path.suffix))
        state.tell("PSK-REF-010", f"there is no file `{name}`", span, hint)
        return None
    try:
        return state.definition.read_text(name)
    except UnicodeDecodeError as error:
        hint = f"byte {error.start} is not UTF-8: save the file as UTF-8"
        state.tell("PSK-REF-012", f"`{name}` is not text", span, hint)
    except OSError as error:
        state.tell("PSK-REF-012", f"`{name}` cannot be read: {error.strerror}", span)
    return None


def _near(name: str, files: list[str]) -> str:
    """The file of the nearest name, whatever folder it is in."""
    paths = {PurePosixPath(f).name: f for f in reversed(files)}
    wanted = PurePosixPath(name)
    near = get_close_matches(wanted.name, sorted(paths), n=1, cutoff=0.6)
    if near:
        return f"did you mean `{paths[near[0]]}`?"
    shown = ", ".join(f"`{f}`" for f in files[:8])
    return f"`{wanted.suffix}` files: {shown}" if files else ""


def like(root: Path, suffix: str) -> list[str]:
    """Files of the folder with a suffix, relative to it; hidden folders are passed over."""
    found: list[str] = []
    waiting = [root]
    while waiting and len(found) < _MOST_LISTED:
        folder = waiting.pop(0)
        try:
            entries = sorted(folder.iterdir())
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith((".", "__")):
                continue
            if entry.is_dir():
                waiting.append(entry)
            elif entry.suffix == suffix:
                found.append(entry.relative_to(root).as_posix())
    return found
