"""The usage and the bill of architecture 1, worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.cost.architectures import architecture, serverless_lambda
from penstock.cost.bill import price
from penstock.cost.estimate import estimate, month
from penstock.cost.shape import Shape
from penstock.cost.volume import Volume
from penstock.errors import UsageError
from penstock.facts.prices import load_prices

SERVERLESS = Path(serverless_lambda.__file__).parents[2] / "runtime" / "serverless"
LAMBDA = architecture("lambda")
PRICES = load_prices()
# Four slices of 256 MB and less; at 20 MB a second 50 s of work and half a second of start each.
GIGABYTE = Volume(bytes_in=1e9, bytes_out=3e8, bytes_per_second=2e7, start_seconds=0.5)


def lines(usage):
    return {(i.used.service, i.used.what): i.usd for i in price(usage, PRICES).items}


def quantities(usage):
    return {(u.service, u.what): u.quantity for u in usage.used}


def test_a_run_of_a_gigabyte_by_hand():
    found = lines(LAMBDA.run(GIGABYTE, Shape(cut=True)))
    # Workers: 4 x (1 s cold + 0.5 s beside + 0.5 s start) + 1e9 / 2e7 = 58 s, at 3,008 MB arm64:
    # 58 x 2.9375 GB = 170.375 GB-s x 0.0000133334
    assert found["Lambda", "workers, time"] == Decimal("0.0022716780")
    # Planner 2 s, loader 3 s, 1 s cold each: 7 x 2.9375 = 20.5625 GB-s
    assert found["Lambda", "planner and loader, time"] == Decimal("0.0002741680")
    # 6 calls at 0.20 a million
    assert found["Lambda", "calls"] == Decimal("0.0000012")
    # 1.5 GB of disk above the free 0.5 GB, for 65 s: 97.5 GB-s x 0.0000000309
    assert found["Lambda", "disk over 512 MB"] == Decimal("0.0000030128")
    # Tasks: one batch sent, 4 received, 4 deleted; the load message 3: 12 at 0.40 a million
    assert found["SQS", "messages"] == Decimal("0.0000048")
    # 36 parts of 8 MiB, 2 for each of 4 files, 2 for each of 4 slices, a plan, a list, 2 for the
    # manifest: 56 at 0.005 a thousand
    assert found["S3", "writes and lists"] == Decimal("0.00028")
    # 4 files, 2 for each of 6 calls, 4 slices: 20 at 0.0004 a thousand
    assert found["S3", "reads"] == Decimal("0.000008")
    # 60 + 4 x 3 = 72 writes at 0.625 a million, 50 + 4 x 4 = 66 reads at 0.125
    assert found["DynamoDB", "ledger, writes"] == Decimal("0.000045")
    assert found["DynamoDB", "ledger, reads"] == Decimal("0.00000825")
    # 6 calls of 10 kB at 0.50 a GB, and 6 traces at 5 a million
    assert found["CloudWatch", "logs, taken in"] == Decimal("0.00003")
    assert found["X-Ray", "traces"] == Decimal("0.00003")
    assert len(found) == 11


def test_an_idle_month_by_hand():
    found = lines(LAMBDA.idle(Shape(cut=True)))
    # 2 queues x 5 polls of 20 s for 730 hours = 1,314,000 requests at 0.40 a million
    assert found.pop(("SQS", "Lambda's polling of empty queues")) == Decimal("0.5256")
    assert found.pop(("CloudWatch", "alarms")) == Decimal("1.60")  # 16 at 0.10
    assert found.pop(("CloudWatch", "dashboard")) == Decimal("3.00")
    assert found.pop(("S3", "packages")) == Decimal("0.00276")  # 0.12 GB at 0.023
    assert found == {}


def test_what_a_private_network_a_key_and_secrets_cost_while_idle():
    found = lines(LAMBDA.idle(Shape(zones=2, customer_key=True, secrets=3)))
    # logs, sqs and secretsmanager in 2 zones for 730 hours at 0.01
    assert found["VPC", "interface endpoints"] == Decimal("43.80")
    assert found["KMS", "key"] == Decimal("1.00")
    assert found["Secrets Manager", "secrets"] == Decimal("1.20")  # 3 at 0.40


def test_a_month_keeps_what_its_runs_wrote():
    found = lines(LAMBDA.month(GIGABYTE, Shape(cut=True), Decimal(30)))
    # 30 x 0.3 GB a month, 12 months kept: 108 GB at 0.023
    assert found["S3", "lake, kept"] == Decimal("2.484")
    # 30 runs x 20 kB x 12: 0.0072 GB at 0.25, and at 0.20
    assert found["DynamoDB", "ledger, kept"] == Decimal("0.0018")
    assert found["DynamoDB", "point-in-time recovery"] == Decimal("0.00144")
    assert found["CloudWatch", "metrics"] == Decimal("3.00")  # 10 at 0.30


def test_redshift_is_paid_for_a_minute_at_least():
    small = lines(LAMBDA.run(GIGABYTE, Shape(targets=("redshift",), cut=True)))
    # 0.3 GB at 50 MB/s are 6 s, so 60 s are billed: 8 RPU x 60 / 3600 h x 0.375
    assert small["Redshift", "Serverless, loading"] == Decimal("0.05")
    large = lines(LAMBDA.run(GIGABYTE.scaled(1e11), Shape(targets=("redshift",), cut=True)))
    # 30 GB are 600 s: 8 x 600 / 3600 x 0.375
    assert large["Redshift", "Serverless, loading"] == Decimal("0.5")


def test_athena_scans_ten_megabytes_at_least():
    small = lines(LAMBDA.run(GIGABYTE.scaled(1e6), Shape(targets=("athena",))))
    assert small["Athena", "a query of each output"] == Decimal("0.00005")  # 10 MB at 5 a TB
    large = lines(LAMBDA.run(GIGABYTE, Shape(targets=("athena",))))
    assert large["Athena", "a query of each output"] == Decimal("0.0015")


@pytest.mark.parametrize(
    ("trigger", "line"),
    [
        ("schedule", ("EventBridge", "schedule")),
        ("every", ("EventBridge", "schedule")),
        ("webhook", ("API Gateway", "webhook")),
    ],
)
def test_what_a_start_costs(trigger, line):
    assert lines(LAMBDA.run(GIGABYTE, Shape(trigger=trigger)))[line] == Decimal("0.000001")


def test_new_files_start_it_for_nothing():
    started = LAMBDA.run(GIGABYTE, Shape(trigger="files"))
    assert lines(started) == lines(LAMBDA.run(GIGABYTE, Shape()))


def test_x86_costs_a_quarter_more_for_the_same_time():
    intel = lines(LAMBDA.run(GIGABYTE, Shape(settings={"machine": "x86_64"})))
    arm = lines(LAMBDA.run(GIGABYTE, Shape()))
    ratio = intel["Lambda", "workers, time"] / arm["Lambda", "workers, time"]
    assert float(ratio) == pytest.approx(1.25, rel=1e-4)


def test_one_worker_where_a_run_cannot_be_cut():
    whole = quantities(LAMBDA.run(GIGABYTE, Shape(cut=False)))
    assert whole["Lambda", "calls"] == 3
    assert quantities(LAMBDA.run(GIGABYTE, Shape(cut=True)))["Lambda", "calls"] == 6


def test_no_more_workers_than_the_planner_makes():
    run = quantities(LAMBDA.run(GIGABYTE.scaled(1e12), Shape(cut=True)))
    assert run["Lambda", "calls"] == 1002


def test_the_slice_is_that_of_the_planner():
    """Where the planner is there, the bill cuts as it does."""
    assert serverless_lambda.SLICE_BYTES == 256 * 1024 * 1024
    if SERVERLESS.is_dir():
        planner = import_module("penstock.runtime.serverless.settings")
        assert planner.SLICE_BYTES == serverless_lambda.SLICE_BYTES
        assert planner.MOST_SLICES == serverless_lambda.MOST_SLICES


sizes = st.floats(1e6, 1e13)  # below, the difference is less than what a sum keeps
shapes = st.builds(
    Shape,
    sources=st.integers(1, 5),
    targets=st.lists(st.sampled_from(["lake", "redshift", "athena"]), min_size=1).map(tuple),
    cut=st.sampled_from([True, False, None]),
    secrets=st.integers(0, 3),
    trigger=st.sampled_from([None, "schedule", "files", "webhook"]),
    zones=st.integers(0, 3),
    customer_key=st.booleans(),
)


@given(sizes, st.floats(1.01, 100), shapes)
def test_cost_grows_with_volume(size: float, factor: float, shape: Shape):
    less, more = GIGABYTE.scaled(size), GIGABYTE.scaled(size * factor)
    assert price(LAMBDA.run(more, shape), PRICES).usd > price(LAMBDA.run(less, shape), PRICES).usd
    assert month(LAMBDA, more, shape, 1.0, PRICES).usd > month(LAMBDA, less, shape, 1.0, PRICES).usd


@settings(max_examples=20)  # each looks for break-even points
@given(sizes, shapes, st.floats(0.05, 1000))
def test_sums_and_shares(size: float, shape: Shape, runs: float):
    found = estimate("p", LAMBDA, GIGABYTE.scaled(size), shape, runs, PRICES)
    for bill in (found.run, found.month, found.idle):
        assert bill.usd == sum(item.usd for item in bill.items)
        assert bill.not_priced == ()  # each has a price with a source
    assert found.month.usd > found.idle.usd > 0


@pytest.mark.parametrize(
    ("given_", "message", "hint"),
    [
        ({"memroy": 512}, "no setting `memroy`", "did you mean `memory`?"),
        ({"memory": 20_000}, "`memory: 20000` is not possible", "from 128 to 10,240"),
        ({"memory": "much"}, "`memory: much` is not possible", "from 128 to 10,240"),
        ({"timeout": 901}, "`timeout: 901`", "from 1 to 900"),
        ({"machine": "riscv"}, "`machine: riscv`", "arm64 or x86_64"),
    ],
)
def test_settings_that_are_none_of_lambdas(given_, message, hint):
    with pytest.raises(UsageError, match=message) as told:
        LAMBDA.check(Shape(settings=given_))
    assert told.value.hint == hint


def test_the_settings_are_those_of_the_definition():
    LAMBDA.check(
        Shape(
            settings={"memory": "1769", "machine": "arm64", "python": "3.12", "max_concurrency": 2}
        )
    )
