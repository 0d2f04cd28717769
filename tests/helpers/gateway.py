"""A real HTTP server that hands each request to a handler, as API Gateway does in its format 2.0."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def event(method, path, headers, body):
    """The event of a request: names of headers in lower case, a body that may be base64."""
    joined = {}
    for name, value in headers:
        lower = name.lower()
        joined[lower] = f"{joined[lower]},{value}" if lower in joined else value
    try:
        text, encoded = body.decode("ascii"), False
    except UnicodeDecodeError:
        text, encoded = base64.b64encode(body).decode(), True
    path, _, query = path.partition("?")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": joined,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "api",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1"},
            "requestId": "request",
            "stage": "$default",
        },
        "body": text,
        "isBase64Encoded": encoded,
    }


@contextmanager
def gateway(handler):
    """While the body runs, requests to the URL that it is given reach the handler."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found = handler(event(self.command, self.path, self.headers.items(), body), None)
            data = found["body"].encode()
            self.send_response(found["statusCode"])
            for name, value in found["headers"].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = _answer  # noqa: N815

        def log_message(self, *_):
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # of five that wait at once, the next would be refused

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(found):
    """Status and document of what a handler gave."""
    return found["statusCode"], json.loads(found["body"])
