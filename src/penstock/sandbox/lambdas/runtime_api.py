"""The Runtime API of one execution environment: what AWS's runtime client talks to.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html (version 2018-06-01)
"""

from __future__ import annotations

import queue
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VERSION = "/2018-06-01/runtime"


@dataclass
class Event:
    """One event on its way through a function.

    Attributes:
        deadline_ms: Unix time.
        answer: what the function said: (is it an error, the bytes).
    """

    request_id: str
    payload: bytes
    arn: str
    deadline_ms: int
    trace_id: str
    client_context: str | None = None
    answer: queue.SimpleQueue[tuple[bool, bytes]] = field(default_factory=queue.SimpleQueue)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: RuntimeApi

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing of a client that was ended while it waited for an event."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class RuntimeApi:
    """A server for one runtime client.

    Attributes:
        ready: the client has loaded the handler and asked for its first event.
        init_error: what it said when it could not.
    """

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.init_error: bytes | None = None
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._under_way: Event | None = None
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        """The value of AWS_LAMBDA_RUNTIME_API."""
        return f"127.0.0.1:{self._server.server_port}"

    def send(self, event: Event) -> None:
        """Have the client handle an event."""
        self._events.put(event)

    def take(self) -> Event | None:
        """Wait for the next event; None: there will be none."""
        self.ready.set()
        self._under_way = self._events.get()
        return self._under_way

    def answered(self, request_id: str, *, failed: bool, body: bytes) -> bool:
        """Take the client's answer; False: it answers something it was not asked."""
        event = self._under_way
        if event is None or event.request_id != request_id:
            return False
        self._under_way = None
        event.answer.put((failed, body))
        return True

    def close(self) -> None:
        """Stop listening."""
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the client asks all the time."""

    def do_GET(self) -> None:
        if self.path != f"{VERSION}/invocation/next":
            return self._say(404)
        event = self.server.api.take()
        if event is None:
            return self._say(500)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": event.request_id,
            "Lambda-Runtime-Deadline-Ms": str(event.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": event.arn,
            "Lambda-Runtime-Trace-Id": event.trace_id,
            "Content-Type": "application/json",
        }
        if event.client_context:
            headers["Lambda-Runtime-Client-Context"] = event.client_context
        return self._say(200, event.payload, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        if self.path == f"{VERSION}/init/error":
            self.server.api.init_error = body
            self.server.api.ready.set()
            return self._say(202)
        parts = self.path.removeprefix(f"{VERSION}/invocation/").split("/")
        known = len(parts) == 2 and parts[1] in {"response", "error"}
        if known and self.server.api.answered(parts[0], failed=parts[1] == "error", body=body):
            return self._say(202, b'{"status":"OK"}')
        return self._say(400 if known else 404)

    def _chunks(self) -> bytes:
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _say(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
