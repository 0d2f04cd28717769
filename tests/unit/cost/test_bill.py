"""From usage to money."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from penstock.cost.bill import Usage, Used, price
from penstock.facts.prices import load_prices

PRICES = load_prices()
NAMES = ["lambda.requests", "lambda.duration_arm64", "sqs.standard_requests", "s3.standard_storage"]


def used(name: str, quantity: float, what: str = "it") -> Used:
    return Used(name.partition(".")[0], what, name, Decimal(repr(quantity)))


usages = st.lists(
    st.builds(used, st.sampled_from(NAMES), st.floats(0.001, 1e12), st.sampled_from("abc")),
    max_size=8,
).map(lambda many: sum((Usage.of(u) for u in many), Usage()))


def test_a_bill_by_hand():
    usage = Usage.of(used("lambda.requests", 3_000_000), used("lambda.duration_arm64", 1_000))
    bill = price(usage, PRICES)
    # 3 million calls at 0.20 a million, and 1,000 GB-seconds at 0.0000133334
    assert [item.usd for item in bill.items] == [Decimal("0.60"), Decimal("0.0133334")]
    assert bill.usd == Decimal("0.6133334")


def test_lines_of_one_price_share_its_tiers():
    half = 5_000_000_000.0
    bill = price(
        Usage.of(
            used("lambda.duration_arm64", half, "a"), used("lambda.duration_arm64", half, "b")
        ),
        PRICES,
    )
    # arm64: 7.5 billion at 0.0000133334, then 0.0000120001: the second line has 2.5 of each
    first, second = (item.usd for item in bill.items)
    assert first == Decimal(66667)
    assert second == Decimal("33333.5") + Decimal("30000.25")


def test_what_has_no_price_is_named_and_not_zero():
    bill = price(Usage.of(used("batch.service_fee", 1, "jobs")), PRICES)
    assert bill.items == ()
    assert bill.not_priced == ("batch: jobs",)


def test_the_same_adds_up_and_another_does_not():
    both = Usage.of(used("lambda.requests", 2)) + Usage.of(
        used("lambda.requests", 3), used("lambda.requests", 1, "other")
    )
    assert [u.quantity for u in both.used] == [5, 1]


@given(usages)
def test_the_sum_is_the_sum_of_its_lines(usage: Usage):
    bill = price(usage, PRICES)
    assert bill.usd == sum(item.usd for item in bill.items)
    assert bill.usd == sum(bill.by_service().values())


@given(usages, st.floats(1, 1000))
def test_more_is_never_cheaper(usage: Usage, factor: float):
    more = usage.times(Decimal(repr(factor)))
    assert price(more, PRICES).usd >= price(usage, PRICES).usd


@given(usages)
def test_a_line_names_its_price_its_date_and_its_source(usage: Usage):
    for line in price(usage, PRICES).as_json()["items"]:
        known = PRICES[line["price"]]
        assert (line["as_of"], line["source"], line["unit_usd"]) == (
            known.as_of,
            known.source,
            known.usd,
        )
