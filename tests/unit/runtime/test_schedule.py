"""The scheduler: order, side by side, and how a failure ends everything."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.runtime.schedule import run_graph


def nothing() -> None:
    return None


@given(st.integers(1, 12), st.data())
def test_each_task_runs_once_and_after_what_it_needs(size, data):
    needs = {str(i): [str(j) for j in range(i) if data.draw(st.booleans())] for i in range(size)}
    done: list[str] = []
    guard = threading.Lock()

    def task(name):
        def work():
            with guard:
                assert set(needs[name]) <= set(done)
                done.append(name)

        return work

    run_graph({n: task(n) for n in needs}, needs, workers=3, interrupt=nothing)
    assert sorted(done) == sorted(needs)


def test_independent_tasks_run_side_by_side():
    meeting = threading.Barrier(2, timeout=5)
    tasks = {"a": meeting.wait, "b": meeting.wait}
    run_graph(tasks, {}, workers=2, interrupt=nothing)
    assert not meeting.broken


def test_a_failure_interrupts_the_others_starts_nothing_more_and_is_raised():
    stop = threading.Event()
    started: list[str] = []

    def long():
        started.append("long")
        assert stop.wait(5)

    def bad():
        started.append("bad")
        raise ValueError("no")

    tasks = {"long": long, "bad": bad, "later": lambda: started.append("later")}
    with pytest.raises(ValueError, match="no"):
        run_graph(tasks, {"later": ["long", "bad"]}, workers=2, interrupt=stop.set)
    assert "later" not in started
    assert stop.is_set()


def test_tasks_that_wait_for_each_other_are_told_and_do_not_hang():
    tasks = {"a": nothing, "b": nothing}
    with pytest.raises(RuntimeError, match="wait for each other"):
        run_graph(tasks, {"a": ["b"], "b": ["a"]}, workers=2, interrupt=nothing)


@pytest.mark.parametrize(("memory", "asked", "threads"), [(512, None, 1), (512, 2, 2), (900, 3, 3)])
def test_in_little_memory_one_thing_is_done_after_the_other(tmp_path, memory, asked, threads):
    """Two large operators at once would not fit; an attempt makes `Engine.threads` side by side."""
    from penstock.runtime.engines.duckdb.engine import DuckDBEngine

    engine = DuckDBEngine(work=tmp_path / "w", memory_bytes=memory * 1024**2, threads=asked)
    try:
        assert engine.threads == threads
    finally:
        engine.close()
