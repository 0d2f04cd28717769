"""What only Trino does: its functions, stopping, ending with the sandbox and being started again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from athena import Asking

from penstock.sandbox import control


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ("date_format(TIMESTAMP '2024-02-29 01:02:03', '%d.%m.%Y %H:%i')", "29.02.2024 01:02"),
        ("7 / 2", "3"),
        ("try(1 / 0)", None),
        ("try_cast('x' AS integer)", None),
        ("element_at(map(ARRAY['a'], ARRAY[1]), 'b')", None),
        ("json_extract_scalar('{\"a\": [1, 2]}', '$.a[1]')", "2"),
        ("regexp_extract('a-12', '([0-9]+)', 1)", "12"),
        ("array_join(ARRAY['a', NULL, 'c'], '/', '-')", "a/-/c"),
        ("from_unixtime(0)", "1970-01-01 00:00:00.000 UTC"),
        ("to_utf8('ab')", "61 62"),
        ("REAL '0.1'", "0.1"),
        ("1e-5", "1.0E-5"),
        ("nan()", "NaN"),
        ("CAST(row(1, NULL) AS row(a integer, b varchar))", "{a=1, b=null}"),
    ],
)
def test_functions_of_trino(sandbox, expression, shown):
    assert Asking("contract").rows(f"SELECT {expression};") == [[shown]]


def test_names_of_types(sandbox):
    ask = Asking("contract")
    done = ask.ended(
        "SELECT REAL '1' AS a, row(1) AS b, map(ARRAY[1], ARRAY[2]) AS c, "
        "TIMESTAMP '2024-01-01 00:00:00 UTC' AS d, DECIMAL '1.5' AS e, 'x' AS f"
    )
    told = ask.api.get_query_results(QueryExecutionId=done["QueryExecutionId"])
    assert [c["Type"] for c in told["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]] == [
        "float", "row", "map", "timestamp with time zone", "decimal", "varchar",
    ]  # fmt: skip


def test_a_query_that_is_stopped_ends_in_trino_too(sandbox):
    ask = Asking("contract")
    mark = f"stopped-{time.time_ns()}"
    endless = (
        "SELECT count(*) FROM unnest(sequence(1, 10000)) a(x) CROSS JOIN "
        + " CROSS JOIN ".join(f"unnest(sequence(1, 10000)) b{n}(x)" for n in range(3))
    )
    id_ = ask.api.start_query_execution(
        QueryString=f"{endless} WHERE '{mark}' <> ''", WorkGroup=ask.group
    )["QueryExecutionId"]
    # The one that asks is among those that hold the mark.
    state = f"SELECT state FROM system.runtime.queries WHERE query LIKE '%{mark}%' AND query NOT LIKE '%system.runtime%'"
    _until(lambda: ask.rows(state) == [["RUNNING"]])
    ask.api.stop_query_execution(QueryExecutionId=id_)
    found = ask.api.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
    assert found["Status"]["State"] == "CANCELLED"
    _until(lambda: ask.rows(state) == [["FAILED"]])  # as Trino calls it


def test_a_region_that_it_does_not_read(sandbox, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    done = Asking("contract").ended("SELECT 1")
    assert "its Trino reads tables of us-east-1" in done["Status"]["StateChangeReason"]


def test_up_waits_for_it_and_it_ends_with_the_sandbox(tmp_path, monkeypatch):
    command = [sys.executable, "-m", "penstock", "sandbox"]
    up = [*command, "up", "--athena", "trino", "--folder", str(tmp_path)]
    subprocess.run(up, check=True, timeout=200, capture_output=True)
    told = control.ask(tmp_path, "status")
    assert told["athena"] == {"engine": "trino", "version": "406", "state": "ready"}
    assert any("answered by Trino" in limit for limit in told["limits"])
    found = control.running(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", found.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", found.region)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "sandbox")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sandbox")
    first = _child(found.pid)
    os.kill(first, signal.SIGKILL)
    _until(lambda: _over(first))
    ask = Asking("default")
    ask.s3.create_bucket(Bucket="acme-lake")
    assert ask.rows("SELECT 1") == [["1"]], "the next query starts it again"
    second = _child(found.pid)
    os.kill(found.pid, signal.SIGKILL)
    _until(lambda: _over(second))
    control.down(tmp_path)


def test_it_is_idle_until_it_is_asked(tmp_path):
    control.up(tmp_path, region=None, concurrency=1, retry_seconds=1)
    try:
        assert control.ask(tmp_path, "status")["athena"]["state"] == "idle"
        refused = subprocess.run(
            [sys.executable, "-m", "penstock", "sandbox", "up", "--athena", "duckdb", "--folder", str(tmp_path)],
            check=False, timeout=60, capture_output=True, text=True,
        )  # fmt: skip
        assert (refused.returncode, "answered by trino" in refused.stderr) == (4, True)
        document = json.loads((tmp_path / ".penstock/sandbox/state.json").read_text())
        assert _children(document["pid"], "java") == []
    finally:
        control.down(tmp_path)


def _children(pid, program):
    found = Path(f"/proc/{pid}/task").glob("*/children")
    pids = [int(p) for f in found for p in f.read_text().split()]
    return [p for p in pids if program in Path(f"/proc/{p}/cmdline").read_text().split("\0")[0]]


def _child(pid):
    (found,) = _children(pid, "java")
    return found


def _over(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


def _until(true, seconds=30):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.1)
