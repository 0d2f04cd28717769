"""Files of every format as copies that DuckDB reads: CSV, NDJSON or Parquet.

Where a file is CSV, NDJSON or Parquet already, it is its own copy. A record that has no place in a
copy is rejected here; what is rejected while the copy is read is told with its place in the file.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from penstock.errors import SourceUnavailable
from penstock.runtime.engines.base import FileFormat, Rejected
from penstock.runtime.engines.duckdb import json_records, xml_records
from penstock.runtime.engines.duckdb.csv_clean import LineMap
from penstock.runtime.engines.duckdb.excel_read import rows as excel_rows
from penstock.runtime.engines.duckdb.fixed_width import Cutter
from penstock.runtime.engines.duckdb.linking import linked
from penstock.runtime.engines.duckdb.orc_read import to_parquet
from penstock.runtime.engines.duckdb.shaping import Misfit, alike, repeated, shaped
from penstock.runtime.engines.duckdb.textfiles import compression_of, opened_text, physical_lines
from penstock.runtime.engines.duckdb.unpacking import unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from penstock.program import Column
    from penstock.runtime.engines.base import InputFile

_INNER = {
    "json": "ndjson",
    "xml": "ndjson",
    "fixed_width": "csv",
    "excel": "csv",
    "orc": "parquet",
}
_KEPT = ("null_values", "date_format", "timestamp_format", "decimal_separator")
_CUT_TEXT = frozenset(("csv", "ndjson", "fixed_width"))
_ENOUGH = 64 << 20
"""Bytes of an unpacked text that a look at its columns takes."""
_SAMPLE = 1 << 20
_numbers = itertools.count(1)


@dataclass(slots=True)
class Copy:
    """A file as it is read.

    Attributes:
        file: its name is the file's, its path that of the copy.
        lines: lines of the copy → lines or rows of the file; None: they are the same.
        rejected: records that are not in the copy.
        numbers: of the records that are not in the copy, ascending; None: records have lines of
            their own in the file, and need no number.
        raws: lines of the file → the text there; None: the copy's text is the file's.
    """

    file: InputFile
    lines: LineMap | None = None
    rejected: list[Rejected] = field(default_factory=list)
    numbers: list[int] | None = None
    raws: Callable[[set[int]], dict[int, str]] | None = None

    def original(self, record: Rejected, raws: Mapping[int, str]) -> Rejected:
        """A record that was rejected in the copy, as one of the file."""
        if record.line is None or self.lines is None:
            return record
        line = self.lines.original(record.line)
        reason, key = record.reason, line
        if self.numbers is not None:
            key = self.number(record.line)
            reason = f"record {key}: {reason}"
        return replace(record, line=line, reason=reason, raw=raws.get(key, record.raw))

    def number(self, line: int) -> int:
        """The number of the record on a line of the copy."""
        number = line
        for missing in self.numbers or ():
            if missing > number:
                break
            number += 1
        return number

    def all_rejected(self, records: Sequence[Rejected]) -> list[Rejected]:
        """What was rejected in the copy and on the way to it."""
        raws: dict[int, str] = {}
        if self.raws is not None and self.lines is not None:
            lines = [r.line for r in records if r.line is not None]
            wanted = {
                self.number(n) if self.numbers is not None else self.lines.original(n)
                for n in lines
            }
            raws = self.raws(wanted) if wanted else {}
        found = [*self.rejected, *(self.original(r, raws) for r in records)]
        return sorted(found, key=lambda r: r.line or 0)


def prepare(
    files: Sequence[InputFile],
    fmt: FileFormat,
    schema: Sequence[Column] | None,
    folder: Path,
    *,
    limit: int | None = None,
) -> tuple[FileFormat, list[Copy]]:
    """The files as one format that DuckDB reads.

    Args:
        schema: None: to look at the columns.
        folder: for the copies; removed by the caller.
        limit: records of each file that are enough.

    Raises:
        SourceUnavailable: a file cannot be opened.
        StepFailed: a file as a whole is not what it should be.
        MissingExtra: a library that its format needs is not installed.
    """
    options = fmt.options
    most = _ENOUGH if limit is not None and fmt.name in _CUT_TEXT else None
    copies = []
    for file in files:
        for single in unpack(file, fmt.name, options, folder, most=most):
            copy = _copy(single, fmt.name, options, schema, folder, limit)
            copy.file = linked(copy.file, folder)
            if single.path not in {file.path, copy.file.path} and copy.raws is None:
                Path(single.path).unlink()
            copies.append(copy)
    inner = _INNER.get(fmt.name)
    if inner is None:
        return fmt, copies
    kept = {k: options[k] for k in (*_KEPT, "thousands_separator") if options.get(k) is not None}
    if inner == "ndjson":
        kept = {"null_values": kept.get("null_values")} if fmt.name == "json" else {}
    return FileFormat(inner, kept), copies


def forget(copies: Sequence[Copy], folder: Path) -> None:
    """Remove the copies that are read."""
    for copy in copies:
        path = Path(copy.file.path)
        if path.parent == folder:
            with suppress(OSError):
                path.unlink()


def _copy(
    file: InputFile,
    form: str,
    options: Mapping[str, Any],
    schema: Sequence[Column] | None,
    folder: Path,
    limit: int | None,
) -> Copy:
    if form not in _INNER:
        return Copy(file)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"copy{next(_numbers)}"
    copy = Copy(replace(file, path=str(path)), LineMap())
    if form == "orc":
        to_parquet(file, path, most=None if limit is None else 0)
        return Copy(copy.file)
    if form == "json":
        row_path = [k for k in (options.get("row_path") or "").split(".") if k]
        with opened_text(file, compression_of(file.path)) as stream:
            sample = stream.read(_SAMPLE)
        if not row_path and json_records.is_lines(sample):
            return Copy(file)
        with path.open("wb") as out:
            _json(file, row_path, _Lines(copy, out), limit)
    elif form == "xml":
        with path.open("wb") as out:
            _xml(file, options, schema, _Lines(copy, out), limit)
        copy.raws = lambda wanted: _xml_raws(file, options, wanted)
    elif form == "excel":
        with path.open("wb") as out:
            _excel(file, options, _Lines(copy, out), limit, schema)
    else:
        with path.open("wb") as out:
            _fixed(file, options, _Lines(copy, out), limit)
        copy.raws = lambda wanted: _line_raws(file, wanted)
    return copy


class _Lines:
    """Writes a copy, and remembers where its lines come from."""

    def __init__(self, copy: Copy, out: BinaryIO) -> None:
        self.copy = copy
        self._out = out
        self._line = 1
        self._text = io.StringIO()
        self._csv = csv.writer(self._text, lineterminator="\n")

    def write(self, line: int, data: bytes, size: int = 1) -> None:
        """A record of so many lines, from a line of the file."""
        assert self.copy.lines is not None
        self.copy.lines.add(self._line, line)
        self._out.write(data)
        self._line += size

    def fields(self, line: int, values: Sequence[str | None]) -> None:
        """A record of fields."""
        self._csv.writerow(values)
        data = self._text.getvalue().encode(errors="surrogatepass")
        self._text.seek(0)
        self._text.truncate()
        self.write(line, data, len(data.splitlines()))

    def reject(
        self, line: int, reason: str, raw: str, number: int | None = None, column: str | None = None
    ) -> None:
        """A record that cannot be in the copy."""
        if number is not None:
            self.copy.numbers = self.copy.numbers or []
            self.copy.numbers.append(number)
            reason = f"record {number}: {reason}"
        self.copy.rejected.append(Rejected(self.copy.file.name, line, column, reason, raw))


def _json(file: InputFile, row_path: Sequence[str], out: _Lines, limit: int | None) -> None:
    out.copy.numbers = []
    with opened_text(file, compression_of(file.path)) as stream:
        document = json_records.Document(stream, file.name, row_path)
        for number, record in enumerate(itertools.islice(document.records(), limit), 1):
            if record.fault is not None:
                raw = record.text.encode(errors="surrogateescape").decode(errors="backslashreplace")
                out.reject(record.line, record.fault, raw, number)
                continue
            text = record.text.replace("\r", " ").replace("\n", " ")
            out.write(record.line, text.encode() + b"\n")


def _xml_document(
    stream: BinaryIO, file: InputFile, options: Mapping[str, Any], *, raw: bool
) -> Iterator[xml_records.Record]:
    row, encoding = options.get("row"), options.get("encoding")
    return xml_records.Document(stream, file.name, row, encoding, raw=raw).records()


def _xml(
    file: InputFile,
    options: Mapping[str, Any],
    schema: Sequence[Column] | None,
    out: _Lines,
    limit: int | None,
) -> None:
    nulls = options.get("null_values")
    nulls = {""} if nulls is None else set(nulls)
    out.copy.numbers = []
    with opened_text(file, compression_of(file.path)) as stream:
        records = itertools.islice(_xml_document(stream, file, options, raw=False), limit)
        if schema is None:
            some = list(records)
            lists = repeated(r.value for r in some)
            for record in some:
                out.write(record.line, _as_line(alike(record.value, lists, nulls)))
            return
        for number, record in enumerate(records, 1):
            fault, column = record.fault, None
            if fault is None:
                try:
                    out.write(record.line, _as_line(shaped(record.value, schema, nulls)))
                    continue
                except Misfit as error:
                    fault, column = error.reason, error.column
            out.reject(record.line, fault, "", number, column)
    if out.copy.rejected:
        raws = _xml_raws(file, options, set(out.copy.numbers))
        pairs = zip(out.copy.rejected, out.copy.numbers, strict=True)
        out.copy.rejected = [replace(r, raw=raws.get(n, "")) for r, n in pairs]


def _as_line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _xml_raws(file: InputFile, options: Mapping[str, Any], wanted: set[int]) -> dict[int, str]:
    """Records' numbers → their texts."""
    with opened_text(file, compression_of(file.path)) as stream:
        records = _xml_document(stream, file, options, raw=True)
        some = itertools.islice(records, max(wanted))
        return {n: r.raw for n, r in enumerate(some, 1) if n in wanted}


