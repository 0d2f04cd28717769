"""A bucket that goes wrong: what passes is tried again, what stays ends in words, and neither
loses, doubles or half shows a row. A commit whose answer got lost is known again.
"""

from __future__ import annotations

import json
import os
import uuid
from urllib.request import Request, urlopen

import pytest

from penstock.compiler import compile_definition
from penstock.errors import SourceUnavailable
from penstock.runtime import registry
from penstock.runtime.ledger.sqlite import SQLiteLedger
from penstock.runtime.observer import Silent
from penstock.runtime.publish import open_target
from penstock.runtime.run import RunOptions
from penstock.runtime.run import run as run_program
from penstock.runtime.storage import open_store, s3_client
from penstock.spec import load_definition

PIPELINE = """\
name: orders
sources:
  orders:
    connector: s3
    path: s3://acme-lake/{prefix}/in/*.csv
    incremental: {incremental}
    schema: {{id: integer, day: date, amount: integer}}
targets:
  lake: {{from: orders, connector: lake, path: "s3://acme-lake/{prefix}/t", format: {format}, {load}}}
"""
FIRST = b"id,day,amount\n1,2026-01-01,10\n2,2026-01-02,20\n"
SECOND = b"id,day,amount\n2,2026-01-02,22\n3,2026-01-03,30\n"
MERGED = [(1, 10), (2, 22), (3, 30)]
APPENDED = [(1, 10), (2, 20), (2, 22), (3, 30)]
LOADS = {
    "append": ("mode: append", APPENDED),
    "merge": ("mode: merge, keys: [id]", MERGED),
    "overwrite": ("mode: overwrite", APPENDED),
    "overwrite_partitions": ("mode: overwrite_partitions, partition_by: [day]", MERGED),
}
COMMITS = {
    "parquet": "_penstock/current.json",
    "orc": "_penstock/current.json",
    "delta": r"_delta_log/\d+\.json",
    "iceberg": "_penstock/catalog.json",
}
"""The object whose writing is the commit."""
EVERYTHING = bool(os.environ.get("FAULT_EVERYTHING"))
WRONG_ONCE = [
    (how, form, mode)
    for how in ("500", "503", "silence", "lost")
    for form in COMMITS
    for mode in LOADS
    if EVERYTHING or how == "lost" or mode in {"append", "merge"}
]
"""`make test` leaves out what is a server's refusal in one more mode."""


class Place:
    """A pipeline of a bucket: run once, and a second file waiting."""

    def __init__(self, root, proxy, form, mode):
        self.root, self.proxy = root, proxy
        load, self.after = LOADS[mode]
        prefix = uuid.uuid4().hex
        root.mkdir()
        # What is overwritten is made of all that there is.
        given = {"load": load, "incremental": "none" if mode == "overwrite" else "files"}
        (root / "pipeline.yaml").write_text(PIPELINE.format(prefix=prefix, format=form, **given))
        self.store = open_store(f"s3://acme-lake/{prefix}", root)
        self.store.put("in/1.csv", FIRST)
        compiled = compile_definition(load_definition(root), "duckdb")
        assert compiled.program is not None, compiled.diagnostics
        self.program = compiled.program
        (root / ".penstock").mkdir(exist_ok=True)

    def fault(self, how=None, method="PUT", path="", skip=0, times=1):
        """Have the proxy go wrong from now on."""
        wanted = {"how": how, "method": method, "path": path, "skip": skip, "times": times}
        data = json.dumps(wanted if how else {}).encode()
        urlopen(Request(f"{self.proxy}/-/fault", data=data, method="POST")).close()

    def faults(self):
        """How often it went wrong."""
        with urlopen(f"{self.proxy}/-/fault") as answer:
            return json.load(answer)["done"]

    def run(self):
        ledger = SQLiteLedger(self.root / ".penstock" / "ledger.sqlite")
        try:
            options = RunOptions(1 << 30, 1)
            result = run_program(self.program, self.root, ledger, Silent(), options)
            assert ledger.verify_audit() == []
        finally:
            ledger.close()
        return result

    def rows(self):
        try:
            relation = open_target(self.program.loads[0], self.root).relation()
        except SourceUnavailable:
            return []
        work = self.root / "work"
        work.mkdir(exist_ok=True)
        engine = registry.engine("duckdb")(work=work, memory_bytes=None, threads=1)
        try:
            found = engine.rows(f"SELECT id, amount FROM {relation} AS t")
        finally:
            engine.close()
        return sorted((r["id"], r["amount"]) for r in found)


