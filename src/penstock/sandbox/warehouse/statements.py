"""Statements that were submitted: each runs in a thread, in one transaction, and is remembered."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.sandbox.warehouse import copying, results
from penstock.sandbox.warehouse.dialect import translated
from penstock.sandbox.warehouse.refusal import Refusal, SqlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.sandbox.warehouse.database import Databases

OVER = frozenset({"FINISHED", "FAILED", "ABORTED"})


@dataclass
class Sub:
    """One SQL statement of a request."""

    sql: str
    status: str = "SUBMITTED"
    error: str | None = None
    rows: int = -1
    metadata: list[dict[str, Any]] = field(default_factory=list)
    records: list[list[dict[str, Any]]] | None = None
    seconds: float = 0.0


@dataclass
class Statement:
    """What one request asked for.

    Attributes:
        given: the request, as far as `DescribeStatement` tells it again.
        batch: whether it came as a batch.
    """

    id: str
    given: dict[str, Any]
    subs: list[Sub]
    batch: bool
    region: str
    created: float = field(default_factory=time.time)
    updated: float = field(default_factory=time.time)
    status: str = "SUBMITTED"
    error: str | None = None
    over: threading.Event = field(default_factory=threading.Event)
    connection: Any = None
    cancelled: bool = False

    @property
    def warehouse(self) -> str:
        """The workgroup or cluster."""
        return str(self.given.get("WorkgroupName") or self.given.get("ClusterIdentifier"))


class Statements:
    """All of them, of every warehouse."""

    def __init__(
        self,
        databases: Databases,
        fetch: copying.Fetch,
        keys: copying.Keys,
        ended: Callable[[Statement], None],
    ) -> None:
        self._databases = databases
        self._fetch = fetch
        self._keys = keys
        self._ended = ended
        self._guard = threading.Lock()
        self._all: dict[str, Statement] = {}
        self._tokens: dict[str, Statement] = {}

    def submit(
        self, given: dict[str, Any], sqls: list[str], *, batch: bool, region: str, token: str | None
    ) -> Statement:
        """Begin to run; the same token gives the same statement."""
        with self._guard:
            known = self._tokens.get(token or "")
            if known is not None:
                if [s.sql for s in known.subs] != sqls:
                    raise Refusal("ClientToken was used for another request")
                return known
            made = Statement(str(uuid.uuid4()), given, [Sub(s) for s in sqls], batch, region)
            self._all[made.id] = made
            if token:
                self._tokens[token] = made
        threading.Thread(target=self._run, args=(made,), daemon=True).start()
        return made

    def found(self, name: str) -> tuple[Statement, int | None]:
        """A statement by its id, and which part of a batch is meant (`ID:2` is the second)."""
        whole, _, number = name.partition(":")
        made = self._all.get(whole)
        if made is None or (number and not 0 < int(number) <= len(made.subs)):
            raise Refusal("Query does not exist.", "ResourceNotFoundException")
        return made, int(number) - 1 if number else None

    def every(self) -> list[Statement]:
        """Newest first."""
        with self._guard:
            return list(reversed(self._all.values()))

    def cancel(self, made: Statement) -> None:
        """Stop it.

        Raises:
            Refusal: it is over.
        """
        if made.status in OVER:
            raise Refusal(f"Could not cancel a query that is already in {made.status} state.")
        made.cancelled = True
        if made.connection is not None:
            made.connection.cancel()

    def _run(self, made: Statement) -> None:
        import psycopg

        made.status = "STARTED"
        current = made.subs[0]
        try:
            with self._databases.connect(made.warehouse, made.given["Database"]) as connection:
                made.connection = connection
                for current in made.subs:
                    self._one(connection, current, alone=not made.batch)
                    if made.cancelled:
                        raise SqlError("Query cancelled on user's request")
            made.status = "FINISHED"
        except (SqlError, psycopg.Error) as error:
            made.status = "ABORTED" if made.cancelled else "FAILED"
            made.error = f"ERROR: {str(error).strip()}"
            current.status, current.error = made.status, made.error
            for sub in made.subs:
                if sub.status not in OVER:
                    sub.status = "ABORTED"
        except Exception as error:  # noqa: BLE001  # nobody else would hear of it
            made.status, made.error = "FAILED", f"the sandbox failed: {error!r}"
        finally:
            made.connection = None
            made.updated = time.time()
            made.over.set()
        if made.given.get("WithEvent"):
            self._ended(made)

    def _one(self, connection: Any, sub: Sub, *, alone: bool) -> None:
        sub.status = "STARTED"
        clock = time.monotonic()
        if (copy := copying.parsed(sub.sql)) is not None:
            sub.rows = copying.copied(connection, copy, self._fetch, self._keys)
        else:
            cursor = connection.execute(translated(sub.sql, alone=alone).encode())
            sub.rows = cursor.rowcount
            if cursor.description is not None:
                sub.metadata = results.columns(cursor.description)
                sub.records = [[results.field(v) for v in row] for row in cursor.fetchall()]
        sub.status = "FINISHED"
        sub.seconds = time.monotonic() - clock
