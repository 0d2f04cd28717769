r"""Finds CSV records with surplus fields that DuckDB drops without a word.

It passes over what stands behind the last column as long as the first surplus field reads as NULL:
`x,y,z,` is `x,y,z` to it, and in `Smith, John,3,` every value stands in the wrong column. Such a
record ends with a delimiter and a null value. Most files have as many delimiters as their records
need and their texts hold, which is counted while they are read: nothing is surplus in them. The
lines of the others are looked at, and what that cannot tell goes the careful way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.errors import StepFailed
from penstock.runtime.engines.duckdb.quoting import literal, name
from penstock.runtime.engines.duckdb.textfiles import LONGEST_RECORD, raw_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.runtime.engines.duckdb.connection import Database
    from penstock.runtime.engines.duckdb.csv_dialect import Dialect
    from penstock.runtime.engines.duckdb.csv_parts import Part
    from penstock.runtime.engines.duckdb.textfiles import Compression


class Endings:
    r"""How a record with a surplus field may end, under a dialect.

    >>> from penstock.runtime.engines.duckdb.csv_dialect import Dialect
    >>> endings = Endings(Dialect())
    >>> endings.of_record(b"x,y,z,"), endings.of_record(b'x,y,z, "" '), endings.of_record(b"x,y")
    (True, True, False)
    """

    def __init__(self, dialect: Dialect) -> None:
        nulls = [re.escape(n) for n in dialect.null_values]
        quote = re.escape(dialect.quote)
        forms = [*nulls, *(f" *{quote}{n}{quote} *" for n in nulls if quote)]
        self.pattern = f"{re.escape(dialect.delimiter)}({'|'.join(forms)})"
        self.last = sorted({(n or dialect.delimiter)[-1] for n in dialect.null_values})
        if quote:
            self.last += [dialect.quote, " "]
        self._record = re.compile(self.pattern.encode() + rb"\Z")

    def of_record(self, data: bytes) -> bool:
        """Whether a record, without its line end, ends so."""
        return self._record.search(data) is not None


class Count:
    """Counts the delimiters of a file, chunk by chunk.

    >>> count = Count("||")
    >>> for chunk in (b"a|", b"|b||", b"|"): count.add(chunk)
    >>> count.found
    2
    """

    def __init__(self, delimiter: str) -> None:
        self._delimiter = delimiter.encode()
        self._rest = b""
        self.found = 0

    def add(self, chunk: bytes) -> None:
        """The next chunk."""
        delimiter = self._delimiter
        if len(delimiter) > 1:  # one may stand on the border
            chunk = self._rest + chunk
            behind = chunk.rfind(delimiter) + len(delimiter) if delimiter in chunk else 0
            self._rest = chunk[max(behind, len(chunk) - len(delimiter) + 1) :]
        self.found += chunk.count(delimiter)


def accounted(database: Database, table: str, part: Part, delimiter: str, more: int) -> bool:
    """Whether the texts of what was read hold `more` delimiters: in the file they are quoted.

    Looks into one column after the other, the longest texts first: no column takes any away.
    """
    texts = [name(c.name) for c in part.columns if c is not None and c.type == "varchar" and c.name]
    if texts and more > 0:
        lengths = ", ".join(f"coalesce(sum(strlen({t})), 0)" for t in texts)
        sample = f"SELECT {lengths} FROM (SELECT * FROM {name(table)} LIMIT 2048)"
        long = database.execute(sample).fetchone()
        texts = [t for _, t in sorted(zip(long, texts, strict=True), key=lambda x: -x[0])]
    sought = literal(delimiter)
    for text in texts:
        if more <= 0:
            break
        held = f"strlen({text}) - strlen(replace({text}, {sought}, ''))"
        holding = f"contains({text}, {sought})"  # as a filter of the sum it takes twice as long
        sql = f"SELECT coalesce(sum({held}), 0) FROM {name(table)} WHERE {holding}"
        (found,) = database.execute(sql).fetchone()
        more -= int(found) // len(delimiter.encode())
    return more == 0


def suspects(
    database: Database, paths: Sequence[str], part: Part, dialect: Dialect, compression: Compression
) -> set[str]:
    """Those of the files in which a record may have a surplus field that reads as NULL."""
    if not paths:
        return set()
    delimiter, quote = dialect.delimiter, dialect.quote
    line, doubt = "line", ""
    if quote:
        q, e = re.escape(quote), re.escape(dialect.escape)
        inside = f"[^{q}]|{q}{q}" if quote == dialect.escape else f"[^{q}{e}]|{e}."
        bare = f"regexp_replace(line, {literal(f'{q}({inside})*{q}')}, '', 'gs')"
        line = f"CASE WHEN contains(line, {literal(quote)}) THEN {bare} ELSE line END"
        # A quote that is left belongs to a value of several lines.
        doubt = f" OR contains(b, {literal(quote)})"
    count = f"(strlen(b) - strlen(replace(b, {literal(delimiter)}, ''))) // strlen("
    wide = f"{count}{literal(delimiter)}) >= {len(part.columns)}"
    endings = Endings(dialect)
    quick = " OR ".join(f"ends_with(line, {literal(e)})" for e in endings.last)
    pattern = literal(endings.pattern + r"\z")
    more = f", filename = '__penstock_file', max_line_size = {LONGEST_RECORD}, ignore_errors = true"
    sql = (
        "SELECT DISTINCT __penstock_file FROM (SELECT line, __penstock_file, "
        f"{line} AS b FROM {raw_lines(list(paths), compression, more=more)} WHERE {quick}) "
        f"WHERE ({wide}{doubt}) AND regexp_matches(line, {pattern})"
    )
    try:
        return {path for (path,) in database.execute(sql).fetchall()}
    except StepFailed:  # mixed line ends, say: the careful way reads them
        return set(paths)
