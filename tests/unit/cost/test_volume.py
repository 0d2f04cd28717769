"""What a run works on, from run reports."""

from __future__ import annotations

import pytest
from reports import report

from penstock.cost.volume import BYTES_PER_SECOND, LAST_RUNS, assumed, measured


def test_the_mean_of_runs_that_read_something():
    volume = measured(
        [
            report(status="skipped", read=0),
            report(read=300_000_000, seconds=10.5, rows=3_000, written=60_000_000, peak=500),
            report(status="failed", read=9_000_000_000),
            report(read=100_000_000, seconds=10.5, rows=1_000, written=20_000_000, peak=900),
        ]
    )
    assert volume is not None
    assert volume.runs == 2
    assert (volume.bytes_in, volume.bytes_out, volume.rows_in) == (2e8, 4e7, 2_000)
    assert volume.speed == "measured"
    assert volume.bytes_per_second == pytest.approx(2e8 / 10)  # half a second is the start
    assert (volume.peak_memory, volume.measured_bytes) == (900, 1e8)


def test_a_small_run_says_nothing_of_speed_and_its_seconds_still_count():
    volume = measured([report(read=100_000, seconds=1.5)])
    assert volume is not None
    assert (volume.speed, volume.bytes_per_second) == ("assumed", BYTES_PER_SECOND)
    assert volume.seconds() == pytest.approx(1.5)


def test_only_the_last_runs_count():
    many = [report(read=50_000_000)] * LAST_RUNS + [report(read=10**12)] * 5
    volume = measured(many)
    assert volume is not None
    assert (volume.runs, volume.bytes_in) == (LAST_RUNS, 5e7)


@pytest.mark.parametrize("reports", [[], [report(read=0)], [report(status="failed")]])
def test_nothing_measured(reports):
    assert measured(reports) is None


def test_scaled_keeps_what_was_measured():
    volume = measured([report(read=100_000_000, written=50_000_000, rows=10)])
    assert volume is not None
    twice = volume.scaled(2e8)
    assert (twice.bytes_in, twice.bytes_out, twice.rows_in) == (2e8, 1e8, 20)
    assert twice.bytes_per_second == volume.bytes_per_second
    assert twice.scaled(1e8) == volume


def test_a_pipeline_that_never_ran():
    volume = assumed(1e9)
    assert (volume.bytes_in, volume.speed, volume.runs, volume.peak_memory) == (
        1e9,
        "assumed",
        0,
        None,
    )
