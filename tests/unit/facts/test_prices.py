"""The price list: every number with its date and source, and none from memory."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

import pytest

from penstock.facts.files import read
from penstock.facts.limits import load_limits
from penstock.facts.prices import FILE, OLD_DAYS, NotPriced, Price, Tier, load_prices


def entries():
    return [
        (f"{service}.{entry['key']}", entry)
        for service, found in read(FILE)["services"].items()
        for entry in found
    ]


def test_every_price_keeps_its_date_and_source():
    prices = load_prices()
    assert len(prices.by_name) > 400
    for price in prices.by_name.values():
        assert re.fullmatch(r"20\d\d(-\d\d){0,2}", price.as_of), price
        assert len(price.source) > 5, price
        assert price.confidence in {"high", "medium", "low"}


def test_a_price_is_the_number_of_the_file():
    prices = load_prices()
    for name, entry in entries():
        if name in prices.by_name:
            assert prices[name].usd == Decimal(str(entry["usd"]))


def test_a_price_from_memory_is_no_price():
    unsourced = [
        n for n, e in entries() if e["kind"] == "price" and e["source"].startswith("memory")
    ]
    assert "sqs.standard_requests" not in unsourced
    assert len(unsourced) > 5
    for name in unsourced:
        with pytest.raises(NotPriced):
            load_prices()[name]


def test_a_wrong_name_gets_a_near_one():
    with pytest.raises(NotPriced, match=r"did you mean `lambda\.requests`"):
        load_prices()["lambda.request"]


@pytest.mark.parametrize(
    ("name", "per"),
    [
        ("lambda.requests", 10**6),
        ("api_gateway.rest_requests", 10**6),
        ("s3.standard_get_select", 1000),
        ("kms.requests", 10_000),
        ("dynamodb.storage", 1),
        ("cloudwatch.logs_ingest_standard", 1),
        ("glue.etl_dpu_hour_glue6", 1),
    ],
)
def test_how_many_a_unit_holds(name: str, per: int):
    assert load_prices()[name].per == per


def test_tiers_add_up():
    tiers = (Tier(Decimal(10), Decimal(3)), Tier(Decimal(30), Decimal(2)), Tier(None, Decimal(1)))
    price = Price("x", "GB", Decimal(3), tiers, "2026", "page", "high")
    # 10 at 3, then 20 at 2, then 5 at 1
    assert [price.cost(Decimal(n)) for n in (0, 4, 10, 12, 35)] == [0, 12, 30, 34, 75]


def test_lambdas_tiers_begin_with_its_price():
    price = load_prices()["lambda.duration_arm64"]
    assert price.tiers[0].usd == price.usd
    assert price.cost(Decimal(100)) == 100 * price.usd


def test_old_prices_are_told_of():
    prices = load_prices()
    last_good = prices.compiled + timedelta(days=OLD_DAYS)
    assert prices.too_old(last_good) is None
    told = prices.too_old(last_good + timedelta(days=1))
    assert told is not None
    assert told.severity == "warning"
    assert told.code == "PSK-COST-004"
    assert "181 days old" in told.message
    assert str(prices.compiled) in told.message


def test_the_list_is_dated_and_of_one_region():
    prices = load_prices()
    assert prices.region == "us-east-1"
    assert prices.compiled >= date(2026, 11, 1)
    assert prices.hours_per_month == 730


def test_limits_keep_their_source():
    limits = load_limits()
    assert limits["lambda.timeout"].value == 900
    assert limits["lambda.memory_max"].value == limits["lambda.tmp_storage_max"].value == 10_240
    assert all(limit.source and limit.as_of for limit in limits.by_name.values())
    with pytest.raises(LookupError, match=r"did you mean `lambda\.timeout`"):
        limits["lambda.time_out"]
