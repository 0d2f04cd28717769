"""Statements over Trino's HTTP protocol.

https://trino.io/docs/406/develop/client-protocol.html
"""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_SECONDS = 60  # for one answer; Trino gives one at least every second
_BUSY = 503
_WAIT_SECONDS = 0.1
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failed(Exception):
    """The statement failed.

    Attributes:
        name: Trino's, as `TABLE_NOT_FOUND`.
    """

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class Stopped(Exception):
    """Somebody did not want it any more; Trino has been told."""


@dataclass
class Result:
    """What came of a statement.

    Attributes:
        columns: as the protocol has them: `name`, `type`, `typeSignature`.
        scanned: bytes read from files.
        changed: rows written; None: it was no statement that writes.
    """

    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    scanned: int = 0
    changed: int | None = None


def run(url: str, sql: str, headers: Mapping[str, str], stopped: Callable[[], bool]) -> Result:
    """Run a statement, and gather all its rows.

    Args:
        headers: those that begin with `X-Trino-`: user, catalog, schema, session.
        stopped: asked between answers.

    Raises:
        Failed: Trino said so.
        Stopped: `stopped` did.
        OSError: Trino does not answer.
    """
    result = Result()
    page = _ask("POST", f"{url}/v1/statement", headers, sql.encode())
    while True:
        if "error" in page:
            told = page["error"]
            raise Failed(told.get("errorName", "INTERNAL_ERROR"), told.get("message", ""))
        result.columns = page.get("columns") or result.columns
        result.rows += page.get("data") or []
        result.scanned = page.get("stats", {}).get("physicalInputBytes", result.scanned)
        result.changed = page.get("updateCount", result.changed)
        following = page.get("nextUri")
        if following is None:
            return result
        if stopped():
            _ask("DELETE", following, headers)
            raise Stopped
        page = _ask("GET", following, headers)


def _ask(
    method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
) -> dict[str, Any]:
    request = urllib.request.Request(url, body, dict(headers), method=method)  # noqa: S310
    until = time.monotonic() + MOST_SECONDS
    while True:
        try:
            with _OPENER.open(request, timeout=MOST_SECONDS) as answer:
                told: dict[str, Any] = json.loads(answer.read() or b"{}")
                return told
        except urllib.error.HTTPError as error:
            if error.code != _BUSY or time.monotonic() > until:
                raise
            time.sleep(_WAIT_SECONDS)
