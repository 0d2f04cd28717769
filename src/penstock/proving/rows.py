"""Rows of a test: from a list of mappings, from CSV text, from a file. Each cell has its place."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import Diagnostic, Span
from penstock.proving.delimited import read_csv
from penstock.spec.positions import inside
from penstock.spec.text import TextFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.spec.tree import Node

SHAPE = "PSK-TEST-004"
FILE = "PSK-TEST-009"
_FORMS = 'rows are a list of mappings, `{csv: "…"}` or `{file: path}`'
_JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_SUFFIXES = (".csv", ".ndjson", ".jsonl")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value, not typed yet.

    Attributes:
        text: None is NULL.
        structured: the text is JSON of a list or a mapping.
    """

    text: str | None
    span: Span | None
    structured: bool = False


@dataclass(slots=True)
class Rows:
    """Rows of one dataset. A row has the columns it names, and where each name stands."""

    rows: list[dict[str, Cell]] = field(default_factory=list)
    names: dict[str, Span | None] = field(default_factory=dict)

    def add(self, row: dict[str, Cell], names: dict[str, Span | None]) -> None:
        """Add a row and remember where each column was first named."""
        self.rows.append(row)
        for name, span in names.items():
            self.names.setdefault(name, span)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads rows and reports what is wrong.

    Attributes:
        report: takes each diagnostic.
        texts: path → text; files read are added, for the lines under diagnostics.
    """

    root: Path
    report: Callable[[Diagnostic], None]
    texts: dict[str, str]

    def read(self, node: Node) -> Rows | None:
        """The rows that a value of `given` or `expect` stands for; None if it is wrong."""
        if isinstance(node.value, tuple):
            return self._listed(node)
        if not node.is_scalar and set(node.entries) == {"csv"}:
            return self._csv(node.entries["csv"].node)
        if not node.is_scalar and set(node.entries) == {"file"}:
            return self._file(node.entries["file"].node)
        if node.value is None:
            hint = "`[]` stands for no rows"
            return self._wrong(SHAPE, "there are no rows here", node.span, hint)
        return self._wrong(SHAPE, "this is not rows", node.span, _FORMS)

    def _listed(self, node: Node) -> Rows | None:
        rows = Rows()
        wrong = False
        for item in node.items:
            if item.is_scalar or isinstance(item.value, tuple):
                hint = "for example `{carrier: UA, arr_delay: 12}`"
                self._wrong(SHAPE, "a row is a mapping of columns to values", item.span, hint)
                wrong = True
                continue
            cells = {name: _cell(entry.node) for name, entry in item.entries.items()}
            rows.add(cells, {name: entry.key for name, entry in item.entries.items()})
        return None if wrong else rows

    def _csv(self, node: Node) -> Rows | None:
        if not isinstance(node.value, str):
            return self._wrong(SHAPE, "`csv` is text with a header line", node.span, None)
        return self._records(node.value, lambda at, length: inside(node, at, length), node.span)

    def _file(self, node: Node) -> Rows | None:
        if not isinstance(node.value, str):
            return self._wrong(SHAPE, "`file` is a path", node.span, None)
        name = node.value
        path = self.root / name
        if not path.resolve().is_relative_to(self.root.resolve()):
            hint = "keep what tests need inside it"
            return self._wrong(FILE, f"{name} is outside the pipeline folder", node.span, hint)
        if path.suffix not in _SUFFIXES:
            hint = f"rows are read from {', '.join(_SUFFIXES)}"
            return self._wrong(
                FILE, f"{name} is none of the files rows are read from", node.span, hint
            )
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            return self._wrong(FILE, f"{name} cannot be read: {reason}", node.span, None)
        self.texts[name] = text
        source = TextFile(name, text)
        if path.suffix == ".csv":
            return self._records(text, lambda at, n: source.span(at, at + n), node.span)
        return self._lines(source)

    def _records(self, text: str, span: Callable[[int, int], Span], whole: Span) -> Rows | None:
        records = read_csv(text)
        if not records:
            return self._wrong(SHAPE, "CSV needs a header line", whole, "name the columns")
        header = [f.text or "" for f in records[0]]
        names: dict[str, Span | None] = {f.text or "": span(f.offset, f.length) for f in records[0]}
        rows = Rows(names=dict(names))
        wrong = False
        for record in records[1:]:
            if len(record) != len(header):
                place = span(
                    record[0].offset, record[-1].offset + record[-1].length - record[0].offset
                )
                message = f"this record has {len(record)} fields, the header has {len(header)}"
                self._wrong(SHAPE, message, place, None)
                wrong = True
                continue
            cells = {
                name: Cell(f.text, span(f.offset, f.length))
                for name, f in zip(header, record, strict=True)
            }
            rows.add(cells, {})
        return None if wrong else rows

    def _lines(self, source: TextFile) -> Rows | None:
        rows = Rows()
        wrong = False
        for number, start in enumerate(source.starts, start=1):
            end = source.starts[number] if number < len(source.starts) else len(source.text)
            line = source.text[start:end].strip()
            if not line:
                continue
            place = source.span(start, start + len(line))
            try:
                data = json.loads(line, parse_float=_Exact, parse_int=_Exact)
            except ValueError as error:
                self._wrong(SHAPE, f"this is not JSON: {error}", place, None)
                wrong = True
                continue
            if not isinstance(data, dict):
                self._wrong(SHAPE, "a row is a JSON object", place, None)
                wrong = True
                continue
            cells = {name: _json_cell(value, place) for name, value in data.items()}
            rows.add(cells, dict.fromkeys(data, place))
        return None if wrong else rows

    def _wrong(self, code: str, message: str, span: Span, hint: str | None) -> Rows | None:
        self.report(Diagnostic(code, message, span, hint))
        return None


class _Exact(str):
    """A JSON number as it is written."""

    __slots__ = ()


def _cell(node: Node) -> Cell:
    if not node.is_scalar:
        return Cell(_dump(_exact(node)), node.span, structured=True)
    if node.value is None:
        return Cell(None, node.span)
    if isinstance(node.value, bool):
        return Cell(str(node.value).lower(), node.span)
    if isinstance(node.value, str):
        return Cell(node.value, node.span)
    # The text, not the number: 1.10 stays 1.10 and nothing is rounded on the way.
    return Cell(node.text, node.span)


def _exact(node: Node) -> Any:
    """The plain value of a list or mapping, numbers as they are written."""
    if isinstance(node.value, tuple):
        return [_exact(item) for item in node.items]
    if not node.is_scalar:
        return {name: _exact(entry.node) for name, entry in node.entries.items()}
    number = isinstance(node.value, int | float) and not isinstance(node.value, bool)
    return _Exact(node.text) if number and _JSON_NUMBER.fullmatch(node.text) else node.value


def _json_cell(value: Any, span: Span) -> Cell:
    if value is None:
        return Cell(None, span)
    if isinstance(value, bool):
        return Cell(str(value).lower(), span)
    if isinstance(value, str):
        return Cell(str(value), span)
    return Cell(_dump(value), span, structured=True)


def _dump(value: Any) -> str:
    """JSON with every number as it was written."""
    if isinstance(value, _Exact):
        return str(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{json.dumps(k)}: {_dump(v)}" for k, v in value.items())
        return "{" + inner + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_dump(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)
