"""Break-even points are true crossings."""

from __future__ import annotations

import pytest

from penstock.cost.architectures import architecture
from penstock.cost.shape import Shape
from penstock.cost.volume import Volume
from penstock.cost.warmer import (
    Range,
    always_on,
    break_evens,
    compute,
    glue_jobs,
    ranges,
)
from penstock.facts.prices import load_prices

LAMBDA = architecture("lambda")
PRICES = load_prices()
VOLUME = Volume(bytes_in=1e9, bytes_out=3e8, bytes_per_second=2e7, start_seconds=0.5)
SHAPE = Shape(cut=True)
A_PROCESSOR = 2e7 / (3008 / 1769)


def test_a_task_that_is_always_on_by_hand():
    # 2 vCPU x 0.03238 + 4 GB x 0.00356 = 0.079 an hour, 730 hours
    assert float(always_on(1.0, A_PROCESSOR, "arm64", PRICES)) == pytest.approx(57.67)
    # x86: 2 x 0.04048 + 4 x 0.004445 = 0.09874
    assert float(always_on(1.0, A_PROCESSOR, "x86_64", PRICES)) == pytest.approx(72.0802)
    # One task gets through 2 x 11.76 MB/s x 86,400 s = 2,032 GB a day
    assert float(always_on(3_000.0, A_PROCESSOR, "arm64", PRICES)) == pytest.approx(2 * 57.67)


def test_a_glue_job_by_hand():
    # Ten seconds of work are billed as a minute of 2 DPU: 2 / 60 x 0.308, on 30.4 days
    assert float(glue_jobs(0.001, 1.0, A_PROCESSOR, PRICES)) == pytest.approx(
        2 / 60 * 0.308 * 730 / 24
    )
    # 100 GB by one worker of 4 processors would take 2,125 s: so 3 workers, 15 + 708.6 s, 4 DPU
    assert float(glue_jobs(100.0, 1.0, A_PROCESSOR, PRICES)) == pytest.approx(
        4 * (15 + 1e11 / (3 * 4 * A_PROCESSOR)) / 3600 * 0.308 * 730 / 24
    )


@pytest.mark.parametrize("runs", [0.2, 1.0, 24.0, 96.0])
def test_each_end_of_a_range_is_a_crossing(runs: float):
    def ours(gb: float) -> float:
        return float(compute(LAMBDA, VOLUME, SHAPE, runs, PRICES, gb))

    def task(gb: float) -> float:
        return float(always_on(gb, A_PROCESSOR, "arm64", PRICES))

    def glue(gb: float) -> float:
        return float(glue_jobs(gb, runs, A_PROCESSOR, PRICES))

    seen = 0
    found = break_evens(LAMBDA, VOLUME, SHAPE, runs, PRICES)
    for even, theirs in zip(found, (task, glue), strict=True):
        for stretch in even.cheaper:
            if stretch.low is not None:
                seen += 1
                assert ours(stretch.low) >= theirs(stretch.low)
                assert ours(stretch.low / 1.00001) < theirs(stretch.low / 1.00001)
            if stretch.high is not None:
                seen += 1
                assert ours(stretch.high) < theirs(stretch.high)
                assert ours(stretch.high / 1.00001) >= theirs(stretch.high / 1.00001)
    assert seen > 0


def test_the_sum_at_a_crossing_is_that_of_both():
    task = break_evens(LAMBDA, VOLUME, SHAPE, 1.0, PRICES)[0]
    assert task.gb_per_day is not None
    assert float(task.usd or 0) == pytest.approx(57.67, abs=0.01)
    # Lambda's compute there by hand: a GB-second for every 1/2.9375 s of work, 20 MB each
    rate = 0.0000133334 * 2.9375 / 2e7 * 1e9  # USD for each GB, work alone
    assert task.gb_per_day * rate * 730 / 24 == pytest.approx(57.67, rel=0.1)


def test_ranges():
    assert ranges(lambda gb: True) == (Range(None, None),)
    assert ranges(lambda gb: False) == ()
    (only,) = ranges(lambda gb: 2 <= gb < 50)
    assert (only.low, only.high) == (pytest.approx(2, rel=1e-5), pytest.approx(50, rel=1e-5))
    first, last = ranges(lambda gb: gb < 3 or gb >= 700)
    assert (first.low, last.high) == (None, None)
    assert (first.high, last.low) == (pytest.approx(3, rel=1e-5), pytest.approx(700, rel=1e-5))
