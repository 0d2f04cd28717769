"""What columns each file of a source has, remembered from one time to the next.

The compiler asks before every local run, so that a file is looked at once, when it is new: what
was found is kept in `.penstock/cache/shapes`, by the file's stamp. The cache may be deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.errors import StepFailed
from penstock.program import Column, canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from penstock.runtime.engines.base import FileFormat, InputFile

FOLDER = (".penstock", "cache", "shapes")
VERSION = 3
CODE_LATE = "PSK-SRC-072"


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a file, in its order.

    Attributes:
        columns: type empty where it was not looked for; none: the file is empty or unreadable.
        grown: column of the schema → the type that the file's values need, if its own is too
            narrow for them.
        unread: columns of the schema with values of another type; looked for as `grown` is.
        unnamed: column → its type in the file's words, where Penstock has no such type.
    """

    columns: tuple[Column, ...] = ()
    grown: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    unnamed: Mapping[str, str] = field(default_factory=dict)

    def key(self) -> str:
        """The same for the same shape."""
        return canonical(self.as_json()).decode()

    def as_json(self) -> list[Any]:
        """As the cache keeps it."""
        columns = [[c.name, c.type] for c in self.columns]
        return [columns, dict(self.grown), list(self.unread), dict(self.unnamed)]

    @classmethod
    def from_json(cls, kept: list[Any]) -> Shape:
        """Out of the cache."""
        columns, grown, unread, unnamed = kept
        return cls(tuple(Column(*c) for c in columns), grown, tuple(unread), unnamed)


@dataclass(frozen=True, slots=True)
class Shaped:
    """A shape and the first file that has it.

    Attributes:
        ordered: whether the order of columns means anything in this format.
    """

    file: str
    shape: Shape
    ordered: bool = True


def shapes(
    cache: Path,
    files: Sequence[InputFile],
    fmt: FileFormat,
    schema: Sequence[Column],
    looking: Callable[[Iterable[InputFile]], Iterator[Shape]],
    *,
    grow: bool,
) -> list[Shaped]:
    """The different shapes of the files, each with the first file that has it.

    Args:
        cache: where what was found is kept.
        files: `identity` may be any stamp that changes when the file does.
        looking: gives the shape of each file, in order.
        grow: part of what was asked, as are `fmt` and `schema`.
    """
    asked = [fmt.name, dict(fmt.options), [(c.name, c.type) for c in schema], grow, VERSION]
    key = hashlib.sha256(canonical(asked)).hexdigest()
    known = _read(cache, key, _form(fmt))
    fresh = [f for f in files if known.get(f.name, ("",))[0] != f.identity]
    if fresh:
        for file, shape in zip(fresh, looking(fresh), strict=True):
            known[file.name] = (file.identity, shape)
    there = {f.name for f in files}
    if fresh or len(known) != len(there):
        known = {name: found for name, found in known.items() if name in there}
        _write(cache, key, _form(fmt), known)
    ordered = fmt.name not in {"ndjson", "json", "xml"}
    first: dict[int, Shaped] = {}
    for file in files:
        shape = known[file.name][1]
        if shape.columns and id(shape) not in first:
            first[id(shape)] = Shaped(file.name, shape, ordered)
    return list({s.shape.key(): s for s in reversed(first.values())}.values())[::-1]


def refuse_late_columns(
    cache: Path,
    files: Sequence[InputFile],
    fmt: FileFormat,
    schema: Sequence[Column],
    looking: Callable[[Iterable[InputFile]], Iterator[Shape]],
) -> None:
    """Make sure that no file has a column that came after the Program was compiled.

    A run that read such a file would lose the column: the file counts as read from then on.

    Args:
        cache: what the compiler kept; a file that it looked at is not looked at again.
        files: those to read; `identity` as for `shapes`.
        schema: with the columns that the files had then.

    Raises:
        StepFailed: one has (names file and column).
    """
    known = _read(cache, None, _form(fmt))
    fresh = [f for f in files if known.get(f.name, ("",))[0] != f.identity]
    found = {f.name: shape for f, shape in zip(fresh, looking(fresh), strict=True)} if fresh else {}
    names = {c.name.casefold() for c in schema}
    for file in files:
        shape = found[file.name] if file.name in found else known[file.name][1]
        # One of no type that there is a name for is never taken up; the compiler told of it.
        left = shape.unnamed if file.name not in found else {}
        late = [
            c.name for c in shape.columns if c.name.casefold() not in names and c.name not in left
        ]
        if late:
            raise StepFailed(
                f"`{file.name}` has a column `{late[0]}` that no file had when the pipeline was "
                "compiled",
                code=CODE_LATE,
                hint="run again: the pipeline is compiled anew, and the column taken up",
            )


def _form(fmt: FileFormat) -> str:
    return hashlib.sha256(canonical([fmt.name, dict(fmt.options), VERSION])).hexdigest()


def _read(cache: Path, key: str | None, form: str) -> dict[str, tuple[str, Shape]]:
    """What is kept; of another question about the same files too where `key` is None."""
    try:
        kept = json.loads(cache.read_bytes())
        if kept["form"] != form or key not in {None, kept["key"]}:
            return {}
        found = [Shape.from_json(shape) for shape in kept["shapes"]]
        return {name: (stamp, found[i]) for name, (stamp, i) in kept["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return {}


def _write(cache: Path, key: str, form: str, known: Mapping[str, tuple[str, Shape]]) -> None:
    numbers: dict[str, int] = {}
    each: list[Any] = []
    files: dict[str, list[Any]] = {}
    for name, (stamp, shape) in known.items():
        number = numbers.setdefault(shape.key(), len(numbers))
        if number == len(each):
            each.append(shape.as_json())
        files[name] = [stamp, number]
    text = json.dumps({"key": key, "form": form, "shapes": each, "files": files})
    with suppress(OSError):  # it only saves time
        cache.parent.mkdir(parents=True, exist_ok=True)
        temporary = cache.with_name(f".{cache.name}.{os.getpid()}.tmp")
        temporary.write_text(text, "utf-8")
        temporary.replace(cache)
