"""`penstock sandbox`: starts once, is found again, outlives the command, ends with all it runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from penstock.sandbox import control


def penstock(folder, *args, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "sandbox", *args, "--folder", str(folder)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done


def test_up_twice_is_one_server_and_down_ends_it(tmp_path):
    first = json.loads(penstock(tmp_path, "up", "--json").stdout)
    again = json.loads(penstock(tmp_path, "up", "--json").stdout)
    assert (first["started"], again["started"]) == (True, False)
    assert first["environment"] == again["environment"]
    assert "127.0.0.1" in first["environment"]["AWS_ENDPOINT_URL"]
    assert Path(f"/proc/{first['pid']}").exists()
    assert f"export AWS_ENDPOINT_URL={first['url']}" in penstock(tmp_path, "up").stdout
    assert "running" not in penstock(tmp_path, "down").stdout
    assert not Path(f"/proc/{first['pid']}").exists() or _zombie(first["pid"])
    assert "no sandbox was running" in penstock(tmp_path, "down").stdout


def _zombie(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_status_and_tick_without_one_say_so(tmp_path):
    assert "no sandbox" in penstock(tmp_path, "status", code=1).stdout
    refused = penstock(tmp_path, "tick", code=4)
    assert "PSK-SBX-001" in refused.stderr
    assert "penstock sandbox up" in refused.stderr


def test_a_state_left_by_a_dead_one_is_not_believed(tmp_path):
    home = tmp_path / ".penstock" / "sandbox"
    home.mkdir(parents=True)
    state = {"schema": "penstock.sandbox/1", "pid": os.getpid(), "port": 9, "token": "x"}
    state |= {"region": "eu-west-1", "started_at": "2026-01-01T00:00:00+00:00"}
    (home / "state.json").write_text(json.dumps(state))
    penstock(tmp_path, "status", code=1)
    assert "no sandbox was running" in penstock(tmp_path, "down").stdout
    assert os.getpid()  # the process that has the number now was left alone


def test_a_port_that_is_taken_and_another_region_are_refused(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = penstock(tmp_path, "up", "--port", str(port), code=4)
    assert "PSK-SBX-002" in refused.stderr
    assert f"Port {port} is in use" in refused.stderr
    assert "no sandbox" in penstock(tmp_path, "status", code=1).stdout
    told = json.loads(penstock(tmp_path, "up", "--port", str(port), "--json").stdout)
    assert told["url"] == f"http://127.0.0.1:{port}"
    refused = penstock(tmp_path, "up", "--region", "eu-west-1", code=4)
    assert f"runs already, at port {port} and in us-east-1" in refused.stderr
    assert "penstock sandbox down" in refused.stderr
    penstock(tmp_path, "down")


def test_a_server_that_is_killed_takes_its_functions_with_it(tmp_path):
    from cloud import Cloud

    control.up(tmp_path, region=None, concurrency=2, retry_seconds=0.05)
    cloud = Cloud(tmp_path)
    code = "import os, time\ndef handler(event, context):\n"
    code += "    if event.get('wait'): time.sleep(60)\n    return os.getpid()"
    name = cloud.function(code, Timeout=60)
    function = cloud.call(name)[0]
    cloud.functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"wait": 1}')
    os.kill(cloud.state.pid, signal.SIGKILL)
    assert "no sandbox" in penstock(tmp_path, "status", code=1).stdout
    deadline = time.monotonic() + 5
    while Path(f"/proc/{function}").exists() and not _zombie(function):
        assert time.monotonic() < deadline, "a function outlives the sandbox"
        time.sleep(0.05)
    assert json.loads(penstock(tmp_path, "up", "--json").stdout)["started"]
    penstock(tmp_path, "down")


def test_a_server_that_cannot_start_says_why(tmp_path):
    (tmp_path / "moto").mkdir()
    (tmp_path / "moto" / "__init__.py").write_text("raise ImportError('broken moto')")
    done = subprocess.run(
        [sys.executable, "-m", "penstock", "sandbox", "up", "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"},
    )
    assert done.returncode == 4
    assert "PSK-SBX-002" in done.stderr
    assert "broken moto" in done.stderr


def test_status_says_what_answers_athena(sandbox_folder):
    told = json.loads(penstock(sandbox_folder, "status", "--json").stdout)["athena"]
    assert told["engine"] in {"duckdb", "trino"}
    line = f"athena    {told['engine']} {told['version']} ({told['state']})"
    assert line in penstock(sandbox_folder, "status").stdout


def test_status_lists_what_the_sandbox_does_not_do(cloud):
    with urllib.request.urlopen(f"{cloud.state.url}/_sandbox/status") as answer:
        told = json.loads(answer.read())
    assert any("permissions are not checked" in limit for limit in told["limits"])
