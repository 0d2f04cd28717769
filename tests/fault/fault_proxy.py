"""A proxy before an S3 or DynamoDB server that goes wrong on purpose; a process of its own.

Usage: fault_proxy.py UPSTREAM. Prints its port, then serves. `POST /-/fault` with a JSON object
sets what goes wrong, and `GET /-/fault` tells how often it did, and could have:

    {"how": "500 | 503 | silence | cut | lost | told | kill", "method": "PUT", "path": "regex",
     "skip": 0, "times": 1, "status": 400, "body": "what is told", "pid": 1, "when": "before | after"}

`times` null is for ever. `silence` answers nothing until the client has gone; `cut` sends half of
the body; `lost` has the request done and drops the answer; `told` answers `status` and `body`;
`kill` is the death of who asks, before the request is done or after.
What is asked of DynamoDB stands after the path and a space: `/ DynamoDB_20120810.PutItem`.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import signal
import socket
import sys
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
SLOW_DOWN = b"<Error><Code>%s</Code><Message>on purpose</Message></Error>"


class Faults:
    """What goes wrong, and how often it did."""

    def __init__(self):
        self.set({})
        self.guard = threading.Lock()

    def set(self, wanted):
        self.wanted, self.matched, self.done = wanted, 0, 0

    def of(self, method, path):
        """How this request goes wrong; None: it does not."""
        with self.guard:
            wanted = self.wanted
            if not wanted or method not in wanted["method"].split("|"):
                return None
            if not re.search(wanted["path"], unquote(path)):
                return None
            self.matched += 1
            over = wanted["times"] is not None and self.done >= wanted["times"]
            if self.matched <= wanted.get("skip", 0) or over:
                return None
            self.done += 1
            return wanted["how"]


class Proxy(BaseHTTPRequestHandler):
    """One request at a time of one connection."""

    protocol_version = "HTTP/1.1"
    upstream = ""
    faults = Faults()

    def log_message(self, *_):
        """Nothing is logged."""

    def handle_any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = self._chunks()
        if self.path == "/-/fault":
            return self._control(body)
        target = self.headers.get("X-Amz-Target")
        how = self.faults.of(self.command, f"{self.path} {target}" if target else self.path)
        if how in {"500", "503"}:
            code = b"SlowDown" if how == "503" else b"InternalError"
            return self._answer(int(how), {"Content-Type": "application/xml"}, SLOW_DOWN % code)
        if how == "told":
            wanted = self.faults.wanted
            said = {"Content-Type": "application/x-amz-json-1.0"}
            return self._answer(wanted["status"], said, wanted["body"].encode())
        if how == "silence":
            select.select([self.connection], [], [], 120)
            return self._drop()
        if how == "kill" and self.faults.wanted["when"] == "before":
            return self._kill()
        status, headers, found = self._forward(body)
        if how == "kill":
            return self._kill()
        if how == "lost":
            return self._drop()
        if how == "cut":
            return self._answer(status, headers, found, cut=True)
        return self._answer(status, headers, found)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any  # noqa: N815

    def _control(self, body):
        if self.command == "POST":
            self.faults.set(json.loads(body))
        told = {"done": self.faults.done, "matched": self.faults.matched}
        self._answer(200, {}, json.dumps(told).encode())

    def _chunks(self):
        found = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def _forward(self, body):
        client = http.client.HTTPConnection(self.upstream, timeout=60)
        # The host is signed with the request.
        given = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
        given["Host"] = self.headers["Host"]
        if body or self.command in {"PUT", "POST"}:
            given["Content-Length"] = str(len(body))
        client.request(self.command, self.path, body or None, given)
        answer = client.getresponse()
        found = answer.read()
        headers = dict(answer.getheaders())
        client.close()
        return answer.status, headers, found

    def _answer(self, status, headers, body, *, cut=False):
        self.send_response_only(status)
        length = headers.pop("Content-Length", None) if self.command == "HEAD" else None
        for name, value in headers.items():
            if name.lower() not in HOP:
                self.send_header(name, value)
        if status not in {204, 304}:
            self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if cut:
            self.wfile.write(body[: len(body) // 2])
            return self._drop()
        if self.command != "HEAD":
            self.wfile.write(body)
        return None

    def _drop(self):
        self.close_connection = True
        with suppress(OSError):  # who asked is gone
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def _kill(self):
        os.kill(self.faults.wanted["pid"], signal.SIGKILL)
        self._drop()


def main(upstream):
    Proxy.upstream = urlsplit(upstream).netloc
    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1])
