"""Starts the servers that tests talk to, each a process of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache"
POM = HERE / "dynamodb-pom.xml"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
SECONDS = 60


@contextmanager
def moto_dynamodb():
    """The URL of moto's DynamoDB."""
    pytest.importorskip("moto.server")
    command = [sys.executable, str(HERE / "moto_dynamodb.py")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


@contextmanager
def moto_with_sandbox():
    """The URL of moto with the sandbox's warehouse, and its Athena (see `helpers/athena.py`)."""
    for package in ("moto.server", "pgserver", "psycopg", "pyarrow"):
        pytest.importorskip(package)
    from athena import ENGINE

    command = [sys.executable, str(HERE / "moto_with_sandbox.py"), ENGINE]
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        subprocess.Popen(
            [*command, folder], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server,
    ):
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.terminate()  # it ends PostgreSQL and Trino, which a kill would leave behind
            with suppress(subprocess.TimeoutExpired):
                server.wait(10)
            server.kill()


@contextmanager
def dynamodb_local():
    """The URL of AWS's DynamoDB Local, in memory."""
    jars = dynamodb_jars()
    port = free_port()
    command = [
        "java",
        "-Xmx256m",
        f"-Djava.library.path={jars}",
        "-cp",
        f"{jars}/*",
        "com.amazonaws.services.dynamodbv2.local.main.ServerRunner",
        "-inMemory",
        "-port",
        str(port),
    ]
    quiet = subprocess.DEVNULL
    quietly = {**os.environ, "DDB_LOCAL_TELEMETRY": "0"}
    with subprocess.Popen(command, stdout=quiet, stderr=quiet, env=quietly) as server:
        try:
            wait_for(server, port)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


def dynamodb_jars():
    """The folder of DynamoDB Local's jars and native libraries, fetched once with Maven."""
    folder = CACHE / "dynamodb-local"
    folder.parent.mkdir(exist_ok=True)
    with (CACHE / "dynamodb-local.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be fetching them
        if not folder.is_dir():
            if not shutil.which("mvn") or not shutil.which("java"):
                pytest.skip("DynamoDB Local needs Maven and Java (Debian: apt-get install maven)")
            half = CACHE / "dynamodb-local.half"
            shutil.rmtree(half, ignore_errors=True)
            # Which repository, proxy or mirror: as Maven's own settings say. -C: checksums hold.
            command = ["mvn", "-q", "-B", "-C", "-f", str(POM), COPY, f"-DoutputDirectory={half}"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"mvn did not fetch DynamoDB Local:\n{done.stdout}"
            half.rename(folder)
    return folder


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(server, port):
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        assert server.poll() is None, "the server ended"
        time.sleep(0.05)
    pytest.fail("the server did not start")
