"""Rows of an Excel sheet, as texts.

Numbers have the 15 digits that Excel itself keeps; dates are ISO 8601, without a time of day where
it is midnight.
"""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import did_you_mean
from penstock.errors import MissingExtra, StepFailed
from penstock.runtime.engines.duckdb.other_formats import first_bytes, named, other
from penstock.runtime.engines.duckdb.textfiles import CHUNK, broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.runtime.engines.base import InputFile

CODE_SHEET = "PSK-SRC-052"
CODE_BOMB = "PSK-SRC-050"
MOST_BYTES = 2 << 30
"""Bytes that the parts of a workbook may unpack to."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that holds something.

    Attributes:
        number: in the sheet, from 1.
        fault: what is wrong with a cell of it; None: nothing.
    """

    number: int
    cells: list[str | None]
    fault: str | None = None


def rows(file: InputFile, sheet: str | int | None) -> Iterator[Row]:
    """The rows of a sheet: by name, by number from 1, or the first.

    Raises:
        MissingExtra: openpyxl is not installed.
        StepFailed: it is not a workbook, or has no such sheet.
    """
    formulas = _with_formulas(file)
    with _opened(file, values=True) as book:
        found = _sheet(book, file, sheet)
        if not formulas:
            yield from (_row(number, cells, None) for number, cells in _cells(found))
            return
        with _opened(file, values=False) as other:
            pairs = zip(_cells(found), _cells(other[found.title]), strict=True)
            yield from (_row(number, cells, asked) for (number, cells), (_, asked) in pairs)


@contextmanager
def _opened(file: InputFile, *, values: bool) -> Iterator[Any]:
    try:
        import openpyxl
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        raise MissingExtra("openpyxl", "excel", wanted_by=f"reading `{file.name}`") from error
    try:
        with open(file.path, "rb") as stream:  # noqa: PTH123 - openpyxl asks a path for its suffix
            book = openpyxl.load_workbook(stream, read_only=True, data_only=values)
            try:
                yield book
            finally:
                book.close()
    except (InvalidFileException, zipfile.BadZipFile, KeyError, EOFError, zlib.error) as error:
        raise broken(file, "it is not a whole .xlsx workbook") from error
    except (ValueError, TypeError, IndexError, AttributeError, SyntaxError) as error:
        # openpyxl adds lines of its own, with the path of the copy.
        reason = str(error.__cause__ or error).partition("\n")[0]
        if reason.startswith("Entit"):
            reason = "it declares entities of its own, which are not read"
        raise broken(file, f"it cannot be read as .xlsx: {reason}") from error


def _with_formulas(file: InputFile) -> bool:
    """Whether any sheet has formulas; looks at the size of all parts first."""
    try:
        with zipfile.ZipFile(file.path) as archive:
            parts = archive.infolist()
            size = sum(p.file_size for p in parts)
            if size > MOST_BYTES:
                raise StepFailed(
                    f"`{file.name}` is {file.size:,} bytes, and unpacks to {size:,}",
                    code=CODE_BOMB,
                    hint="save it as CSV, which has no such bound",
                )
            return any(
                _holds_formula(archive, p)
                for p in parts
                if p.filename.startswith("xl/worksheets/") and p.filename.endswith(".xml")
            )
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        head = first_bytes(file.path)
        if (what := named(head)) and not head.startswith(b"PK"):
            raise other(file, what, "excel (.xlsx)") from error
        raise broken(file, "it is not a whole .xlsx workbook") from error


def _holds_formula(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    with archive.open(part) as stream:
        last = b""
        while chunk := stream.read(CHUNK):
            if b"<f>" in (text := last + chunk) or b"<f " in text:
                return True
            last = chunk[-3:]
    return False


def _sheet(book: Any, file: InputFile, sheet: str | int | None) -> Any:
    names = [s.title for s in book.worksheets]
    if isinstance(sheet, int):
        if 1 <= sheet <= len(names):
            return book.worksheets[sheet - 1]
        hint = f"it has {len(names)}"
    else:
        if sheet is None and names:
            return book.worksheets[0]
        if sheet in names:
            return book[sheet]
        hint = did_you_mean(str(sheet), names, noun="sheets")
    raise StepFailed(f"`{file.name}` has no sheet `{sheet}`", code=CODE_SHEET, hint=hint)


def _cells(sheet: Any) -> Iterator[tuple[int, tuple[Any, ...]]]:
    # What the file says of its own size may be wrong: the cells tell it.
    sheet.reset_dimensions()
    yield from enumerate(sheet.iter_rows(), 1)


def _row(number: int, cells: tuple[Any, ...], asked: tuple[Any, ...] | None) -> Row:
    fault = None
    texts: list[str | None] = []
    for i, cell in enumerate(cells):
        if cell.data_type == "e":
            fault = fault or f"cell {cell.coordinate} holds the error {cell.value}"
        if cell.value is None and asked and i < len(asked) and asked[i].data_type == "f":
            fault = fault or (
                f"cell {asked[i].coordinate} holds a formula whose result was not saved"
            )
        texts.append(as_text(cell.value))
    while texts and texts[-1] is None:
        texts.pop()
    return Row(number, texts, fault)


def as_text(value: Any) -> str | None:
    """A cell's value as text.

    >>> as_text(3.0), as_text(0.1 + 0.2), as_text(True), as_text(datetime(2026, 1, 2))
    ('3', '0.3', 'true', '2026-01-02')
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.15g}"
    if isinstance(value, datetime):
        day = value.time() == time()
        return value.date().isoformat() if day else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return f"{int(seconds // 3600):02}:{int(seconds // 60 % 60):02}:{seconds % 60:02g}"
    return str(value)
