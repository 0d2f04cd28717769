"""The first lines of a CSV file: its columns' names, and what stands before them."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock.errors import StepFailed
from penstock.runtime.engines.duckdb.csv_records import Splitter
from penstock.runtime.engines.duckdb.textfiles import compression_of, opened_text, physical_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.engines.duckdb.csv_dialect import Dialect
    from penstock.runtime.engines.duckdb.textfiles import Compression

HEAD = 1 << 16
MOST_HEAD = 1 << 22
CODE_TEXT = "PSK-SRC-033"
_WIDE = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Head:
    """What the first lines of a file say.

    Attributes:
        names: the header's; None: the dialect has no header, or the file no lines.
        width: how many fields the first record has.
        ends_open: nothing stands behind its last delimiter.
        empty: there is nothing in the file.
        plain: DuckDB finds the header by itself. Not so where blank lines, or skipped lines with
            quotes in them, stand before it.
        sample: the first bytes.
        line: the header's first line, from 1; without a header, how many lines are skipped.
    """

    compression: Compression
    names: tuple[str, ...] | None
    width: int
    empty: bool
    plain: bool
    sample: bytes
    line: int = 0
    ends_open: bool = False


def read_head(file: InputFile, dialect: Dialect) -> Head:
    """Look at the first lines of a file.

    Raises:
        SourceUnavailable: it cannot be opened.
        StepFailed: it is not UTF-8 text, its header cannot be read, or its compressed data is
            broken.
    """
    compression = compression_of(file.path)
    size = HEAD
    while True:
        with opened_text(file, compression) as stream:
            sample = stream.read(size)
        everything = len(sample) < size
        found, fault = _head(file, dialect, compression, sample)
        if found is not None and (everything or not fault):
            return found
        if everything or size >= MOST_HEAD:
            raise StepFailed(
                f"the header of `{file.name}` cannot be read: {fault}",
                code=CODE_TEXT,
                hint="mend its first lines, or say `header: false`",
            )
        size *= 16


def _head(
    file: InputFile, dialect: Dialect, compression: Compression, sample: bytes
) -> tuple[Head | None, str | None]:
    """The head, and what is wrong with the first record (it may go on behind the sample)."""
    if sample.startswith(_WIDE):
        raise StepFailed(
            f"`{file.name}` is UTF-16 text, and only UTF-8 is read",
            code=CODE_TEXT,
            hint=f"convert it first: iconv -f UTF-16 -t UTF-8 {file.name} > utf8.csv",
        )
    lines = list(physical_lines(io.BytesIO(sample.removeprefix(b"\xef\xbb\xbf"))))
    before, rest = lines[: dialect.skip], lines[dialect.skip :]
    plain = not (dialect.quote and any(dialect.quote.encode() in line for line in before))
    comment = dialect.comment.encode()
    for line in rest:
        bare = line.strip(b"\r\n")
        if bare and not (comment and bare.startswith(comment)):
            break
        plain = plain and bool(bare)
    splitter = Splitter(dialect)
    first = next(splitter.records(io.BytesIO(b"".join(rest))), None)
    if first is None:
        return Head(compression, None, 0, empty=True, plain=True, sample=sample), None
    fields = [] if first.fault else splitter.fields(first.data)
    width = len(fields)
    if not dialect.header:
        head = Head(compression, None, width, empty=False, plain=plain, sample=sample)
        return replace(head, line=dialect.skip, ends_open=fields[-1:] == [""]), None
    if first.fault:
        return None, first.fault
    try:
        first.data.decode()
    except UnicodeDecodeError as error:
        return None, f"byte {error.start + 1} of it is not UTF-8 text"
    if b"\0" in first.data:
        raise _with_nul(file, first.data)
    names = tuple(n.strip() for n in fields)
    at = dialect.skip + first.line
    cut = len(sample) and not sample.endswith((b"\n", b"\r")) and len(lines) <= at
    fault = "it is too long" if cut else None
    return Head(compression, names, width, False, plain, sample, at), fault


def _with_nul(file: InputFile, header: bytes) -> StepFailed:
    """Every second byte NUL is UTF-16 without a byte order mark."""
    zeros = [header[i::2].count(0) for i in (0, 1)]
    half = len(header) // 2 - 1
    wide = "utf-16-be" if zeros[0] >= half else "utf-16-le" if zeros[1] >= half else None
    return StepFailed(
        f"the header of `{file.name}` holds NUL bytes"
        + (", as UTF-16 text without a byte order mark does" if wide else ""),
        code=CODE_TEXT,
        hint=f"say `options: {{encoding: {wide}}}`" if wide else "is it a text file at all?",
    )


def header_lines(files: Iterable[InputFile], dialect: Dialect) -> dict[str, str]:
    """File's name → its header as a line that reads the same; files without one are left out."""
    found = {}
    quote, escape = dialect.quote, dialect.escape
    for file in files:
        names = read_head(file, dialect).names
        if names is None:
            continue
        if quote:
            names = tuple(n.replace(escape, escape * 2) for n in names)
            if escape != quote:
                names = tuple(n.replace(quote, escape + quote) for n in names)
            names = tuple(f"{quote}{n}{quote}" for n in names)
        found[file.name] = dialect.delimiter.join(names)
    return found
