"""Text files as bytes and physical lines, whatever they are compressed with."""

from __future__ import annotations

import gzip
import io
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, cast

from penstock.errors import SourceUnavailable, StepFailed
from penstock.runtime.engines.duckdb.quoting import literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.runtime.engines.base import InputFile

Compression = Literal["none", "gzip", "zstd"]
CHUNK = 1 << 20
# The longest record, in bytes: DuckDB keeps a buffer of several for each thread.
LONGEST_RECORD = 2_000_000
# Without a delimiter DuckDB takes NUL for one, and drops what follows it. No text holds this.
_NO_DELIMITER = "\x1d\x1e\x1f\x1d"
CODE_BROKEN = "PSK-SRC-031"
_MAGIC: dict[bytes, Compression] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


def compression_of(path: str) -> Compression:
    """What a file is compressed with, by its first bytes (its name may be wrong).

    Raises:
        SourceUnavailable: it cannot be opened.
    """
    with opened(path) as file:
        head = file.read(4)
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "none")


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """A file, open for reading bytes.

    Raises:
        SourceUnavailable: it cannot be opened.
    """
    try:
        with Path(path).open("rb") as file:
            yield file
    except OSError as error:
        raise SourceUnavailable(
            f"`{path}` cannot be read: {(error.strerror or str(error)).lower()}"
        ) from error


@contextmanager
def opened_text(file: InputFile, compression: Compression) -> Iterator[BinaryIO]:
    r"""The uncompressed bytes of a file.

    Without pyarrow zstd is read by DuckDB, line by line: every line end becomes `\\n`.

    Raises:
        SourceUnavailable: it cannot be opened.
        StepFailed: its compressed data is broken.
    """
    if compression == "zstd":
        with _zstd(file) as unpacked:
            yield unpacked
        return
    with opened(file.path) as raw:
        if compression == "none":
            yield raw
            return
        try:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield cast("BinaryIO", unpacked)
        except (EOFError, gzip.BadGzipFile) as error:
            raise broken(file, str(error)) from error


def broken(file: InputFile, reason: str) -> StepFailed:
    """The error for a file whose compressed data cannot be unpacked."""
    return StepFailed(
        f"`{file.name}` is cut off or damaged: {reason.strip().rstrip('.')}",
        code=CODE_BROKEN,
        hint="copy the file again; nothing of it was taken in",
    )


def physical_lines(stream: BinaryIO) -> Iterator[bytes]:
    r"""Lines with their ends, split at `\n`, `\r\n` and `\r` alike.

    >>> list(physical_lines(io.BytesIO(b"a\r\nb\rc\n\nd")))
    [b'a\r\n', b'b\r', b'c\n', b'\n', b'd']
    """
    rest = b""
    while chunk := stream.read(CHUNK):
        lines = (rest + chunk).splitlines(keepends=True)
        rest = b""
        if lines and not lines[-1].endswith(b"\n"):
            rest = lines.pop()  # not ended yet, or by a `\r` whose `\n` is still to come
        yield from lines
    if rest:
        yield from rest.splitlines(keepends=True)


@contextmanager
def _zstd(file: InputFile) -> Iterator[BinaryIO]:
    """Python before 3.14 has no zstd of its own."""
    try:
        import pyarrow as pa
    except ImportError:
        with _zstd_lines(file) as lines:
            yield cast("BinaryIO", lines)
        return
    with opened(file.path) as raw:
        try:
            yield cast("BinaryIO", pa.input_stream(raw, compression="zstd"))
        except OSError as error:
            if error.errno is not None:
                raise
            raise broken(file, str(error)) from error


class _Joined(io.RawIOBase):
    """Lines as a readable stream."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while len(self._rest) < len(buffer):
            line = next(self._lines, None)
            if line is None:
                break
            self._rest += line
        given, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


@contextmanager
def _zstd_lines(file: InputFile) -> Iterator[io.BufferedReader]:
    """By a database of one thread, which keeps the order."""
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "threads": "1",
        "preserve_insertion_order": "true",
        "memory_limit": "256MiB",
    }
    with duckdb.connect(":memory:", config=settings) as connection:
        try:
            found = connection.execute(f"SELECT line FROM {raw_lines([file.path], 'zstd')}")
            yield io.BufferedReader(_Joined(_fetched(found)), CHUNK)
        except duckdb.Error as error:
            reason = str(error).partition("\n")[0].partition(": ")[2].replace(file.path, "")
            raise broken(file, reason) from error


def _fetched(found: object) -> Iterator[bytes]:
    fetch = found.fetchmany  # type: ignore[attr-defined]
    while rows := fetch(10_000):
        yield b"".join((line or "").encode() + b"\n" for (line,) in rows)


def raw_lines(paths: list[str], compression: Compression, *, more: str = "") -> str:
    """SQL of a table function whose one column, `line`, is each line of the files as text.

    Args:
        more: further parameters, each with a comma before it.
    """
    return (
        f"read_csv({literal(paths)}, columns = {{'line': 'VARCHAR'}}, auto_detect = false, "
        f"header = false, delim = {literal(_NO_DELIMITER)}, quote = '', escape = '', "
        "strict_mode = false, "
        f"compression = {literal(compression)}{more})"
    )
