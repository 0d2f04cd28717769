"""Trino's process: started with the first query, ended with the sandbox."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from typing import TYPE_CHECKING

from penstock.errors import SandboxError
from penstock.sandbox.athena.refusal import QueryError
from penstock.sandbox.athena.trino import java, release, settings
from penstock.sandbox.state import HOST

if TYPE_CHECKING:
    from pathlib import Path

MOST_START_SECONDS = 180
# The first compiler only: it starts in half the time, and no query here is long.
_OPTIONS = (
    "-Xmx1g",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "-Duser.timezone=UTC",
    "-Djava.security.manager=allow",  # for Hadoop: some Java 21 refuse what it asks without it
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
)


class Process:
    """One server.

    Args:
        home: its settings, its log and what it writes.
        url: of the sandbox.
        region: whose Glue catalog it reads.

    Attributes:
        state: `idle`, `starting`, `ready` or `failed`.
    """

    def __init__(self, home: Path, url: str, region: str) -> None:
        self._home, self._url, self._region = home, url, region
        self._guard = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""
        self._closed = False
        self.state = "idle"

    @property
    def log(self) -> Path:
        """All that it says."""
        return self._home / "trino.log"

    def address(self) -> str:
        """Where it answers; it is started if it does not run.

        Raises:
            QueryError: it did not start.
        """
        with self._guard:
            if self._process is None or self._process.poll() is not None:
                self.state = "starting"
                self._end()
                try:
                    self._start()
                except (OSError, SandboxError) as error:
                    self._end()
                    self.state = "failed"
                    raise QueryError(f"the sandbox's Trino did not start: {error}") from error
                self.state = "ready"
            return self._address

    def close(self) -> None:
        """End it, even while it starts."""
        self._closed = True
        self._end()
        shutil.rmtree(self._home / "data", ignore_errors=True)

    def _end(self) -> None:
        if self._process is not None:
            with self._process:  # waits, and closes the pipe
                self._process.kill()

    def _start(self) -> None:
        program = java.find()
        port = _free_port()
        shutil.rmtree(self._home, ignore_errors=True)
        settings.write(self._home, port=port, url=self._url, region=self._region)
        temporary = self._home / "data" / "tmp"
        temporary.mkdir()
        command = [str(program), *_OPTIONS, f"-Djava.io.tmpdir={temporary}"]
        command += ["-cp", release.class_path(), "SandboxTrino", str(self._home)]
        with self.log.open("wb") as log:
            # It ends when this pipe does: with the sandbox, however that ends.
            self._process = subprocess.Popen(  # noqa: S603
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._home,
            )
        until = time.monotonic() + MOST_START_SECONDS
        while not any(line.startswith("READY") for line in self._lines()):
            if self._process.poll() is not None or self._closed:
                raise SandboxError(self._why(), code=java.CODE)
            if time.monotonic() > until:
                raise SandboxError(f"not in {MOST_START_SECONDS} s", code=java.CODE)
            time.sleep(0.1)
        self._address = settings.address(port)

    def _lines(self) -> list[str]:
        return self.log.read_text(encoding="utf-8", errors="replace").splitlines()

    def _why(self) -> str:
        said = [line for line in self._lines() if "Exception" in line or "Error" in line]
        return f"{said[0].strip() if said else 'it said nothing'} (see {self.log})"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])
