"""A process gets the processors of a function's memory, and no more."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from penstock.sandbox.lambdas import processors

BUSY = "import threading\nfor _ in range(3): threading.Thread(target=exec, args=('while 1: pass',), daemon=True).start()\nimport time\nwhile 1: pass"  # fmt: skip


@pytest.fixture
def busy():
    child = subprocess.Popen([sys.executable, "-S", "-c", BUSY], start_new_session=True)
    yield child
    child.kill()
    child.wait()


@pytest.mark.parametrize("memory", [512, 1024])
def test_a_busy_process_has_its_share_and_no_more(busy, memory):
    with processors.held_to(busy.pid, memory):
        time.sleep(0.3)
        began, before = time.monotonic(), processors.used(busy.pid)
        time.sleep(2)
        used = processors.used(busy.pid) - before
        share = used / (time.monotonic() - began)
    assert share <= processors.share(memory) * 1.15
    assert share > 0.05, "it goes on"
    before = processors.used(busy.pid)
    time.sleep(0.5)
    assert processors.used(busy.pid) > before, "it is let go in the end"


def test_a_process_that_ended_is_no_error(busy):
    with processors.held_to(busy.pid, 512):
        busy.kill()
        assert busy.wait() < 0
        time.sleep(0.3)
    with processors.held_to(busy.pid, 512):
        assert busy.poll() is not None, "nor is one that was over before"
