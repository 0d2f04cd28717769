"""The cost of a run where there is no price list, against the bill."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cost.architectures import architecture
from penstock.cost.bill import price
from penstock.cost.rates import rates_of
from penstock.cost.shape import Shape
from penstock.cost.volume import Volume
from penstock.errors import RunError
from penstock.facts.prices import load_prices
from penstock.runtime.cost import Rates

LAMBDA = architecture("lambda")
SHAPES = [
    Shape(cut=True),
    Shape(cut=False),
    Shape(cut=True, targets=("redshift",), secrets=1, zones=2, customer_key=True),
    Shape(cut=True, targets=("lake", "redshift"), trigger="schedule"),
    Shape(cut=True, targets=("athena",), settings={"memory": 1024, "machine": "x86_64"}),
]


@given(st.floats(0, 2e11), st.floats(1e6, 1e9), st.floats(0, 1), st.sampled_from(SHAPES))
def test_rates_give_what_the_bill_gives(size: float, speed: float, share: float, shape: Shape):
    volume = Volume(
        bytes_in=size, bytes_out=size * share, bytes_per_second=speed, start_seconds=0.0
    )
    bill = float(price(LAMBDA.run(volume, shape), load_prices()).usd)
    found = Rates.from_json(rates_of("lambda", shape)).cost(
        workers=LAMBDA.workers(volume, shape), seconds=size / speed, bytes_out=size * share
    )
    least_scan = 5e-5 * shape.count("athena")  # a query of less is billed as one of 10 MB
    assert found == pytest.approx(bill, rel=0.03, abs=least_scan)


def test_a_load_is_billed_by_its_seconds_after_the_first_minute():
    rates = Rates.from_json(rates_of("lambda", Shape(targets=("redshift",))))
    assert rates.beyond == pytest.approx(3e9, rel=0.01)  # 60 s at 50 MB/s
    # 8 RPU x 0.375 / 3600 for each 50 MB, and the upload
    assert rates.byte_beyond - rates.byte_out == pytest.approx(8 * 0.375 / 3600 / 5e7, rel=0.01)


def test_rates_travel_as_json():
    rates = Rates.from_json(rates_of("lambda", Shape(cut=True)))
    assert Rates.from_json(rates.as_json()) == rates


@pytest.mark.parametrize(
    "found", [{}, {"schema": "penstock.rates/0"}, {"schema": "penstock.rates/1", "run": "much"}]
)
def test_what_are_no_rates(found):
    with pytest.raises(RunError) as told:
        Rates.from_json(found)
    assert told.value.code == "PSK-COST-005"
    assert "build" in (told.value.hint or "")