def _excel(
    file: InputFile,
    options: Mapping[str, Any],
    out: _Lines,
    limit: int | None,
    schema: Sequence[Column] | None,
) -> None:
    skip = options.get("skip") or 0
    width = 0
    if options.get("header") is False and schema is not None:
        width = len(schema)
        out.fields(0, [c.name for c in schema])
    most = None if limit is None else skip + limit
    for row in itertools.islice(excel_rows(file, options.get("sheet")), most):
        if row.number <= skip or not any(row.cells):
            continue
        if not width:
            width = len(row.cells)
            if options.get("header") is False:
                out.fields(0, [f"column{i + 1}" for i in range(width)])
            else:
                out.fields(row.number, [(c or "").strip() for c in row.cells])
                continue
        fault = row.fault
        if len(row.cells) > width:
            fault = f"{len(row.cells)} cells where {width} are expected"
        if fault is not None:
            raw = json.dumps(row.cells, ensure_ascii=False)
            out.reject(row.number, fault, raw)
            continue
        out.fields(row.number, [*row.cells, *[None] * (width - len(row.cells))])


def _fixed(file: InputFile, options: Mapping[str, Any], out: _Lines, limit: int | None) -> None:
    widths: Mapping[str, int] = options.get("widths") or {}
    if not widths:
        raise SourceUnavailable(
            f"`{file.name}` has fields of fixed width, and no widths are given",
            hint="say options: {widths: {id: 5, name: 20}}",
        )
    cutter = Cutter(list(widths.values()))
    skip, comment = options.get("skip") or 0, (options.get("comment") or "").encode()
    skip += bool(options.get("header"))
    out.fields(0, list(widths))
    with opened_text(file, compression_of(file.path)) as stream:
        for number, line in enumerate(itertools.islice(physical_lines(stream), limit), 1):
            data = line.rstrip(b"\r\n")
            if number == 1:
                data = data.removeprefix(b"\xef\xbb\xbf")
            if number <= skip or not data.strip() or (comment and data.startswith(comment)):
                continue
            try:
                text = data.decode()
                fault = cutter.fault(text)
            except UnicodeDecodeError:
                text, fault = data.decode(errors="backslashreplace"), "not UTF-8 text"
            if fault is not None:
                out.reject(number, fault, text)
            else:
                out.fields(number, cutter.fields(text))


def _line_raws(file: InputFile, wanted: set[int]) -> dict[int, str]:
    """Lines' numbers → their texts."""
    with opened_text(file, compression_of(file.path)) as stream:
        lines = itertools.islice(physical_lines(stream), max(wanted))
        return {
            n: line.rstrip(b"\r\n").decode(errors="backslashreplace")
            for n, line in enumerate(lines, 1)
            if n in wanted
        }
