"""Results as Athena writes them: a CSV file, and the rows of GetQueryResults.

https://docs.aws.amazon.com/athena/latest/ug/querying-finding-output-files.html
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


def csv(columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str | None]]) -> bytes:
    r"""Every value in quotes; NULL is nothing at all.

    >>> csv([("a", "varchar"), ("b", "integer")], [['x"y', None]])
    b'"a","b"\n"x""y",\n'
    """
    lines = [",".join(_quoted(n) for n, _ in columns)]
    lines += [",".join(_quoted(v) for v in row) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def result_rows(
    columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[str | None]]
) -> list[dict[str, Any]]:
    """`ResultSet.Rows`; the first one is the names of the columns."""
    told = [[n for n, _ in columns], *rows]
    return [{"Data": [{} if v is None else {"VarCharValue": v} for v in row]} for row in told]


def metadata(columns: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """`ResultSetMetadata`."""
    return {
        "ColumnInfo": [
            {
                "CatalogName": "hive",
                "SchemaName": "",
                "TableName": "",
                "Name": name,
                "Label": name,
                "Type": kind,
                "Nullable": "UNKNOWN",
                "CaseSensitive": kind == "varchar",
            }
            for name, kind in columns
        ]
    }


def text(value: Any) -> str | None:
    """A value of Python as Athena shows it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        shown = value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
        return f"{shown} UTC" if value.tzinfo else shown
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}={text(v) or 'null'}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(text(v) or "null" for v in value) + "]"
    return str(value)


def _quoted(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'
