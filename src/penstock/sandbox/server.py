"""The sandbox's process: see `main` for its arguments."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from penstock.sandbox import state as memory


def main(
    folder: Path, region: str, concurrency: int, retry_seconds: float, port: int, athena: str
) -> None:
    """Serve until SIGTERM or SIGINT; the arguments are those of `control.up`, 0 being any port."""
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    # Its own calls must find moto's defaults, not the user's account.
    os.environ.setdefault("AWS_DEFAULT_REGION", region)
    from werkzeug.serving import make_server

    home = memory.home(folder)
    for name in ("code", "runtime", "tmp", "trino"):
        shutil.rmtree(home / name, ignore_errors=True)
    holder: list[Any] = []

    def application(environ: Any, start: Any) -> Any:
        return holder[0](environ, start)

    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Quiet(MotoRequestHandler):  # type: ignore[misc]  # moto is not followed
        def log_request(self, *_: Any) -> None:
            """Nothing: a run asks thousands of times."""

    server = make_server(memory.HOST, port, application, threaded=True, request_handler=Quiet)
    server.daemon_threads = True
    os.environ["MOTO_PORT"] = str(server.server_port)
    token = secrets.token_hex(8)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    state = memory.State(os.getpid(), server.server_port, token, region, now)

    from penstock.sandbox.assembly import assembled

    sandbox = assembled(state, home, concurrency, retry_seconds, athena)
    holder.append(sandbox.application)

    def stop(*_: Any) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    memory.write(folder, state)
    try:
        server.serve_forever(poll_interval=0.1)
    finally:
        sandbox.close()
        memory.forget(folder)
        sys.stdout.flush()
        os._exit(0)  # threads that wait for functions would hold it


if __name__ == "__main__":
    place, place_region, *numbers, answered_by = sys.argv[1:]
    main(
        Path(place),
        place_region,
        int(numbers[0]),
        float(numbers[1]),
        int(numbers[2]),
        answered_by,
    )
