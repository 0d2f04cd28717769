"""Who holds a lock, and whether it lives."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from penstock.runtime.heartbeat import holder
from penstock.runtime.ledger.holder import current_actor, describe, is_alive

HOST = socket.gethostname()


def test_this_process_lives():
    assert is_alive(holder()) is True
    assert is_alive(f"{HOST}:{os.getpid()}:") is True, "a start time that is not known"


def test_another_start_time_is_another_process():
    assert is_alive(f"{HOST}:{os.getpid()}:1") is False


def test_the_dead():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert is_alive(f"{HOST}:{child.pid}:1") is False


def test_a_process_of_somebody_else_lives():
    assert is_alive(f"{HOST}:1:") is True


def test_a_name_with_spaces_and_parentheses_is_read_right(tmp_path):
    """The name of a process stands in /proc/PID/stat, unquoted."""
    program = tmp_path / "a) S (b"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([str(program), "30"]) as child:
        stat = f"/proc/{child.pid}/stat"
        with open(stat) as file:  # noqa: PTH123
            start = file.read().rpartition(")")[2].split()[19]
        assert is_alive(f"{HOST}:{child.pid}:{start}") is True
        assert is_alive(f"{HOST}:{child.pid}:{int(start) + 1}") is False
        child.kill()


@pytest.mark.parametrize("text", ["elsewhere:1:2", f"{HOST}:x:2", f"{HOST}", ""])
def test_what_this_host_cannot_know(text):
    assert is_alive(text) is None


def test_in_words():
    assert describe("mill:12:99") == "process 12 on mill"
    assert describe("a lambda") == "a lambda"
    assert current_actor().endswith("@" + HOST)


def test_a_user_without_a_name(monkeypatch):
    def nobody():
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert current_actor() == f"uid-{os.getuid()}@{HOST}"


def test_sandboxes_of_lambda_are_hosts_of_their_own(monkeypatch):
    """They may have one host name, and each numbers its processes from 1."""
    monkeypatch.setenv("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/27/[$LATEST]aa:11")
    mine = holder()
    assert is_alive(mine) is True
    assert describe(mine) == f"process {os.getpid()} on {HOST}/2026/11/27/[$LATEST]aa_11"
    monkeypatch.setenv("AWS_LAMBDA_LOG_STREAM_NAME", "2026/11/27/[$LATEST]bb22")
    assert is_alive(mine) is None
    assert is_alive(f"{HOST}:{os.getpid()}:1") is None
