"""Lets the processes that these tests start import `kill_points` by name; the proxy of a bucket."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="module")
def proxy(s3):
    """The URL of a proxy before moto, which goes wrong as it is told to."""
    script = Path(__file__).with_name("fault_proxy.py")
    command = [sys.executable, str(script), s3]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()
