"""Files of corrected rows, as `penstock quarantine export` writes them."""

from __future__ import annotations

import csv
import json
import sys
from typing import TYPE_CHECKING, Any

from penstock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "replay_key"
CODE = "PSK-CLI-040"


def read_corrected(path: Path) -> dict[str, tuple[str, str]]:
    """Replay key → what takes the place of the held row: (`row` or `raw`, its text).

    CSV, NDJSON, or JSON (a list, or an object whose `rows` is one). Of each row `replay_key` counts
    and `row` (or, where that is empty, `raw`).

    Raises:
        UsageError: the file cannot be read, or a row of it says nothing.
    """
    try:
        rows = list(_rows(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise UsageError(f"{path} cannot be read: {reason}", code=CODE) from error
    except (ValueError, csv.Error) as error:
        raise UsageError(f"{path} is not what its suffix says: {error}", code=CODE) from error
    found: dict[str, tuple[str, str]] = {}
    for number, row in enumerate(rows, 1):
        place = f"row {number:,} of {path}"
        if not isinstance(row, dict) or not row.get(KEY):
            raise UsageError(
                f"{place} has no `{KEY}`",
                code=CODE,
                hint="`penstock quarantine export` writes a file to correct",
            )
        key = str(row[KEY])
        if key in found:
            raise UsageError(f"{place} has the replay key of a row before it: {key}", code=CODE)
        found[key] = _text(row, place)
    return found


def _text(row: dict[str, Any], place: str) -> tuple[str, str]:
    from penstock.runtime.held_rows import as_text

    if row.get("row"):
        value = row["row"]
        return "row", value if type(value) is str else as_text(value)
    if row.get("raw"):
        return "raw", str(row["raw"])
    raise UsageError(f"{place} has neither `row` nor `raw`", code=CODE)


def _rows(path: Path) -> Iterator[Any]:
    from penstock.runtime.held_rows import Number

    if path.suffix == ".csv":
        csv.field_size_limit(sys.maxsize)
        with path.open(encoding="utf-8-sig", newline="") as lines:
            yield from csv.DictReader(lines)
        return
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".json":
        found = json.loads(text, parse_float=Number)
        yield from found["rows"] if isinstance(found, dict) and "rows" in found else found
        return
    if path.suffix not in {".ndjson", ".jsonl"}:
        raise ValueError("it has to end in .csv, .ndjson, .jsonl or .json")
    for line in text.split("\n"):
        if line.strip():
            yield json.loads(line, parse_float=Number)
