"""What every ledger promises to the run loop.

A new implementation joins by one entry in `contract_ledgers.LEDGERS`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import asdict, replace

import pytest
from contract_ledgers import LEDGERS, append_many, die_writing, race, serve

from penstock.errors import Conflict, LedgerError, UsageError
from penstock.runtime.heartbeat import holder, start_time
from penstock.runtime.ledger.base import BACKFILL, DAILY, Progress, Version, Watermark
from penstock.runtime.ledger.chain import GENESIS, entry_hash

ELSEWHERE = "another-host.example:17:99"


class Clock:
    """Seconds since 1970, as the test says."""

    def __init__(self, now=1_800_000_000.0):
        self.now = now

    def __call__(self):
        return self.now


@pytest.fixture(params=sorted(LEDGERS))
def kind(request, use_dynamodb):
    serve(request.param, use_dynamodb)
    return request.param


@pytest.fixture
def opener(kind, tmp_path):
    """Opens ledgers over one store, and closes them in the end."""
    made = []

    def open_one(**options):
        made.append(LEDGERS[kind](tmp_path, **options))
        return made[-1]

    yield open_one
    for each in made:
        each.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def ledger(opener, clock):
    return opener(actor="tester@mill", clock=clock)


def begin(ledger, run_id="r1", key="k1", pipeline="p", files=None, lock=None):
    return ledger.begin(run_id, pipeline, key, "sha256:prog", "slice", files or {}, lock=lock)


def version(target="t", number=1, run_id="r1", pipeline="p"):
    return Version(
        pipeline, target, f"v{number}", run_id, "lake/t", "2026-01-01T00:00:00Z", {"n": 1}
    )


def succeed(ledger, run_id="r1", key="k1", versions=(), pipeline="p", files=None):
    begin(ledger, run_id, key, pipeline, files)
    ledger.finish(run_id, "succeeded", {"run_id": run_id}, versions)


# -- runs and attempts


def test_a_run_from_begin_to_end(ledger, clock):
    run = begin(ledger)
    assert (run.run_id, run.status, run.attempt, run.ended_at) == ("r1", "running", 1, None)
    assert (run.pipeline, run.key, run.program, run.slice) == ("p", "k1", "sha256:prog", "slice")
    assert run.started_at == "2027-01-15T08:00:00.000000Z"
    clock.now += 2.5
    ledger.finish("r1", "succeeded", {"rows": 3, "é": ["ü"]}, [version()])
    ended = ledger.run("r1")
    assert ended.status == "succeeded"
    assert ended.ended_at == "2027-01-15T08:00:02.500000Z"
    assert ended.report == {"rows": 3, "é": ["ü"]}
    assert ledger.last_succeeded("p") == ended


def test_what_one_ledger_wrote_another_reads(ledger, opener):
    succeed(ledger, versions=[version()], files={"d": [("f", "i")]})
    other = opener()
    assert other.runs("p") == ledger.runs("p")
    assert other.current("p") == {"t": version()}
    assert other.audit() == ledger.audit()
    ledger.close()
    assert other.run("r1").status == "succeeded"


def test_an_unfinished_run_is_attempted_again(ledger, clock):
    begin(ledger)
    clock.now += 60
    again = begin(ledger, run_id="r2")
    assert (again.run_id, again.attempt, again.status) == ("r1", 2, "running")
    assert again.started_at == "2027-01-15T08:01:00.000000Z"
    clock.now += 1
    ledger.finish("r1", "failed", {"error": "x"})
    third = begin(ledger, run_id="r3")
    assert (third.run_id, third.attempt, third.report) == ("r1", 3, None)
    ledger.finish("r1", "succeeded", {})
    kept = [(a.number, a.status) for a in ledger.attempts("r1")]
    assert kept == [(1, "interrupted"), (2, "failed"), (3, "succeeded")]
    assert [a.started_at < (a.ended_at or "") for a in ledger.attempts("r1")][:2] == [True, True]
    assert len(ledger.runs("p")) == 1


def test_a_succeeded_run_is_not_attempted_again(ledger):
    succeed(ledger)
    new = begin(ledger, run_id="r2")
    assert (new.run_id, new.attempt) == ("r2", 1)
    assert ledger.run("r1").status == "succeeded"


def test_the_same_key_in_another_pipeline_is_another_run(ledger):
    begin(ledger)
    assert begin(ledger, run_id="r2", pipeline="q").run_id == "r2"


def test_a_run_id_is_used_once(ledger):
    succeed(ledger)
    with pytest.raises(LedgerError, match="a run `r1` already"):
        begin(ledger, key="k2")
    assert [r.key for r in ledger.runs("p")] == ["k1"]


def test_runs_are_latest_first_whatever_the_clock_said(ledger, clock):
    for number in range(5):
        clock.now -= 1000  # the clock is put back before each
        succeed(ledger, f"r{number}", f"k{number}", [version(number=number, run_id=f"r{number}")])
    assert [r.run_id for r in ledger.runs("p")] == ["r4", "r3", "r2", "r1", "r0"]
    assert [r.run_id for r in ledger.runs("p", limit=2)] == ["r4", "r3"]
    assert ledger.last_succeeded("p").run_id == "r4"
    assert ledger.current("p")["t"].version == "v4"
    assert [v.version for v in ledger.versions("p", "t")] == ["v4", "v3", "v2", "v1", "v0"]
    assert ledger.verify_audit() == []
    assert [e.subject for e in ledger.audit()] == ["r0", "r1", "r2", "r3", "r4"]


def test_the_run_that_succeeded_last_may_have_begun_first(ledger):
    begin(ledger, "r1", "k1")
    succeed(ledger, "r2", "k2")
    ledger.finish("r1", "succeeded", {})
    assert ledger.last_succeeded("p").run_id == "r1"


@pytest.mark.parametrize("status", ["failed", "stopped", "interrupted"])
def test_other_ends_are_no_success(ledger, status):
    begin(ledger, files={"d": [("f", "i")]})
    ledger.finish("r1", status, {})
    assert ledger.run("r1").status == status
    assert ledger.last_succeeded("p") is None
    assert ledger.seen_files("p", "d") == set()


def test_what_is_not_there(ledger):
    assert ledger.run("nope") is None
    assert ledger.run("") is None
    assert ledger.runs("nope") == []
    assert ledger.last_succeeded("nope") is None
    assert ledger.current("nope") == {}
    assert ledger.attempts("nope") == []
    with pytest.raises(LedgerError, match="no run `nope`"):
        ledger.finish("nope", "failed", {})
    assert ledger.audit() == []


def test_a_run_by_the_beginning_of_its_id(ledger):
    succeed(ledger, "20260101-000000-aaaaaa", "k1")
    succeed(ledger, "20260102-000000-bbbbbb", "k2")
    succeed(ledger, "20260102-000000", "k3")
    assert ledger.run("20260101").run_id == "20260101-000000-aaaaaa"
    assert ledger.run("20260102-000000").run_id == "20260102-000000", "an exact id wins"
    assert ledger.run("2026%") is None
    assert ledger.run("2026_101") is None
    with pytest.raises(UsageError, match="beginning of 3 runs") as told:
        ledger.run("2026")
    assert "20260102-000000-bbbbbb" in told.value.hint


# -- the intent to publish


def test_intent_is_kept_until_the_end(ledger):
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    begin(ledger)
    assert ledger.unfinished("p") == []
    intent = [{"load": {"keys": ["a"]}, "staged": {"n": 1, "x": None}}]
    ledger.stage("r1", intent, lock)
    assert [r.staged for r in ledger.unfinished("p")] == [intent]
    assert ledger.unfinished("q") == []
    ledger.finish("r1", "succeeded", {}, lock=lock)
    assert ledger.unfinished("p") == []


def test_a_new_attempt_has_no_intent(ledger):
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    begin(ledger)
    ledger.stage("r1", [{"a": 1}], lock)
    assert begin(ledger).staged is None
    assert ledger.unfinished("p") == []


def test_unfinished_oldest_first(ledger):
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    for number in (1, 2):
        begin(ledger, f"r{number}", f"k{number}")
        ledger.stage(f"r{number}", [{}], lock)
    assert [r.run_id for r in ledger.unfinished("p")] == ["r1", "r2"]


def test_a_run_ends_once(ledger):
    """Whoever comes second is a zombie: another process has finished the run."""
    succeed(ledger, versions=[version()])
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    with pytest.raises(Conflict, match="ended already"):
        ledger.finish("r1", "failed", {})
    with pytest.raises(Conflict, match="ended already"):
        ledger.stage("r1", [{}], lock)
    assert ledger.run("r1").status == "succeeded"
    assert len(ledger.audit()) == 1


# -- what was read


def test_files_of_succeeded_runs_are_seen(ledger):
    succeed(
        ledger, "r1", "k1", files={"d": [("a.csv", "1"), ("b.csv", "2")], "e": [("a.csv", "1")]}
    )
    succeed(ledger, "r2", "k2", files={"d": [("a.csv", "changed")], "e": []})
    begin(ledger, "r3", "k3", files={"d": [("c.csv", "3")]})
    seen = {("a.csv", "1"), ("b.csv", "2"), ("a.csv", "changed")}
    assert ledger.seen_files("p", "d") == seen
    assert ledger.seen_files("p", "e") == {("a.csv", "1")}
    assert ledger.seen_files("q", "d") == set()
    assert ledger.files_read("r1") == {"d": [("a.csv", "1"), ("b.csv", "2")], "e": [("a.csv", "1")]}
    assert ledger.files_read("r3") == {"d": [("c.csv", "3")]}


def test_the_files_of_the_last_attempt_count(ledger):
    begin(ledger, files={"d": [("gone.csv", "1")]})
    begin(ledger, files={"d": [("there.csv", "2")]})
    ledger.finish("r1", "succeeded", {})
    assert ledger.seen_files("p", "d") == {("there.csv", "2")}


def test_a_file_named_twice_is_one(ledger):
    succeed(ledger, files={"d": [("a", "1"), ("a", "1")]})
    assert ledger.files_read("r1") == {"d": [("a", "1")]}


def test_progress_is_what_the_last_succeeded_ordinary_run_read(ledger, opener):
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    mark = Watermark("at", "timestamp", "2026-01-02")

    def run(run_id, sources, status="succeeded", lane=DAILY, marks=None):
        ledger.begin(run_id, "p", run_id, "sha256:prog", "s", {}, lane=lane, sources=sources)
        if marks:
            ledger.stage(run_id, [{}], lock, watermarks=marks)
        ledger.finish(run_id, status, {})

    assert ledger.progress("p") == {}
    run("r1", {"d": "one", "e": "all"}, marks={"d": mark, "unknown": mark})
    run("r2", {"d": "two"}, status="failed")
    run("r3", {"d": "three"}, lane=BACKFILL)
    known = {"d": Progress("r1", "one", mark), "e": Progress("r1", "all")}
    assert opener().progress("p") == known
    run("r4", {"e": "more"})
    assert ledger.progress("p") == {**known, "e": Progress("r4", "more")}
    assert ledger.progress("q") == {}


def test_lanes_leave_each_other_alone(ledger, opener):
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    files = {"d": [("f", "i")]}
    for lane, run_id in ((DAILY, "r1"), (BACKFILL, "r2")):
        begun = ledger.begin(run_id, "p", "k", "sha256:prog", "s", files, lane=lane)
        assert (begun.run_id, begun.attempt, begun.lane) == (run_id, 1, lane)
        ledger.stage(run_id, [{}], lock)
    assert [r.run_id for r in ledger.unfinished("p")] == ["r1", "r2"]
    assert [r.run_id for r in ledger.unfinished("p", lane=BACKFILL)] == ["r2"]
    opener().finish("r2", "succeeded", {})
    assert "@" in ledger.audit()[0].actor
    assert ledger.seen_files("p", "d") == set()
    assert ledger.last_succeeded("p", lane=DAILY) is None
    assert ledger.last_succeeded("p", lane=BACKFILL) == ledger.last_succeeded("p")
    assert [r.run_id for r in ledger.unfinished("p")] == ["r1"]


# -- published versions


def test_versions_by_target(ledger):
    succeed(ledger, "r1", "k1", [version("t", 1), version("u", 1)])
    succeed(ledger, "r2", "k2", [version("t", 2, "r2")])
    succeed(ledger, "r3", "k3", [version("t", 9, "r3", pipeline="q")], pipeline="q")
    assert ledger.current("p") == {"t": version("t", 2, "r2"), "u": version("u", 1)}
    assert ledger.versions("p", "t") == [version("t", 2, "r2"), version("t", 1)]
    assert ledger.versions("p", "nope") == []


# -- locks


def test_one_holder_at_a_time(ledger, opener):
    other = opener()
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    with pytest.raises(Conflict) as told:
        other.acquire("l", ELSEWHERE, lease_seconds=60)
    assert f"process {os.getpid()} on {socket.gethostname()}" in told.value.message
    assert "since 2027-01-15T08:00:00" in told.value.message
    assert told.value.transient
    with pytest.raises(Conflict):
        ledger.acquire("l", holder(), lease_seconds=60)
    other.acquire("another", ELSEWHERE, lease_seconds=60)
    ledger.release(lock)
    other.acquire("l", ELSEWHERE, lease_seconds=60)


def test_tokens_only_grow(ledger):
    tokens = []
    for _ in range(3):
        lock = ledger.acquire("l", holder(), lease_seconds=60)
        tokens.append(lock.token)
        ledger.release(lock)
    assert tokens == sorted(set(tokens))


def test_a_dead_process_loses_its_lock_at_once(ledger):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        dead = f"{socket.gethostname()}:{child.pid}:{start_time(child.pid)}"
        ledger.acquire("l", dead, lease_seconds=3600)
        with pytest.raises(Conflict):
            ledger.acquire("l", holder(), lease_seconds=60)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # dead, and not yet reaped
        lock = ledger.acquire("l", holder(), lease_seconds=60)
    ledger.release(lock)
    ledger.acquire("l", dead, lease_seconds=3600)  # reaped by now
    assert ledger.acquire("l", holder(), lease_seconds=60).token > lock.token


def test_a_pid_given_to_another_process_is_not_the_holder(ledger):
    ledger.acquire("l", f"{socket.gethostname()}:{os.getpid()}:1", lease_seconds=3600)
    assert ledger.acquire("l", holder(), lease_seconds=60).holder == holder()


def test_a_holder_on_another_host_keeps_its_lease(ledger, clock):
    ledger.acquire("l", ELSEWHERE, lease_seconds=60)
    clock.now += 59
    with pytest.raises(Conflict):
        ledger.acquire("l", holder(), lease_seconds=60)
    clock.now += 2
    ledger.acquire("l", holder(), lease_seconds=60)


def test_renewing_extends_the_lease(ledger, clock):
    lock = ledger.acquire("l", ELSEWHERE, lease_seconds=60)
    clock.now += 50
    ledger.renew(lock, lease_seconds=60)
    clock.now += 50
    with pytest.raises(Conflict):
        ledger.acquire("l", holder(), lease_seconds=60)


def test_a_zombie_can_do_nothing(ledger, clock):
    """Its lease passed, another run took over: whatever it does then is refused."""
    begin(ledger)
    zombie = ledger.acquire("l", ELSEWHERE, lease_seconds=10)
    clock.now += 11
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    for do in (
        lambda: ledger.renew(zombie, lease_seconds=60),
        lambda: ledger.stage("r1", [{"zombie": 1}], zombie),
        lambda: ledger.finish("r1", "succeeded", {}, [version()], lock=zombie),
        lambda: begin(ledger, "r2", "k2", lock=zombie),
    ):
        with pytest.raises(Conflict, match="taken over"):
            do()
    ledger.release(zombie)  # nothing happens
    ledger.renew(lock, lease_seconds=60)
    assert (ledger.run("r1").status, ledger.run("r1").staged) == ("running", None)
    assert ledger.current("p") == {}
    assert ledger.audit() == []
    ledger.stage("r1", [{}], lock)
    ledger.finish("r1", "succeeded", {}, lock=lock)


def test_a_released_lock_is_no_lock(ledger):
    begin(ledger)
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    ledger.release(lock)
    ledger.release(lock)
    with pytest.raises(Conflict):
        ledger.stage("r1", [{}], lock)


# -- quarantine


def test_quarantine_states(ledger):
    assert ledger.quarantine_states("p") == {}
    ledger.set_quarantine_state("p", ["a", "b"], "replayed", actor="me", reason="mended")
    ledger.set_quarantine_state("p", {"b"}, "discarded", actor="you", reason="spam")
    ledger.set_quarantine_state("q", ["z"], "discarded", actor="you", reason="")
    assert ledger.quarantine_states("p") == {"a": "replayed", "b": "discarded"}
    ledger.set_quarantine_state("p", ["a"], "held", actor="me", reason="after all")
    assert ledger.quarantine_states("p") == {"b": "discarded"}
    told = ledger.audit()
    assert [(e.actor, e.action, e.detail["rows"]) for e in told] == [
        ("me", "quarantine.replayed", 2),
        ("you", "quarantine.discarded", 1),
        ("you", "quarantine.discarded", 1),
        ("me", "quarantine.held", 1),
    ]
    assert told[0].detail["keys"] == ["a", "b"]
    assert told[0].detail["reason"] == "mended"


# -- the audit trail


def test_the_chain(ledger):
    first = ledger.append_audit("me", "did", "p", "it", {"b": [1, 2.5, None], "a": "é"})
    second = ledger.append_audit("me", "did", "p", "it", {})
    assert (first.number, first.previous) == (1, GENESIS)
    assert (second.number, second.previous) == (2, first.hash)
    assert ledger.audit() == [first, second]
    assert ledger.audit(limit=1) == [second]
    assert [entry_hash(e) for e in (first, second)] == [first.hash, second.hash]
    assert len(first.hash) == 64
    assert ledger.verify_audit() == []


def test_the_hash_covers_every_field(ledger):
    entry = ledger.append_audit("me", "did", "p", "it", {"a": 1})
    for name, value in asdict(entry).items():
        if name == "hash":
            continue
        other = value + 1 if isinstance(value, int) else {} if name == "detail" else value + "x"
        assert entry_hash(replace(entry, **{name: other})) != entry.hash, name


def test_every_end_of_an_attempt_is_in_the_trail(ledger):
    begin(ledger)
    ledger.finish("r1", "stopped", {"x": 1})
    begin(ledger)
    ledger.finish("r1", "succeeded", {"x": 2}, [version()])
    stopped, done = ledger.audit()
    assert (stopped.action, stopped.subject, stopped.actor) == ("run.stopped", "r1", "tester@mill")
    assert stopped.detail["published"] == []
    assert done.action == "run.succeeded"
    assert done.detail["attempt"] == 2
    assert done.detail["program"] == "sha256:prog"
    assert done.detail["published"] == [{"target": "t", "version": "v1", "location": "lake/t"}]
    assert done.detail["report"] != stopped.detail["report"]


def test_an_end_is_recorded_whole_or_not_at_all(ledger):
    begin(ledger)
    broken = replace(version(), version=None)
    with pytest.raises(LedgerError):
        ledger.finish("r1", "succeeded", {}, [version("ok"), broken])
    assert ledger.run("r1").status == "running"
    assert ledger.current("p") == {}
    assert ledger.audit() == []
    ledger.finish("r1", "succeeded", {}, [version()])


# -- several at once


def test_four_processes_append_one_chain(kind, ledger, tmp_path):
    context = multiprocessing.get_context("spawn")
    arguments = [(kind, tmp_path, f"process-{i}", 50) for i in range(4)]
    processes = [context.Process(target=append_many, args=a) for a in arguments]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [p.exitcode for p in processes] == [0, 0, 0, 0]
    trail = ledger.audit()
    assert [e.number for e in trail] == list(range(1, 201))
    for i in range(4):
        mine = [e.subject for e in trail if e.actor == f"process-{i}"]
        assert mine == [str(n) for n in range(50)]
    assert ledger.verify_audit() == []


def test_two_processes_race_for_a_lock_and_for_making_the_store(kind, tmp_path):
    """Neither has made the store before: they race for that too."""
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(2), context.Queue()
    processes = [context.Process(target=race, args=(kind, tmp_path, start, results)) for _ in "ab"]
    for process in processes:
        process.start()
    found = sorted(results.get(timeout=60) for _ in processes)
    for process in processes:
        process.join()
    assert [f[0] for f in found] == ["has it", "refused"]
    assert any(f"process {p.pid} " in found[1][1] for p in processes)


def test_threads_share_a_ledger(ledger):
    def work(number):
        for i in range(10):
            run = f"r{number}-{i}"
            succeed(ledger, run, run, [version(f"t{number}", i, run)])
            ledger.runs("p")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ledger.runs("p", limit=1000)) == 60
    assert {t: v.version for t, v in ledger.current("p").items()} == {
        f"t{n}": "v9" for n in range(6)
    }
    assert ledger.verify_audit() == []


def test_a_process_killed_while_it_writes_leaves_a_whole_ledger(kind, ledger, tmp_path):
    ready = threading.Event()
    before = signal.signal(signal.SIGUSR1, lambda *_: ready.set())
    try:
        process = multiprocessing.get_context("spawn").Process(
            target=die_writing, args=(kind, tmp_path)
        )
        process.start()
        assert ready.wait(60)
        process.kill()
        process.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(ledger.audit()) >= 4
    assert ledger.verify_audit() == []
    ledger.append_audit("b", "did", "p", "after", {})
    assert ledger.verify_audit() == []
