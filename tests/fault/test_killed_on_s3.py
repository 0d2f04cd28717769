"""Killed at every request that changes the bucket of its table, then run again: the table is row
for row that of a run nobody touched, and nobody saw half of one.

The proxy before the bucket kills who asks: before the request is done, or after. `make fault`
tries every format, mode and situation; `make test` three of them, after some of the requests.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import uuid
from collections import Counter
from urllib.request import urlopen

import pytest
import trials

from penstock.runtime.storage import open_store

EVERYTHING = bool(os.environ.get("FAULT_EVERYTHING"))
SOME = (
    ("parquet", "merge", "incremental"),
    ("delta", "append", "incremental"),
    ("iceberg", "append", "incremental"),
)
SOME_REQUESTS = 6
CHANGES = {"how": "kill", "method": "PUT|POST|DELETE", "path": "^/acme-lake"}


class Bucketed:
    """A pipeline whose table is in a bucket, as it was before the run that is killed."""

    def __init__(self, home, kind):
        self.kind = kind
        self.folder, self.base, self.looking = home / "p", home / "base", home / "looking"
        self.lake = f"s3://acme-lake/{uuid.uuid4().hex}"
        self.program = trials.prepare(self.folder, kind, self.lake)
        trials.copied(self.folder, self.base)
        self.store = open_store(self.lake, home)
        self.objects = {e.path: self.store.read(e.path) for e in self.store.list()}

    def restore(self):
        """Everything as it was: Iceberg notes whole paths, so that each trial has the same."""
        shutil.rmtree(self.folder)
        trials.copied(self.base, self.folder)
        self.store.delete([e.path for e in self.store.list()])
        for path, data in self.objects.items():
            self.store.put(path, data)

    def run(self, given, **fault):
        """A run, killed as the proxy is told; gives its exit code and what it says at its end."""
        told = self.folder.with_name("told.json")
        told.unlink(missing_ok=True)
        wanted = CHANGES | {"skip": 0, "times": 0, "when": "after"} | fault
        code = trials.launch(self.folder, self.program, given, told=told, fault=wanted)
        return code, json.loads(told.read_text()) if told.exists() else {}

    def rows(self):
        """What a reader sees who has no copy of anything."""
        shutil.rmtree(self.looking, ignore_errors=True)
        self.looking.mkdir()
        return trials.published(self.looking, self.program)["one"]

    def left_over(self):
        """Notes of writing that a finished run leaves to nobody."""
        return [e.path for e in self.store.list("one/_penstock/staged")]


def chosen(total):
    """When a run of so many requests is killed, and at which of them.

    Before one is after the one before it: the bucket knows no moment in between.
    """
    if EVERYTHING:
        return [("before", 0), *(("after", n) for n in range(total))]
    step = (total - 1) / (min(total, SOME_REQUESTS) - 1)
    return [("after", round(n * step)) for n in range(min(total, SOME_REQUESTS))]


def matched(proxy):
    """How many requests have changed the bucket since the proxy was told."""
    with urlopen(f"{proxy}/-/fault") as answer:
        return json.load(answer)["matched"]


@pytest.mark.parametrize("kind", trials.KINDS if EVERYTHING else SOME, ids="-".join)
def test_killed_at_every_request(proxy, aws, monkeypatch, tmp_path, kind):
    monkeypatch.setenv("AWS_ENDPOINT_URL", proxy)
    there = Bucketed(tmp_path, kind)
    given = trials.options(kind[2])
    before = there.rows()
    code, told = there.run(given)
    assert code == 0, told
    total = matched(proxy)
    rows, known = there.rows(), trials.memory(there.folder)
    assert total >= 4, "the boundaries are not passed any more"
    assert rows != before or kind[2] == "refresh"
    outcomes = Counter()
    for when, nth in chosen(total):
        at = f"killed {when} request {nth + 1} of {total}"
        there.restore()
        code, told = there.run(given, skip=nth, times=1, when=when)
        assert code == -signal.SIGKILL, (at, code, told)
        between = there.rows()
        assert between in (before, rows), at
        outcomes["new" if between == rows else "old"] += 1
        code, told = there.run(given)
        assert code == 0, (at, told)
        assert there.rows() == rows, at
        assert there.left_over() == [], at
        own = kind[2] in {"refresh", "backfill"}  # each start of one is a run of its own
        remembered = trials.memory(there.folder)
        assert (remembered[1:] if own else remembered) == (known[1:] if own else known), at
        if EVERYTHING and not own:
            code, told = there.run({} if kind[2] != "replay" else given)
            assert (code, told["status"]) == (0, "skipped"), at
            assert there.rows() == rows, at
    if kind[2] != "refresh":
        assert outcomes["old"] >= 1
        assert outcomes["new"] >= 1
