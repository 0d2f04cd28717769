"""DuckDB's errors in the reader's words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from penstock.errors import Interrupted, PenstockError, StepFailed

if TYPE_CHECKING:
    import duckdb

_TYPES = {
    "INT8": "tinyint",
    "INT16": "smallint",
    "INT32": "integer",
    "INT64": "bigint",
    "INT128": "decimal(38,0)",
}
_NO_SPACE = ("No space left", "max_temp_directory_size", "Disk quota", "exceeds the maximum temp")


# A cast of the portable language fails with what it has to say in the place of the value.
_OWN = re.compile(
    r"""['"](not an? (?:whole number|decimal number|number|date|timestamp|boolean)"""
    r"""|out of range): ([^\n]*?)['"](?:\Z|[ ,.])"""
)


def explain(error: duckdb.Error, sql: str, doing: str = "") -> PenstockError:
    r"""A DuckDB error as one of ours.

    Args:
        sql: the text that was run; the error's place in it is shown.
        doing: what was being done (`making \\`delays\\``).
    """
    import duckdb

    details = _details(error)
    text = _plain(details.get("exception_message") or str(error))
    about = f" while {doing}" if doing else ""
    if isinstance(error, duckdb.InterruptException):
        return Interrupted(f"interrupted{about}")
    if any(sign in text for sign in _NO_SPACE):
        return StepFailed(
            f"the disk is full{about}: {_first(text)}",
            code="PSK-RUN-021",
            hint="free disk space where the pipeline folder lies, or give the run more memory "
            "(--memory) so that it spills less",
        )
    if isinstance(error, duckdb.OutOfMemoryException):
        return StepFailed(
            f"the memory limit is too small{about}: {_first(text)}",
            code="PSK-RUN-020",
            hint="raise --memory, or lower --threads: each thread needs memory of its own",
        )
    if isinstance(error, duckdb.DataError | duckdb.InvalidInputException):
        at = _excerpt(details, sql)
        return StepFailed(
            f"a value does not fit{about}: {_first(text)}{f', in `{at}`' if at else ''}",
            code="PSK-RUN-022",
            hint="filter or repair such values first (`try_cast` gives NULL instead of an error)",
        )
    at = _excerpt(details, sql)
    return StepFailed(
        f"DuckDB refused the query{about}: {_first(text)}{f', at `{at}`' if at else ''}",
        code="PSK-RUN-023",
    )


def message_of(error: duckdb.Error) -> str:
    """DuckDB's own message, without its JSON or its decoration."""
    return _plain(_details(error).get("exception_message") or str(error))


def _details(error: duckdb.Error) -> dict[str, Any]:
    """What `SET errors_as_json = true` put into the message."""
    text = str(error)
    start = text.find("{")
    if start < 0:
        return {}
    try:
        found = json.loads(text[start:])
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _plain(text: str) -> str:
    for internal, ours in _TYPES.items():
        text = re.sub(rf"\b{internal}\b", ours, text)
    return text


def _first(text: str) -> str:
    """The message without DuckDB's advice about its own settings."""
    own = _OWN.search(text)
    if own:
        # Quoted, as whatever is a value: telemetry leaves such out.
        return f"{own.group(1)}: '{own.group(2)}'"
    head = re.split(r"\n\s*\n|\nPossible solutions|\n\* ", text, maxsplit=1)[0]
    return " ".join(head.split())


def _excerpt(details: dict[str, Any], sql: str) -> str:
    """The part of the query that the error is about, on one line."""
    found = re.fullmatch(r"\[(\d+),(\d+)\]", str(details.get("location", "")))
    if not found:
        return ""
    start, length = int(found.group(1)), int(found.group(2))
    whole = sql.encode()
    if start + length > len(whole) or not _alone(whole[start : start + length]):
        return ""  # the place is one in a view's text, which is not at hand
    part = " ".join(whole[start : start + length].decode(errors="replace").split())
    return part if len(part) <= 80 else part[:79] + "…"


def _alone(part: bytes) -> bool:
    """Whether a stretch of SQL can be an expression: its brackets and quotes are in pairs.

    >>> _alone(b"CAST(a AS date)"), _alone(b'"m") TO ')
    (True, False)
    """
    pairs = part.count(b"(") == part.count(b")")
    return pairs and not part.count(b"'") % 2 and not part.count(b'"') % 2
