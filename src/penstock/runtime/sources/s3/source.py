"""The `s3` source: the files that the `file` source reads, out of a bucket."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import did_you_mean
from penstock.errors import SourceUnavailable
from penstock.runtime.engines.base import InputFile
from penstock.runtime.identity import digest
from penstock.runtime.sources.base import Inferred, Slice
from penstock.runtime.sources.file.source import FileSource
from penstock.runtime.sources.s3 import glancing
from penstock.runtime.sources.s3.keys import Keys
from penstock.runtime.sources.s3.options import S3SourceOptions
from penstock.runtime.storage import is_remote, open_store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from penstock.program import Read
    from penstock.runtime.engines.base import Engine, Extracted, FileFormat
    from penstock.runtime.sources.shapes import Shape

LOOKED_AT = 8
"""Objects that are fetched to find a schema: the first and the last ones."""
SMALL_BYTES = 8 << 20
"""Objects up to this size are fetched `AT_ONCE` at a time; each takes as much memory."""
AT_ONCE = 8


class S3Source(FileSource):
    """Reads the objects that an address or glob names, in the order of their keys.

    An object is known by its size and etag. It is fetched whole, and as it was when the run was
    planned, into the run's work folder before the engine reads it.
    """

    def __init__(self, read: Read, root: Path) -> None:
        super().__init__(
            replace(read, options={k: v for k, v in read.options.items() if k != "region"}), root
        )
        options = S3SourceOptions(**read.options)
        self._wanted = Keys.of(options.path)
        self._store = open_store(f"s3://{self._wanted.bucket}", root, region=options.region)

    def check(self) -> None:
        """Whether any object is there, and its format known."""
        self._format([f.name for f in self._objects()])

    def plan(self) -> Slice:
        """The objects there are now, each with its size and etag."""
        files = tuple(self._objects())
        return Slice(digest(f.identity for f in files), files)

    def extract(self, part: Slice, engine: Engine, relation: str, *, keep: bool) -> Extracted:
        """Fetch the slice's objects and make `relation` of them.

        Raises:
            SourceUnavailable: an object is gone, was changed since `plan`, or cannot be fetched.
            StepFailed: it has a column that came after the Program was compiled.
        """
        folder = engine.work / "fetched" / relation
        local = self._all_fetched(part.files, folder)
        self._refuse_late_columns(local)  # looks at what is here: nothing is fetched twice
        found = engine.read_files(
            relation,
            local,
            self._file_format([f.path for f in local]),
            self._read.schema,
            evolution=self._read.schema_evolution,
            keep=keep,
        )
        spoiled = {record.file for record in found.rejected}
        for file in local if keep else ():  # else the relation is a view of them
            if file.name not in spoiled and Path(file.path).is_relative_to(folder):
                Path(file.path).unlink(missing_ok=True)
        return replace(found, files=local)

    def infer(self) -> Inferred:
        """The columns of what is there, by looking at the first rows of some objects."""
        from penstock.runtime.engines.duckdb.sniffing import sniff

        files = self._objects()
        looked = (
            files if len(files) <= LOOKED_AT else files[: LOOKED_AT // 2] + files[-LOOKED_AT // 2 :]
        )
        with TemporaryDirectory(prefix="penstock-") as folder:
            local = self.local(looked, Path(folder))
            schema = sniff(local, self._file_format([f.path for f in local]))
        more = f" and {len(files) - 1} more" if len(files) > 1 else ""
        return Inferred(schema, f"sniffed from {files[0].name}{more}")

    def local(self, files: Iterable[InputFile], folder: Path) -> list[InputFile]:
        """The objects as files of this machine, fetched into a folder."""
        return [self._fetched(file, folder, i) for i, file in enumerate(files)]

    def _look(
        self, look: Any, files: Iterable[InputFile], fmt: FileFormat, schema: Any, grow: bool
    ) -> Iterator[Shape]:
        """Fetch objects, small ones several at a time, look at them, forget them."""
        with TemporaryDirectory(prefix="penstock-") as folder:

            def fetched() -> Iterator[InputFile]:
                for number, some in enumerate(_batches(files)):
                    if glanced := self._glanced(some, fmt, Path(folder, str(number)), grow=grow):
                        yield glanced
                        Path(glanced.path).unlink()
                        continue
                    for local in self._all_fetched(some, Path(folder, str(number))):
                        yield local
                        if local not in some:
                            Path(local.path).unlink(missing_ok=True)

            yield from look(fetched(), fmt, schema, grow=grow)

    def _glanced(
        self, some: Sequence[InputFile], fmt: FileFormat, folder: Path, *, grow: bool
    ) -> InputFile | None:
        """The part of one large object that tells its columns."""
        file, *others = some
        if others or not is_remote(file.path) or not glancing.is_enough(fmt, file, grow=grow):
            return None
        key = self._key(file)
        folder.mkdir(parents=True, exist_ok=True)
        return glancing.glance(self._store, key, file, fmt, folder / _name(key, 0))

    def fetched_to_look(self, files: Sequence[InputFile], *, grow: bool) -> list[InputFile]:
        """Those of the objects that have to be fetched whole to see their columns."""
        fmt = self._file_format([f.name for f in files])
        return [f for f in files if not glancing.is_enough(fmt, f, grow=grow)]

    def stamped(self) -> list[InputFile]:
        """The objects there are, known by size and etag."""
        return self._objects()

    # -- objects

    def _objects(self) -> list[InputFile]:
        wanted = self._wanted
        found = [
            InputFile(url, url, entry.size, f"{entry.size}-{entry.identity}")
            for entry in self._store.list(wanted.folder)
            if wanted.match(entry.path)
            for url in [self._store.url(entry.path)]
        ]
        if not found and not wanted.is_glob:
            entry = self._store.head(wanted.pattern)
            if entry is not None:
                url = self._store.url(entry.path)
                found = [InputFile(url, url, entry.size, f"{entry.size}-{entry.identity}")]
        if found:
            return found
        others = [e.path for e in self._store.list(wanted.folder)]
        near = did_you_mean(wanted.pattern, others[:1000], noun="objects there")
        empty = f"nothing is below `{self._store.url(wanted.folder)}/`"
        raise SourceUnavailable(
            f"no object matches `{self._options.path}`", hint=near if others else empty
        )

    def _all_fetched(self, files: Sequence[InputFile], folder: Path) -> list[InputFile]:
        """Small objects several at a time: each waits for its answer most of its time."""
        if max((f.size for f in files), default=0) > SMALL_BYTES:
            return [self._fetched(file, folder, i) for i, file in enumerate(files)]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="penstock-fetch") as pool:
            waiting = [pool.submit(self._fetched, file, folder, i) for i, file in enumerate(files)]
            try:
                return [each.result() for each in waiting]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _fetched(self, file: InputFile, folder: Path, number: int) -> InputFile:
        if not is_remote(file.path):
            return file
        key = self._key(file)
        folder.mkdir(parents=True, exist_ok=True)
        to = folder / _name(key, number)
        self._store.download(key, to, identity=file.identity.partition("-")[2])
        return replace(file, path=str(to))

    def _key(self, file: InputFile) -> str:
        return file.path.removeprefix(self._store.url()).lstrip("/")


def _name(key: str, number: int) -> str:
    """The suffixes tell the format and packing, so the name is kept; the number makes it one."""
    return f"{number:06d}-{key.rpartition('/')[2][-150:]}"


def _batches(files: Iterable[InputFile]) -> Iterator[list[InputFile]]:
    """In their order: small files in lots, a large one by itself; few bytes lie here at a time."""
    for large, alike in groupby(files, key=lambda file: file.size > SMALL_BYTES):
        lot = 1 if large else AT_ONCE
        while some := list(islice(alike, lot)):
            yield some
