"""moto with the sandbox's warehouse and Athena in front; prints its port, then serves.

Usage: moto_with_sandbox.py ENGINE FOLDER: what answers Athena, and where that may write.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from http import HTTPStatus
from pathlib import Path

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from penstock.sandbox.athena import catalog_versions, engines
from penstock.sandbox.athena.parts import Athena
from penstock.sandbox.warehouse.events import to_moto
from penstock.sandbox.warehouse.parts import Warehouse
from penstock.sandbox.warehouse.workgroups import Workgroups


class Quiet(MotoRequestHandler):
    def log_request(self, *_):
        pass


def main():
    parts = []
    catalog_versions.install()
    moto = DomainDispatcherApplication(create_backend_app)

    def application(environ, start):
        for part in parts:
            answer = part(environ)
            if answer is not None:
                status, headers, body = answer
                start(
                    f"{status} {HTTPStatus(status).phrase}",
                    [*headers, ("Content-Length", str(len(body)))],
                )
                return [body]
        return moto(environ, start)

    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    url = f"http://127.0.0.1:{server.server_port}"
    os.environ["MOTO_PORT"] = str(server.server_port)
    engine = engines.made(sys.argv[1], Path(sys.argv[2]), url, "us-east-1")
    parts.extend((Warehouse(url, to_moto), Workgroups(), Athena(url, engine)))
    signal.signal(
        signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown, daemon=True).start()
    )
    print(server.server_port, flush=True)
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        for part in parts:
            part.close()
        sys.stdout.flush()
        os._exit(0)


if __name__ == "__main__":
    main()
