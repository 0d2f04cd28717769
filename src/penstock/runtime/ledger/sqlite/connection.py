"""A connection to the ledger's file: transactions, and SQLite's errors in words."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from penstock.errors import Conflict, LedgerError
from penstock.runtime.ledger.sqlite import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUSY_SECONDS = 30.0
_STANDS = "the published tables are not touched by this"


class Connection:
    """One SQLite connection, used by one thread at a time.

    Raises:
        LedgerError: the file cannot be opened, is damaged, or is from a newer Penstock.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.RLock()
        with self._in_words():
            self._db = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        try:
            with self._in_words():
                self._prepare()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Free the file. Safe to call twice."""
        with self._guard:
            self._db.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the ledger."""
        with self._guard, self._in_words():
            self._db.execute("BEGIN")
            try:
                yield self._db
            finally:
                self._db.rollback()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, the only writer meanwhile; kept if the block ends well, else undone."""
        with self._guard, self._in_words():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._db.rollback()
                raise

    def _prepare(self) -> None:
        # FULL: a commit is on the disk when it returns, so that the ledger never forgets a
        # publication that readers already see.
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA foreign_keys = ON")
        if schema.is_current(self._db, self._path):
            return
        self._db.execute("PRAGMA journal_mode = WAL")  # stays with the file
        with self.writing() as db:
            if not schema.is_current(db, self._path):  # another process may have been faster
                schema.prepare(db)

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._told(error) from error
        except json.JSONDecodeError as error:
            raise self._damaged(f"it holds what is not JSON ({error})") from error

    def _told(self, error: sqlite3.Error) -> LedgerError | Conflict:
        text = str(error)
        if "locked" in text or "busy" in text:
            return Conflict(
                f"the ledger {self._path} was locked by another process for {BUSY_SECONDS:.0f} s",
                hint="wait until the other command has ended, then try again",
            )
        if isinstance(error, sqlite3.OperationalError) and "no such" not in text:
            return LedgerError(
                f"the ledger {self._path} cannot be read or written: {text}",
                code="PSK-LED-002",
                hint=f"grant access to its folder, or free space on its disk; {_STANDS}",
            )
        if isinstance(error, sqlite3.IntegrityError):
            text += "; `penstock audit verify` says where the audit trail was altered"
        return self._damaged(text)

    def _damaged(self, reason: str) -> LedgerError:
        name = self._path.name
        return LedgerError(
            f"the ledger {self._path} is damaged: {reason}",
            hint=f"`penstock ledger rebuild` makes it again of what was published; or put it aside "
            f"(`mv {name} {name}.damaged`) and `penstock run --full-refresh`; {_STANDS}",
        )