@pytest.fixture
def place(proxy, aws, monkeypatch, tmp_path):
    """`place(format, mode)` makes one."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "3")
    monkeypatch.setattr(s3_client, "READ_SECONDS", 1)

    def make(form="parquet", mode="append", *, second=True):
        found = Place(tmp_path / "p", proxy, form, mode)
        found.fault()
        if second:
            result = found.run()
            assert result.exit_code == 0, result.error
            found.store.put("in/2.csv", SECOND)
        return found

    yield make
    request = Request(f"{proxy}/-/fault", data=b"{}", method="POST")
    urlopen(request).close()


def stands(there):
    """Without faults the rows are those of undisturbed runs, and stay so."""
    there.fault()
    assert there.rows() == there.after
    assert there.run().document.status == "skipped"
    assert there.rows() == there.after


@pytest.mark.parametrize(("how", "form", "mode"), WRONG_ONCE)
def test_a_commit_that_goes_wrong_once(place, form, mode, how):
    there = place(form, mode)
    there.fault(how, path=f"/t/{COMMITS[form]}")
    result = there.run()
    assert result.exit_code == 0, result.error
    assert there.faults() == 1
    stands(there)


@pytest.mark.parametrize("form", COMMITS)
def test_a_first_commit_whose_answer_is_lost(place, form):
    there = place(form, second=False)
    there.fault("lost", path=f"/t/{COMMITS[form]}")
    result = there.run()
    assert result.exit_code == 0, result.error
    assert there.faults() == 1
    there.fault()
    assert there.rows() == [(1, 10), (2, 20)]


@pytest.mark.parametrize("form", COMMITS)
@pytest.mark.parametrize("how", ["503", "lost"])
def test_a_commit_that_goes_wrong_for_ever(place, form, how):
    there = place(form, "merge")
    before = there.rows()
    there.fault(how, path=f"/t/{COMMITS[form]}", times=None)
    result = there.run()
    assert result.exit_code == 4, result.error
    assert there.faults() > 1
    there.fault()
    assert there.rows() in (before, there.after)
    again = there.run()
    assert again.exit_code == 0, again.error
    stands(there)


@pytest.mark.parametrize("form", COMMITS)
@pytest.mark.parametrize(
    ("how", "method"), [("500", "PUT"), ("lost", "PUT"), ("cut", "GET"), ("503", "GET|HEAD")]
)
def test_any_request_of_a_table_may_go_wrong_for_a_while(place, form, how, method):
    there = place(form, "merge")
    there.fault(how, method=method, path="/t/", skip=1, times=2)
    result = there.run()
    assert result.exit_code == 0, result.error
    assert there.faults() == 2
    stands(there)


@pytest.mark.parametrize("form", COMMITS)
@pytest.mark.parametrize("method", ["PUT|POST", "GET|HEAD"])
@pytest.mark.parametrize(
    "mode", ["merge", *(["overwrite", "overwrite_partitions"] if EVERYTHING else [])]
)
def test_a_table_that_is_out_of_reach(place, form, method, mode):
    there = place(form, mode)
    before = there.rows()
    there.fault("500", method=method, path="/t[/?]|prefix=.*t", times=None)
    result = there.run()
    assert result.exit_code in {1, 4}, result.error
    assert "PSK-BUG" not in result.error.code
    there.fault()
    assert there.rows() == before
    result = there.run()
    assert result.exit_code == 0, result.error
    stands(there)


@pytest.mark.parametrize("how", ["500", "503", "silence", "cut", "lost"])
@pytest.mark.parametrize("times", [1, None])
def test_a_source_that_goes_wrong(place, how, times):
    there = place()
    before = there.rows()
    there.fault(how, method="GET", path=r"/in/2\.csv", times=times)
    result = there.run()
    assert there.faults() >= 1
    there.fault()
    if times is None:
        assert result.exit_code == 4, result.error
        assert "in/2.csv" in result.error.message
        assert there.rows() == before
        assert there.run().exit_code == 0
    else:
        assert result.exit_code == 0, result.error
    stands(there)
