"""From what size on Lambda is the wrong choice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports import report

from penstock.cost.architectures import architecture
from penstock.cost.findings import of_runs
from penstock.cost.shape import Shape
from penstock.cost.volume import Volume, measured

LAMBDA = architecture("lambda")
WHOLE = Shape(cut=False, whole="`totals` aggregates rows of several files")
CUT = Shape(cut=True)


def at(size: float, speed: float = 2e7, **more) -> Volume:
    return Volume(bytes_in=size, bytes_out=size / 3, bytes_per_second=speed, **more)


def test_a_run_of_one_worker_that_is_too_long():
    # 2 s of start and 30 GB at 20 MB a second: 1,502 s; 880 s of the 900 are for work
    (told,) = LAMBDA.findings(at(30e9), WHOLE)
    assert (told.code, told.severity) == ("PSK-COST-010", "warning")
    for words in (
        "30 GB",
        "1,502 s",
        "of 900 s has 880 s",
        "`totals` aggregates",
        "20 MB a second",
    ):
        assert words in told.message
    # 880 s less 2 s of start, at 20 MB a second
    assert "from 17.6 GB a run on" in told.message
    assert "containers" in (told.hint or "")


def test_a_run_that_can_be_cut_goes_far():
    assert LAMBDA.findings(at(30e9), CUT) == []
    assert LAMBDA.most_bytes(at(1), CUT) == pytest.approx(1000 * 878 * 2e7)


def test_a_shorter_time_out_counts():
    short = Shape(cut=False, settings={"timeout": 120})
    (told,) = LAMBDA.findings(at(3e9), short)
    assert "of 120 s has 100 s" in told.message
    assert "set `timeout` up to 900" in (told.hint or "")
    assert LAMBDA.findings(at(1.9e9), short) == []


def test_a_worker_too_slow_for_one_slice():
    slow = at(1e9, speed=1e5)  # 256 MB at 100 kB a second
    (told,) = LAMBDA.findings(slow, CUT)
    assert "no slice is small enough" in told.message
    assert LAMBDA.most_bytes(slow, CUT) == 0


def test_memory_and_disk_together():
    # 1 GB took 2.2 GB of memory above the 160 MB of any run; 12 GB need 26,160 MB, 20,480 there are
    peak = (160 << 20) + 2200 * 2**20
    volume = at(12e9, speed=1e9, peak_memory=peak, measured_bytes=1e9)
    (told,) = LAMBDA.findings(volume, WHOLE)
    assert told.code == "PSK-COST-011"
    assert "needs about 26,560 MB" in told.message
    assert "10,240 MB of memory and 10,240 MB of disk" in told.message
    # (20,480 - 160) / 2,200 GB
    assert "from 9.24 GB a run on" in told.message
    assert LAMBDA.findings(volume.scaled(9.2e9), WHOLE) == []


def test_a_small_run_says_nothing_of_memory():
    volume = measured([report(read=100_000, seconds=1, peak=160 << 20)])
    assert volume is not None
    assert LAMBDA.findings(volume.scaled(5e9), WHOLE) == []


@given(st.floats(1e6, 1e13), st.floats(1e4, 1e9), st.sampled_from([WHOLE, CUT]))
def test_the_size_it_names_is_the_one_where_it_begins(size: float, speed: float, shape: Shape):
    volume = at(size, speed)
    most = LAMBDA.most_bytes(volume, shape)
    if most:
        assert LAMBDA.findings(volume.scaled(most * 0.999), shape) == []
        assert LAMBDA.findings(volume.scaled(most * 1.001), shape) != []


def test_a_run_takes_as_long_as_its_rounds_of_workers():
    # 20 slices, 10 at a time: 2 rounds of 2 s + 13.4 s; planner and loader 7 s
    seconds = LAMBDA.takes(at(20 * 256 * 2**20), CUT)
    assert seconds == pytest.approx(7 + 2 * (2 + 256 * 2**20 / 2e7))


def deploy(**settings):
    return {"architecture": "lambda", "settings": settings}


def test_of_runs_needs_a_run_and_an_architecture_that_is_known():
    slow = [report(read=10**11, seconds=10**5)]
    assert of_runs(deploy(), None, []) == ()
    assert of_runs({"architecture": "glue", "settings": {}}, None, slow) == ()
    (told,) = of_runs(deploy(memory=1), None, slow)
    assert (told.code, told.severity) == ("PSK-COST-003", "warning")


def test_of_runs_tells_of_a_slow_run():
    (told,) = of_runs(deploy(), None, [report(read=10**9, seconds=10**4)])
    assert told.code == "PSK-COST-010"
    assert "measured" in told.message
