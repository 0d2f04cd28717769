"""Athena's queries, run by Trino."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sandbox.athena.engine import Answer
from penstock.sandbox.athena.refusal import QueryError, TooMuch, unknown
from penstock.sandbox.athena.trino import protocol, release, values
from penstock.sandbox.athena.trino.process import Process
from penstock.sandbox.athena.trino.settings import CATALOG

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.sandbox.athena.cloud import Cloud
    from penstock.sandbox.athena.engine import Query

QUERIES = {"SELECT", "WITH", "VALUES", "TABLE", "("}
WRITES = {"INSERT", "UPDATE", "DELETE", "MERGE"}


class Trino:
    """An `Engine`.

    Args:
        home: a folder of its own.
        url: of the sandbox.
        region: the one whose tables it reads.
    """

    def __init__(self, home: Path, url: str, region: str) -> None:
        self._region = region
        self._process = Process(home, url, region)

    def run(self, cloud: Cloud, query: Query) -> Answer:
        """Run a query, or a statement that writes rows."""
        if cloud.region != self._region:
            raise unknown(f"the region {cloud.region}: its Trino reads tables of {self._region}")
        _known(query.sql)
        address = self._process.address()
        limit = query.limit
        session = "" if limit is None else f"query_max_scan_physical_bytes={limit}B"
        headers = {
            "X-Trino-User": "athena",
            "X-Trino-Catalog": CATALOG,
            "X-Trino-Schema": (query.database or "default").lower(),
            "X-Trino-Time-Zone": "UTC",
            # Without it timestamps lose what is behind their milliseconds.
            "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
            "X-Trino-Session": session,
        }
        try:
            sql = query.sql.rstrip().removesuffix(";")
            found = protocol.run(address, sql, headers, query.stopped)
        except protocol.Failed as error:
            if error.name == "EXCEEDED_SCAN_LIMIT":
                raise TooMuch from error
            raise QueryError(str(error)) from error
        except protocol.Stopped as error:
            raise QueryError("stopped") from error
        except OSError as error:
            raise QueryError(f"the sandbox's Trino does not answer: {error}") from error
        # Trino looks every second only.
        if limit is not None and found.scanned > limit:
            raise TooMuch
        signatures = [c["typeSignature"] for c in found.columns]
        columns = [(str(c["name"]), values.athena_type(c["typeSignature"])) for c in found.columns]
        rows = [[values.text(v, s) for v, s in zip(r, signatures, strict=True)] for r in found.rows]
        return Answer(columns, rows, found.scanned, found.changed or 0)

    def start(self) -> None:
        """Start it now, and wait till it answers."""
        self._process.address()

    def told(self) -> dict[str, str]:
        """`idle` until the first query asks for it."""
        return {"engine": "trino", "version": release.VERSION, "state": self._process.state}

    def limit(self) -> str:
        """What of Athena's SQL is not Trino's."""
        return (
            f"Athena: answered by Trino {release.VERSION}, in the sandbox's region: queries, "
            "INSERT, UPDATE, DELETE and MERGE; tables are made through Glue, never by DDL"
        )

    def close(self) -> None:
        """End it."""
        self._process.close()


def _known(sql: str) -> None:
    """Refuse what Athena understands otherwise than Trino: DDL is Hive's there.

    Raises:
        QueryError: it is such a statement.
    """
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        tokens = sqlglot.tokenize(sql, read="athena")
    except SqlglotError as error:
        raise QueryError(f"SYNTAX_ERROR: {str(error).splitlines()[0]}") from error
    first = tokens[0].text.upper() if tokens else ""
    if first not in QUERIES | WRITES:
        raise unknown(f"other statements than those that read or write rows: {sql.strip()[:60]}")
    if any(t.text == ";" for t in tokens[:-1]):
        raise QueryError("SYNTAX_ERROR: one statement at a time")
