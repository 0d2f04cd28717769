"""The records of a JSON document, one at a time: of an array, of a row path, or one after another.

A record is given as its own text, so that no digit of it is lost. One that is not valid JSON is
given with its fault, as long as its brackets tell where it ends.
"""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from penstock.errors import StepFailed
from penstock.runtime.engines.duckdb.textfiles import CHUNK, LONGEST_RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CODE_DOCUMENT = "PSK-SRC-051"
_BLANK = re.compile(r"[ \t\r\n]*")
_SIGN = re.compile(r'"(?:[^"\\]|\\.)*+"|["\[\]{},]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a document.

    Attributes:
        line: where it starts, from 1.
        text: as it stands there.
        fault: what is wrong with it; None: it is JSON.
    """

    line: int
    text: str
    fault: str | None = None


class Document:
    """Reads one document.

    Args:
        name: the file's name, for messages.
        row_path: keys that lead to the records; empty: they stand at the top.
    """

    def __init__(self, stream: BinaryIO, name: str, row_path: Sequence[str] = ()) -> None:
        self._stream = stream
        self._name = name
        self._path = tuple(row_path)
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._json = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)
        self._text = ""
        self._at = 0
        self._line = 1
        self._ended = False

    def records(self) -> Iterator[Record]:
        """Every record.

        Raises:
            StepFailed: the document is cut off, or is not JSON where its records should be.
        """
        self._fill()
        self._text = self._text.removeprefix("\ufeff")
        while self._peek():
            yield from self._rows(self._path)

    def _rows(self, path: Sequence[str]) -> Iterator[Record]:
        """The records at a place; the value there is taken in."""
        sign = self._peek()
        if path:
            if sign != "{":
                raise self._broken(f"an object with the key `{path[0]}` is expected")
            yield from self._below(path)
        elif sign == "[":
            self._step()
            while self._peek() != "]":
                yield self._value()
                if self._peek() == ",":
                    self._step()
                    if self._peek() == "]":
                        raise self._broken("a value is expected after `,`")
                elif self._peek() != "]":
                    raise self._broken("`,` or `]` is expected")
            self._step()
        elif sign == "{":
            yield self._value()
        else:
            raise self._broken("an array or an object is expected")

    def _below(self, path: Sequence[str]) -> Iterator[Record]:
        start, keys = self._line, []
        self._step()
        while self._peek() != "}":
            if self._peek() != '"':
                raise self._broken("a key is expected")
            record = self._value()
            if record.fault:
                raise self._broken(record.fault)
            key = json.loads(record.text)
            if self._peek() != ":":
                raise self._broken("`:` is expected")
            self._step()
            if key == path[0]:
                if key in keys:
                    raise self._broken(f"the key `{key}` comes a second time")
                yield from self._rows(path[1:])
            else:
                self._value()
            keys.append(key)
            if self._peek() == ",":
                self._step()
            elif self._peek() != "}":
                raise self._broken("`,` or `}` is expected")
        self._step()
        if path[0] not in keys:
            shown = ", ".join(f"`{k}`" for k in keys[:8]) or "none"
            raise StepFailed(
                f"the object on line {start} of `{self._name}` has no key `{path[0]}`; its keys: "
                f"{shown}",
                code=CODE_DOCUMENT,
                hint="say where the records are: `options: {row_path: data.items}`",
            )

    def _value(self) -> Record:
        """The value that starts here, whatever it is."""
        if not self._peek():
            raise self._broken("a value is expected")
        line = self._line
        fault = "it is not JSON"
        while True:
            try:
                end = self._json.raw_decode(self._text, self._at)[1]
            except json.JSONDecodeError as error:
                fault = f"not JSON: {error.msg} on line {self._line_of(error.pos)}"
            except RecursionError:
                return self._scanned(line, "it is nested too deeply")
            else:
                if end < len(self._text) or self._ended:
                    return self._taken(line, end, None)
            if self._ended or len(self._text) - self._at > LONGEST_RECORD + CHUNK:
                return self._scanned(line, fault)
            self._fill()

    def _scanned(self, line: int, fault: str) -> Record:
        """A value whose brackets tell its end, however long or deep it is."""
        depth, at = 0, self._at
        while True:
            found = _SIGN.search(self._text, at)
            sign = found[0] if found else ""
            if found is None or sign == '"':  # a text that goes on behind what is read
                if self._ended:
                    raise self._broken(f"what starts here has no end: {fault}")
                done = (found.start() if found else len(self._text)) - self._at
                self._fill()
                at = self._at + done
                continue
            if depth == 0 and sign in {",", "]", "}"}:
                return self._taken(line, found.start(), fault)
            at = found.end()
            depth += (sign in {"[", "{"}) - (sign in {"]", "}"})
            if depth == 0 and sign in {"]", "}"}:
                return self._taken(line, at, fault)

    def _taken(self, line: int, end: int, fault: str | None) -> Record:
        text = self._text[self._at : end]
        self._line += text.count("\n")
        self._at = end
        if fault is None:
            try:
                text.encode()
            except UnicodeEncodeError:
                fault = "not UTF-8 text"
        if fault is None and len(text) > LONGEST_RECORD:
            fault = f"it is longer than {LONGEST_RECORD:,} bytes"
        return Record(line, text.rstrip(), fault)

    def _peek(self) -> str:
        """The next sign that is not blank; empty at the end."""
        while True:
            found = _BLANK.match(self._text, self._at)
            assert found is not None
            self._line += self._text.count("\n", self._at, found.end())
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if self._ended:
                return ""
            self._fill()

    def _step(self) -> None:
        self._at += 1

    def _fill(self) -> None:
        """More text behind what is not taken yet."""
        chunk = self._stream.read(max(CHUNK, len(self._text) - self._at))
        self._ended = not chunk
        more = self._decoder.decode(chunk, final=self._ended)
        self._text = self._text[self._at :] + more
        self._at = 0

    def _line_of(self, at: int) -> int:
        return self._line + self._text.count("\n", self._at, at)

    def _broken(self, what: str) -> StepFailed:
        if not self._peek():
            what = "it ends too early"
        return StepFailed(
            f"`{self._name}` is not a whole JSON document: line {self._line}: {what}",
            code=CODE_DOCUMENT,
            hint="nothing of it was taken in; `format: ndjson` is one object on each line",
        )


def _no_constant(text: str) -> str:
    """NaN and Infinity are not JSON."""
    raise json.JSONDecodeError(f"{text} is no JSON number", "", 0)


def is_lines(sample: bytes) -> bool:
    r"""Whether a document is NDJSON: its first line is an object, and something follows it.

    >>> is_lines(b'{"a": 1}\n{"a": 2}\n'), is_lines(b'[{"a": 1},\n'), is_lines(b'{"a":\n1}')
    (True, False, False)
    """
    first, end, rest = sample.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")
    if not first.startswith(b"{") or not end or not rest.strip():
        return False
    try:
        return isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False
