r"""CSV records with their line numbers and raw bytes, by rules that lose no line.

DuckDB reads good files much faster; this is for the others. It loses what follows a quote that is
never closed, cannot read a file whose lines end in `\n` here and `\r\n` there, and does not know
the line of a record. Here a record whose quotes do not close stands alone: it is bad, and reading
goes on with the line after it.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from penstock.runtime.engines.duckdb.textfiles import LONGEST_RECORD, physical_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.runtime.engines.duckdb.csv_dialect import Dialect

_ENDS = b"\r\n"
LONGEST_QUOTED = 16 << 20
"""Bytes after which a quote that was opened is taken for one that is never closed."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record.

    Attributes:
        line: its first line in the file, from 1.
        data: its bytes, without the last line end.
        fault: what is wrong with its quotes or its length; None: nothing.
    """

    line: int
    data: bytes
    fault: str | None = None


class Splitter:
    """Splits a file into records, and a record into fields, by the rules of a dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._delimiter = dialect.delimiter.encode()
        self._quote = dialect.quote.encode()
        self._escape = dialect.escape.encode()
        self._comment = dialect.comment.encode()
        quote, escape = re.escape(self._quote), re.escape(self._escape)
        delimiter = re.escape(self._delimiter)
        if self._quote == self._escape:
            inside = rb"(?:[^%b]++|%b%b)*+" % (quote, quote, quote)
        else:
            inside = rb"(?:[^%b%b]++|%b.)*+" % (quote, escape, escape)
        plain = rb"(?! *%b)(?:(?!%b)[^\r\n])*+" % (quote, delimiter)
        quoted = rb" *%b(%b)%b *" % (quote, inside, quote)
        field = rb"(?:%b|%b)" % (re.sub(rb"\((?!\?)", b"(?:", quoted), plain)
        ahead = rb"(?:%b%b)*+" % (field, delimiter)
        self._whole = re.compile(ahead + field, re.DOTALL)
        self._open = re.compile(ahead + rb" *%b%b" % (quote, inside), re.DOTALL)
        # A later line of a record, which begins inside of a quoted value: matched by itself, since
        # matching the whole record at each of its lines would take the square of their number.
        self._last = re.compile(rb"%b%b *(?:%b%b)*+" % (inside, quote, delimiter, field), re.DOTALL)
        self._between = re.compile(
            rb"%b(?:%b *%b%b *%b%b)?" % (inside, quote, delimiter, ahead, quote, inside), re.DOTALL
        )
        self._field = re.compile(rb"(?:%b|(%b))(?:%b|\Z)" % (quoted, plain, delimiter), re.DOTALL)
        unescaped = rb"%b(.)" % escape
        self._unescape = re.compile(unescaped, re.DOTALL)

    def records(self, stream: BinaryIO) -> Iterator[Record]:
        """Every record, blank lines and comments left out, those before the header too."""
        ahead: deque[bytes] = deque()
        lines = physical_lines(stream)
        number = 0
        while True:
            line = ahead.popleft() if ahead else next(lines, None)
            if line is None:
                return
            number += 1
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            data = line.rstrip(_ENDS)
            if not data or (self._comment and data.startswith(self._comment)):
                continue
            if not self._quote or self._quote not in data or self._whole.fullmatch(data):
                yield self._sized(number, data)
                continue
            if not self._open.fullmatch(data):
                yield Record(number, data, "text stands before or after a quoted value")
                continue
            joined = self._joined(line, lines, ahead)
            if joined is None:
                yield Record(number, data, "a quote is opened and never closed")
                continue
            yield self._sized(number, joined[0])
            number += joined[1]

    def fields(self, record: bytes) -> list[str]:
        """The fields of a record without fault, as text."""
        if not self._quote or self._quote not in record:
            return [f.decode(errors="backslashreplace") for f in record.split(self._delimiter)]
        found: list[str] = []
        at = 0
        while True:
            m = self._field.match(record, at)
            assert m is not None
            inner = m[1]
            text = m[2] if inner is None else self._unescape.sub(rb"\1", inner)
            found.append(text.decode(errors="backslashreplace"))
            at = m.end()
            if at >= len(record) and not m[0].endswith(self._delimiter):
                return found

    def _joined(
        self, first: bytes, lines: Iterator[bytes], ahead: deque[bytes]
    ) -> tuple[bytes, int] | None:
        """A record of several lines and how many follow its first; None: its quote stays open.

        Lines read in vain are put back.
        """
        taken: list[bytes] = []
        size = len(first)
        while size <= LONGEST_QUOTED:
            line = ahead.popleft() if ahead else next(lines, None)
            if line is None:
                break
            taken.append(line)
            size += len(line)
            if self._quote not in line:
                continue
            if self._last.fullmatch(line.rstrip(_ENDS)):
                return (first + b"".join(taken)).rstrip(_ENDS), len(taken)
            if not self._between.fullmatch(line):
                break
        ahead.extendleft(reversed(taken))
        return None

    def _sized(self, number: int, data: bytes) -> Record:
        if len(data) > LONGEST_RECORD:
            return Record(number, data, f"it is longer than {LONGEST_RECORD:,} bytes")
        return Record(number, data)
