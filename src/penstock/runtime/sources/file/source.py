"""The `file` source: files of the local file system, of any format and packing."""

from __future__ import annotations

import glob
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import did_you_mean
from penstock.errors import SourceUnavailable
from penstock.runtime import formats
from penstock.runtime.engines.base import FileFormat, InputFile
from penstock.runtime.identity import content_identity, digest
from penstock.runtime.sources.base import Inferred, Slice
from penstock.runtime.sources.file.names import each_once, leads_nowhere, same_letters
from penstock.runtime.sources.file.options import FileSourceOptions
from penstock.runtime.sources.shapes import FOLDER, refuse_late_columns, shapes
from penstock.runtime.widening import TAKES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from penstock.program import Column, Read
    from penstock.runtime.engines.base import Engine, Extracted
    from penstock.runtime.sources.shapes import Shape, Shaped

CODE_CHANGED = "PSK-SRC-037"
Stamp = tuple[int, int, int, int]


class FileSource:
    """Reads the files that a path or glob names, in the order of their names."""

    def __init__(self, read: Read, root: Path) -> None:
        self._read = read
        self._root = root
        self._options = FileSourceOptions(**read.options)

    def check(self) -> None:
        """Whether any file is there, and its format known."""
        self._format(self._paths())

    def plan(self) -> Slice:
        """The files there are now, each with the identity of its content."""
        files = tuple(self._input(path) for path in self._paths())
        return Slice(digest(f.identity for f in files), files)

    def extract(self, part: Slice, engine: Engine, relation: str, *, keep: bool) -> Extracted:
        """Make `relation` of the slice's files.

        Raises:
            SourceUnavailable: a file is gone, or was changed while it was read.
            StepFailed: it has a column that came after the Program was compiled.
        """
        before = [self._unchanged(f) for f in part.files]
        self._refuse_late_columns(
            [replace(f, identity=_known(s)) for f, s in zip(part.files, before, strict=True)]
        )
        found = engine.read_files(
            relation,
            part.files,
            self._file_format([f.path for f in part.files]),
            self._read.schema,
            evolution=self._read.schema_evolution,
            keep=keep,
        )
        for file, stamp in zip(part.files, before, strict=True):
            if not self._still(file, stamp):
                raise _changed(file, "while it was read")
        return found

    def infer(self) -> Inferred:
        """The columns of what is there, by looking at the first rows of the files."""
        # The compiler asks, and it has DuckDB whatever engine the Program is for.
        from penstock.runtime.engines.duckdb.sniffing import sniff

        files = [self._input(path) for path in self._paths()]
        schema = sniff(files, self._file_format([f.path for f in files]))
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        return Inferred(schema, f"sniffed from {files[0].name}{more}")

    def shapes(
        self, schema: Sequence[Column], *, grow: bool, some: Sequence[InputFile] = ()
    ) -> list[Shaped]:
        """The different columns its files have, each with the first file that has them.

        Args:
            grow: also find the types that values need which the schema's do not hold.
            some: look at these files only.

        Raises:
            SourceUnavailable: there is no file, or its format is not known.
        """
        from penstock.runtime.engines.duckdb.shape_looking import look

        files = some or self.stamped()
        fmt = self._file_format([f.name for f in files])
        cache = self._root.joinpath(*FOLDER, f"{self._read.dataset}.json")
        return shapes(
            cache, files, fmt, schema, lambda f: self._look(look, f, fmt, schema, grow), grow=grow
        )

    def _look(
        self, look: Any, files: Iterable[InputFile], fmt: FileFormat, schema: Any, grow: bool
    ) -> Iterator[Shape]:
        yield from look(files, fmt, schema, grow=grow)

    def stamped(self) -> list[InputFile]:
        """The files there are, known by size and time of change: quicker than by content."""
        found = []
        for path in self._paths():
            stamp = _stamp(path)
            size = stamp[0] if stamp else 0
            name = _relative(Path(path), self._root)
            found.append(InputFile(path, name, size, _known(stamp)))
        return found

    def _refuse_late_columns(self, files: Sequence[InputFile]) -> None:
        """Make sure that the files, known as `_stamped` knows them, bring nothing that is lost."""
        if self._read.schema_evolution not in TAKES:
            return
        from penstock.runtime.engines.duckdb.shape_looking import look

        schema = self._read.schema
        fmt = self._file_format([f.name for f in files])
        cache = self._root.joinpath(*FOLDER, f"{self._read.dataset}.json")
        refuse_late_columns(
            cache, files, fmt, schema, lambda some: self._look(look, some, fmt, schema, grow=False)
        )

    # -- which files

    def _paths(self) -> list[str]:
        wanted = self._options.path
        whole = self._root / wanted
        if whole.is_file():  # a name may hold `[` or `*`
            return [str(whole)]
        # pathlib has no glob of a pattern that may be absolute
        every = glob.glob(str(whole), recursive=True)  # noqa: PTH207
        found = sorted(p for p in every if self._is_file(p))  # of many
        if found:
            return found if len(found) == 1 else each_once(found)
        if whole.is_dir():
            raise SourceUnavailable(
                f"`{wanted}` is a folder",
                hint=f"name the files in it: `path: {wanted.rstrip('/')}/*.csv`",
            )
        if os.path.lexists(whole):
            raise SourceUnavailable(
                f"`{wanted}` is a pipe, a device or a link to itself, not a file",
                hint="write what it should give into a file, and read that",
            )
        raise SourceUnavailable(f"no file matches `{wanted}`", hint=self._near(whole))

    def _is_file(self, path: str) -> bool:
        """Whether to read what a path names: folders, pipes and links to themselves are not.

        Raises:
            SourceUnavailable: it is a link to nothing, so that rows would be missing.
        """
        if os.path.isfile(path):  # noqa: PTH113
            return True
        if leads_nowhere(path):
            raise SourceUnavailable(
                f"`{_relative(Path(path), self._root)}` is a link to a file that is not there",
                hint="is a disk not mounted? Else remove the link",
            )
        return False

    def _near(self, whole: Path) -> str:
        """What is there instead."""
        folder = whole.parent
        missing = None
        while not folder.is_dir() and folder != folder.parent:
            missing, folder = folder, folder.parent
        if missing is None:
            others = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
            if same_letters(whole.name, others):
                return (
                    "the name of a file there has the same letters, in another Unicode form (NFC "
                    "or NFD): put `*` in their place"
                )
            return did_you_mean(whole.name, others, noun="files there")
        if glob.has_magic(str(missing)):
            return f"no folder matches `{_relative(missing, self._root)}`"
        others = sorted(p.name for p in folder.iterdir() if p.is_dir())
        near = did_you_mean(missing.name, others, noun="folders there")
        return f"there is no folder `{_relative(missing, self._root)}`; {near}".rstrip("; ")

    def _input(self, path: str) -> InputFile:
        try:
            size, identity = content_identity(Path(path))
        except OSError as error:
            name = _relative(Path(path), self._root)
            reason = (error.strerror or str(error)).lower()
            raise SourceUnavailable(f"`{name}` cannot be read: {reason}") from error
        return InputFile(path, _relative(Path(path), self._root), size, identity)

    def _unchanged(self, file: InputFile) -> Stamp | None:
        """The stamp of a file that is still what was planned; its content tells, not its stamp."""
        stamp = _stamp(file.path)
        if stamp is None:
            raise SourceUnavailable(
                f"`{file.name}` was there when the run was planned, and is gone",
                hint="run again: the next run reads what is there then",
            )
        if self._input(file.path).identity != file.identity:
            raise _changed(file, "after the run was planned")
        return stamp

    def _still(self, file: InputFile, before: Stamp | None) -> bool:
        """Whether a file is what it was before it was read."""
        now = _stamp(file.path)
        if now is None or before is None or now[:3] != before[:3]:
            return False
        # Its metadata changed, or its time of change was set back: the content tells.
        return now == before or self._input(file.path).identity == file.identity

    # -- how they are written

    def _file_format(self, paths: Sequence[str]) -> FileFormat:
        given = self._read.options.get("options") or {}
        options: dict[str, Any] = {
            k: "\t" if v == "\\t" else v for k, v in given.items() if v is not None
        }
        kind = self._format(paths)
        if kind == "csv" and paths and all(formats.tab_separated(p) for p in paths):
            options.setdefault("delimiter", "\t")
        return FileFormat(kind, options)

    def _format(self, paths: Sequence[str]) -> str:
        """As given, or as the suffix of the path says, or of every file it matches."""
        if self._options.format:
            return self._options.format
        said, _ = formats.format_of(self._options.path)
        every = {said} if said else {f for p in paths for f in _said(p)}
        if len(every) == 1 and (only := every.pop()):
            return only
        raise SourceUnavailable(
            f"the suffix of `{self._options.path}` tells no format",
            hint="say `format:` and one of " + ", ".join(formats.ALL),
        )


def _stamp(path: str) -> Stamp | None:
    """Size, time of change, number on its disk, time of change of all that; None: it is gone."""
    try:
        found = os.stat(path)  # noqa: PTH116 - of a path DuckDB reads too, as it is
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_ctime_ns


def _known(stamp: Stamp | None) -> str:
    return "gone" if stamp is None else f"{stamp[0]}-{stamp[1]}"


def _said(path: str) -> set[str | None]:
    """The formats that a file's name says, or the names in it."""
    form, packed = formats.format_of(path)
    return formats.in_zip(path) if packed == "zip" and form is None else {form}


def _changed(file: InputFile, when: str) -> SourceUnavailable:
    return SourceUnavailable(
        f"`{file.name}` was changed {when}",
        code=CODE_CHANGED,
        hint="run again when its writer has finished",
    )


def _relative(path: Path, root: Path) -> str:
    r"""A path as the user knows it; bytes that are not UTF-8 as `\x..`."""
    text, above = str(path), f"{root}{os.sep}"  # ten thousand of them: pathlib takes its time
    known = text.removeprefix(above)
    return os.fsencode(known).decode(errors="backslashreplace")
