"""Whether a regular expression is one: DuckDB's own RE2 is asked."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def regex_fault(pattern: str) -> str | None:
    """What is wrong with a pattern; None: nothing.

    >>> regex_fault("[a-z]+")
    >>> regex_fault("[a-z")
    'missing ]: [a-z'
    """
    import duckdb

    try:
        _judge().execute("SELECT regexp_full_match('', ?)", [pattern])
    except duckdb.Error as error:
        first_line = str(error).splitlines()[0]
        return first_line.rpartition("Error: ")[2]
    return None


@lru_cache(maxsize=1)
def _judge() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(":memory:", config={"threads": 1})
