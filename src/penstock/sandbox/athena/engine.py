"""What runs Athena's queries here: DuckDB, or Trino."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.sandbox.athena.cloud import Cloud


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked.

    Attributes:
        sql: one statement.
        database: of tables that are named without one.
        limit: bytes it may read; None: any number.
        stopped: whether somebody does not want it any more.
    """

    sql: str
    database: str | None
    limit: int | None
    stopped: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of a query, and what they were read from.

    Attributes:
        columns: name, and Athena's name of the type.
        rows: texts as Athena shows values; None is NULL.
        scanned: bytes it read.
        changed: rows that a statement wrote.
    """

    columns: list[tuple[str, str]]
    rows: list[list[str | None]]
    scanned: int
    changed: int = 0


class Engine(Protocol):
    """Runs queries."""

    def run(self, cloud: Cloud, query: Query) -> Answer:
        """Run a query.

        Raises:
            QueryError: it is wrong, or not known here.
            TooMuch: it would read more than it may.
        """

    def start(self) -> None:
        """Be ready for queries; those that come earlier wait.

        Raises:
            QueryError: it cannot be.
        """

    def told(self) -> dict[str, str]:
        """For `sandbox status`: `engine`, `version`, `state` (`ready`, `idle`, `starting`, …)."""

    def limit(self) -> str:
        """What differs from Athena, in one line."""

    def close(self) -> None:
        """End what it runs."""
