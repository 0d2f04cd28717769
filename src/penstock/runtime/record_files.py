"""Files made of held records, so that a source's own reader reads them again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from penstock.runtime import formats, registry
from penstock.runtime.engines.base import InputFile
from penstock.runtime.identity import content_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Read
    from penstock.runtime.injection import Entry

READ_AS = {
    "csv": "csv",
    "ndjson": "ndjson",
    "fixed_width": "fixed_width",
    "json": "ndjson",
    "excel": "csv",
    "xml": "xml",
}
"""Format → that in which its records are read again; the others hold no text."""
_SUFFIX = {"csv": ".csv", "ndjson": ".ndjson", "fixed_width": ".txt", "xml": ".xml"}
_NUMBERS_AND_DATES = (
    "null_values",
    "date_format",
    "timestamp_format",
    "decimal_separator",
    "thousands_separator",
)


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


def reading(read: Read, entries: Sequence[Entry]) -> Read:
    """How files of a source's held records are read: as the source reads its own."""
    form = next((f for f in map(_former(read), entries) if f is not None), "ndjson")
    options = dict(read.options.get("options") or {})
    if form == "json":
        options = {k: v for k, v in options.items() if k == "null_values"}
    elif form == "excel":
        options = {k: v for k, v in options.items() if k in _NUMBERS_AND_DATES}
    form = READ_AS.get(form, "ndjson")
    given = {"path": f"held{_SUFFIX[form]}", "format": form, "options": options}
    # What was rejected is no file that may bring new columns.
    same = replace(read, connector="file", options=given, incremental="none")
    return same if read.schema_evolution == "strict" else replace(same, schema_evolution="ignore")


def write(
    read: Read, entries: Sequence[Entry], folder: Path
) -> tuple[list[RecordFile], dict[str, str]]:
    """Write records into files as `reading` says.

    Records that cannot run into each other share a file, one a line; each other has its own.

    Returns:
        The files, and key → reason for records that no file can be made of.
    """
    options = read.options.get("options") or {}
    again = reading(read, entries)
    form, written = str(again.options["format"]), again.options["options"]
    failed: dict[str, str] = {}
    shared: dict[tuple[str, str], list[Entry]] = {}
    alone: list[tuple[tuple[str, str], Entry]] = []
    quote = str(options.get("quote") or '"')
    own = _former(read)
    for entry in entries:
        fault = _fault(entry, own(entry), form, written)
        if fault is not None:
            failed[entry.key] = fault
            continue
        kind = (_suffix(entry, form), entry.header or "")
        risky = form == "csv" and any(sign in entry.text for sign in (quote, "\n", "\r"))
        if risky or form == "xml":
            alone.append((kind, entry))
        else:
            shared.setdefault(kind, []).append(entry)
    groups = [(kind, tuple(some), False) for kind, some in shared.items()]
    groups += [(kind, (entry,), True) for kind, entry in alone]
    files = []
    for number, ((suffix, header), some, single) in enumerate(groups, 1):
        path = folder / f"{number}{suffix}"
        before = _before(form, header, written)
        data = "".join([*before, *(_line(e.text, form) for e in some)])
        if form == "xml":
            data = f"<held>{data}</held>"
        try:
            raw = data.encode(str(written.get("encoding") or "utf-8"))
        except (UnicodeEncodeError, LookupError):
            failed |= {e.key: "it cannot be written in the encoding of its source" for e in some}
            continue
        path.write_bytes(raw)
        file = InputFile(str(path), path.name, *content_identity(path))
        first = sum(text.count("\n") for text in before) + 1
        files.append(RecordFile(file, some, first, single))
    return files, failed


def _before(form: str, header: str, options: Mapping[str, Any]) -> list[str]:
    """The lines before the records."""
    skipped = ["-\n"] * int(options.get("skip") or 0)
    if form == "fixed_width":
        return [*skipped, *["-\n"] * bool(options.get("header"))]
    if form == "csv":
        return [*skipped, f"{header}\n"] if header else skipped
    return []


def _line(text: str, form: str) -> str:
    """A record as a line; JSON may have stood on several."""
    if form == "ndjson":
        text = text.replace("\r", " ").replace("\n", " ")
    return f"{text}\n"


def _fault(entry: Entry, own: str | None, form: str, options: Mapping[str, Any]) -> str | None:
    if own not in READ_AS or (own == "excel" and entry.text.startswith("[")):
        return "there is no text of it that could be read again; give its values as `row`"
    if not entry.text.strip():
        return "there is nothing in it"
    comment = str(options.get("comment") or "")
    if form in {"csv", "fixed_width"} and comment and entry.text.startswith(comment):
        return "it is a comment"
    if form == "csv" and entry.header is None and options.get("header") is not False:
        return "the header of its file is not known any more; give its values as `row`"
    held = entry.held
    if held is not None and not entry.corrected and "not UTF-8 text" in held.reason:
        return held.reason  # its text is held with `\\x..` for what could not be read
    return None


def _former(read: Read) -> Callable[[Entry], str | None]:
    """What tells the format that a record had."""
    given = read.options.get("format") or formats.format_of(str(read.options.get("path", "")))[0]
    given = given or getattr(registry.source(read.connector), "record_format", None)
    return lambda entry: str(given) if given else formats.format_of(entry.file or "")[0]


def _suffix(entry: Entry, form: str) -> str:
    """A suffix; that of its file where the reader takes something from it."""
    if form == "csv" and formats.tab_separated(entry.file or ""):
        return ".tsv"
    return _SUFFIX[form]
