"""The cost of one run, as a number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from reports import report

from penstock.cost.of_run import cost_of_run
from penstock.cost.shape import Shape
from penstock.errors import UsageError


def test_a_run_by_hand():
    found = cost_of_run(report(read=100_000_000, seconds=10, written=30_000_000), "lambda")
    # Lambda: worker 1.5 + 10 s, planner and loader 7 s: 18.5 s x 2.9375 GB x 0.0000133334, 3 calls,
    # 18.5 s of 1.5 GB of disk; SQS 6; S3 12 writes, 8 reads; ledger 63 and 54; logs, traces of 3
    by_hand = (
        18.5 * 2.9375 * 0.0000133334
        + 3 * 0.2e-6
        + 18.5 * 1.5 * 3.09e-8
        + 6 * 0.4e-6
        + (4 + 2 + 2 + 1 + 1 + 2) * 5e-6
        + (1 + 6 + 1) * 4e-7
        + 63 * 0.625e-6
        + 54 * 0.125e-6
        + 3e4 / 1e9 * 0.5
        + 3 * 5e-6
    )
    assert float(found) == pytest.approx(by_hand, rel=1e-6)


def test_the_seconds_of_many_workers_count_rather_than_the_clock():
    one = report(read=3 << 30, seconds=60)
    assert cost_of_run(one, "lambda", worker_seconds=600) > 5 * cost_of_run(one, "lambda")


@pytest.mark.parametrize("status", ["skipped", "failed"])
def test_a_run_that_read_nothing_costs_its_calls(status: str):
    found = cost_of_run(report(status=status, read=0, seconds=0.2, written=0), "lambda")
    assert Decimal(0) < found < Decimal("0.001")


def test_a_run_that_failed_costs_what_it_took():
    assert cost_of_run(report(status="failed"), "lambda") == cost_of_run(report(), "lambda")


def test_the_shape_counts():
    loaded = cost_of_run(report(), "lambda", shape=Shape(targets=("redshift",)))
    assert loaded - cost_of_run(report(), "lambda") == pytest.approx(
        Decimal("0.05"), abs=Decimal("0.000001")
    )


def test_an_unknown_architecture():
    with pytest.raises(UsageError, match="no architecture `lambada`") as told:
        cost_of_run(report(), "lambada")
    assert told.value.hint == "did you mean `lambda`?"
