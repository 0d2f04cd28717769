"""Sends a run's OpenLineage events: to a server, and to a file in the run's folder."""

from __future__ import annotations

import json
import queue
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from penstock.runtime.telemetry.openlineage import end_event, start_event

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from penstock.runtime.telemetry.words import Discreet

ENDPOINT = "api/v1/lineage"
TIMEOUT_SECONDS = 5.0
"""How long a server may take for one event; a run waits for it only when it ends."""


def asked(environment: Mapping[str, str]) -> bool:
    """Whether the variables ask for events."""
    if environment.get("OPENLINEAGE_DISABLED", "").lower() in {"1", "true"}:
        return False
    wanted = environment.get("PENSTOCK_LINEAGE", "").lower() == "file"
    return wanted or bool(environment.get("OPENLINEAGE_URL"))


class Lineage:
    """Makes and sends the events of runs.

    Args:
        environment: `OPENLINEAGE_URL`, `OPENLINEAGE_ENDPOINT`, `OPENLINEAGE_API_KEY`, and what
            events are made with.
        file: run id → the file that events are added to.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        words: Discreet,
        root: Path,
        *,
        file: Callable[[str], Path],
    ) -> None:
        self._environment = environment
        self._words = words
        self._root = root
        self._file = file
        self._server = Server(environment) if environment.get("OPENLINEAGE_URL") else None
        self._about: dict[str, Any] = {}
        self._bounds: Mapping[str, Mapping[str, Any]] = {}
        self._started = False

    def about(self, fields: dict[str, Any]) -> None:
        """What the work is about."""
        self._about = fields

    def event(self, name: str, **values: Any) -> None:
        """Send START when a run begins, and how it ended when it ends."""
        document = values.get("document")
        if document is None:
            return
        if name == "run_started":
            self._bounds = values.get("bounds") or {}
            self._start(document)
        elif name == "run_finished" and values["status"] != "skipped":
            # In a function the beginning was told by another one.
            if not self._started and "request_id" not in self._about:
                self._start(document)
            self._started = False
            self._send(document, end_event)

    def flush(self) -> None:
        """Wait until the server has taken everything.

        Raises:
            OSError: it did not.
        """
        if self._server is not None:
            self._server.flush()

    def close(self) -> None:
        """As `flush`."""
        self.flush()

    def _start(self, document: Any) -> None:
        self._started = True
        self._send(document, lambda *a, **k: start_event(a[0], a[1], a[2], **k))

    def _send(self, document: Any, make: Callable[..., dict[str, Any]]) -> None:
        event = make(
            document.program,
            document.as_json(),
            self._root,
            self._words,
            environment=self._environment,
            bounds=self._bounds,
        )
        line = json.dumps(event, ensure_ascii=False)
        path = self._file(document.run_id)
        if path.parent.is_dir():
            with path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
        if self._server is not None:
            self._server.send(line)


class Server:
    """Posts events in their order, from a thread of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        place = environment.get("OPENLINEAGE_ENDPOINT") or ENDPOINT
        self.url = f"{environment['OPENLINEAGE_URL'].rstrip('/')}/{place.lstrip('/')}"
        if urlsplit(self.url).scheme not in {"http", "https"}:
            raise ValueError("OPENLINEAGE_URL is no http address")
        self._headers = {"Content-Type": "application/json"}
        if key := environment.get("OPENLINEAGE_API_KEY"):
            self._headers["Authorization"] = f"Bearer {key}"
        self._queue: queue.Queue[str] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._done = threading.Condition()
        self._waiting = 0
        self._error: Exception | None = None

    def send(self, line: str) -> None:
        """Have an event posted."""
        with self._done:
            self._waiting += 1
        self._queue.put(line)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="penstock-lineage", daemon=True)
            self._thread.start()

    def flush(self) -> None:
        """Wait for what is under way, for one time-out at most.

        Raises:
            OSError: an event was not taken.
        """
        with self._done:
            taken = self._done.wait_for(lambda: not self._waiting, TIMEOUT_SECONDS + 1)
            if self._error is not None:
                raise self._error
        if not taken:
            raise TimeoutError("the lineage server takes too long")

    def _work(self) -> None:
        while True:
            line = self._queue.get()
            try:
                if self._error is None:  # a server that is away is not asked again
                    self._post(line)
            except (OSError, ValueError) as error:
                self._error = error
            with self._done:
                self._waiting -= 1
                self._done.notify_all()

    def _post(self, line: str) -> None:
        request = Request(self.url, line.encode(), self._headers)  # noqa: S310  # http, see above
        with urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
            pass
