"""Files made of held records, so that a source's own reader reads them again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from penstock.runtime import formats
from penstock.runtime.engines.base import InputFile
from penstock.runtime.identity import content_identity

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from penstock.program import Read
    from penstock.runtime.engines.base import Rejected
    from penstock.runtime.injection import Entry

TEXT_FORMATS = ("csv", "ndjson", "fixed_width")
_SUFFIX = {"csv": ".csv", "ndjson": ".ndjson", "fixed_width": ".txt"}


@dataclass(frozen=True, slots=True)
class RecordFile:
    """A file of held records.

    Attributes:
        entries: one a line from the line `first` (from 1) on; a single one may take several.
        alone: there is one, which may take several lines.
    """

    file: InputFile
    entries: tuple[Entry, ...]
    first: int
    alone: bool

    def entry_at(self, line: int | None) -> Entry | None:
        """The entry that stands on a line."""
        if self.alone:
            return self.entries[0]
        at = (line or 0) - self.first
        return self.entries[at] if 0 <= at < len(self.entries) else None


def write(
    read: Read, entries: Sequence[Entry], folder: Path
) -> tuple[list[RecordFile], dict[str, str]]:
    """Write records into files as their source reads them.

    Records without quotes of the same header share a file, one a line; each other has its own, so
    that none can run into the next.

    Returns:
        The files, and key → reason for records that no file can be made of.
    """
    options = read.options.get("options") or {}
    failed: dict[str, str] = {}
    shared: dict[tuple[str, str, str], list[Entry]] = {}
    alone: list[tuple[tuple[str, str, str], Entry]] = []
    quote = str(options.get("quote") or '"')
    for entry in entries:
        form = _format(read, entry)
        fault = _fault(entry, form, options)
        if fault is not None or form is None:
            failed[entry.key] = fault or "its format holds no text that could be read again"
            continue
        kind = (form, _suffix(read, entry, form), entry.header or "")
        if any(sign in entry.text for sign in (quote, "\n", "\r")) and form == "csv":
            alone.append((kind, entry))
        else:
            shared.setdefault(kind, []).append(entry)
    groups = [(kind, tuple(some), False) for kind, some in shared.items()]
    groups += [(kind, (entry,), True) for kind, entry in alone]
    files = []
    for number, (kind, some, single) in enumerate(groups, 1):
        path = folder / f"{number}{kind[1]}"
        before = _before(kind[0], kind[2], options)
        data = "".join([*before, *(f"{e.text}\n" for e in some)])
        try:
            raw = data.encode(str(options.get("encoding") or "utf-8"))
        except (UnicodeEncodeError, LookupError):
            failed |= {e.key: "it cannot be written in the encoding of its source" for e in some}
            continue
        path.write_bytes(raw)
        file = InputFile(str(path), path.name, *content_identity(path))
        first = sum(text.count("\n") for text in before) + 1
        files.append(RecordFile(file, some, first, single))
    return files, failed


def headers(read: Read, files: Iterable[InputFile], rejected: Iterable[Rejected]) -> dict[str, str]:
    """File name → its header as text, for CSV files that hold rejected records."""
    wanted = {r.file for r in rejected}
    found = {}
    for file in files:
        if file.name in wanted and (header := _header(read, file)) is not None:
            found[file.name] = header
    return found


def _header(read: Read, file: InputFile) -> str | None:
    options = read.options.get("options") or {}
    form = read.options.get("format") or formats.format_of(file.name)[0]
    if form != "csv" or options.get("header") is False:
        return None
    from penstock.runtime.engines.duckdb.csv_dialect import Dialect
    from penstock.runtime.engines.duckdb.csv_header import read_head

    dialect = Dialect.of({**_default(file.name), **_given(options)})
    names = read_head(file, dialect).names
    if names is None:
        return None
    sign = dialect.quote
    if not sign:
        return dialect.delimiter.join(names)
    escaped = (n.replace(dialect.escape, dialect.escape * 2) for n in names)
    if dialect.escape != sign:
        escaped = (n.replace(sign, dialect.escape + sign) for n in escaped)
    return dialect.delimiter.join(f"{sign}{n}{sign}" for n in escaped)


def _before(form: str, header: str, options: Mapping[str, Any]) -> list[str]:
    """The lines before the records."""
    if form != "csv":
        return []
    skipped = ["-\n"] * int(options.get("skip") or 0)
    return [*skipped, f"{header}\n"] if header else skipped


def _fault(entry: Entry, form: str | None, options: Mapping[str, Any]) -> str | None:
    if form not in TEXT_FORMATS:
        return "its format holds no text that could be read again; correct the file it came from"
    if not entry.text.strip():
        return "there is nothing in it"
    if form == "ndjson" and ("\n" in entry.text or "\r" in entry.text):
        return "it is more than one line"
    comment = str(options.get("comment") or "")
    if form == "csv" and comment and entry.text.startswith(comment):
        return "it is a comment"
    if form == "csv" and entry.header is None and options.get("header") is not False:
        return "the header of its file is not known any more"
    held = entry.held
    if held is not None and not entry.corrected and "not UTF-8 text" in held.reason:
        return held.reason  # its text is held with `\\x..` for what could not be read
    return None


def _format(read: Read, entry: Entry) -> str | None:
    given = read.options.get("format")
    if given:
        return str(given)
    return formats.format_of(str(read.options.get("path", "")))[0] or (
        formats.format_of(entry.file)[0] if entry.file else None
    )


def _suffix(read: Read, entry: Entry, form: str) -> str:
    """The suffix of the record's file, so that what the reader takes from it stays the same."""
    for name in (entry.file or "", str(read.options.get("path", ""))):
        if formats.tab_separated(name):
            return ".tsv"
        for suffix in reversed(PurePath(name).suffixes):
            if formats.format_of(f"x{suffix}")[0] == form:
                return suffix
    return _SUFFIX[form]


def _default(name: str) -> dict[str, str]:
    return {"delimiter": "\t"} if formats.tab_separated(name) else {}


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    return {k: "\t" if v == "\\t" else v for k, v in options.items() if v is not None}
