"""What of a definition its cost depends on."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.cost.architectures import architecture
from penstock.cost.ask import runs_per_day, volume_of
from penstock.cost.estimate import estimate
from penstock.cost.shape import Shape, shape_of
from penstock.cost.volume import assumed
from penstock.cost.warmer import Range
from penstock.cost.words import stretch
from penstock.facts.prices import load_prices
from penstock.spec import load_definition

DEFINITION = """\
name: shop
trigger: {schedule: "*/30 * * * MON-FRI"}
sources:
  orders: {connector: rest, url: https://example.com/orders, auth: {bearer: "${secret.api}"}}
  customers: {connector: file, path: data/*.csv}
targets:
  lake: {from: orders, connector: lake, path: lake/orders}
  other: {from: orders, connector: lake, path: lake/other}
alerts: [{slack: "${secret.hook}"}, {webhook: "${secret.hook}"}]
deploy: {architecture: lambda, region: eu-central-1, settings: {memory: 1024}}
"""


@pytest.fixture
def pipeline(tmp_path):
    (tmp_path / "pipeline.yaml").write_text(DEFINITION)
    return load_definition(tmp_path, environment={}).pipeline


def test_the_shape_of_a_definition(pipeline):
    shape = shape_of(pipeline, None, zones=2, settings={"timeout": "300"})
    assert (shape.sources, shape.targets, shape.secrets) == (2, ("lake", "lake"), 2)
    assert (shape.trigger, shape.region, shape.zones) == ("schedule", "eu-central-1", 2)
    assert shape.starts == pytest.approx(48 * 261 / 365)
    assert shape.settings == {"memory": 1024, "timeout": "300"}
    assert shape.cut is None


@pytest.mark.parametrize(("by", "cut"), [("files", True), ("none", False)])
def test_the_program_says_whether_a_run_is_cut(pipeline, by, cut):
    program = SimpleNamespace(slicing=SimpleNamespace(by=by, because="it sorts"))
    shape = shape_of(pipeline, program)
    assert (shape.cut, shape.whole) == (cut, "it sorts")


@given(st.floats(1e-6, 1e5), st.floats(0.01, 1000))
def test_no_number_is_told_as_a_power_of_ten(gb_a_day, runs):
    _, often = runs_per_day(runs, Shape())
    volume, read = volume_of([], gb_a_day, runs)
    assert not any(re.search(r"\de[-+]?\d", a.value) for a in [often, *read])
    assert not re.search(r"\de[-+]?\d", stretch(Range(gb_a_day, gb_a_day * 3)))
    assert volume.bytes_in == pytest.approx(gb_a_day * 1e9 / runs)


@pytest.mark.parametrize(("region", "told"), [("us-east-1", False), ("eu-west-1", True)])
def test_prices_of_another_region_are_an_assumption(region, told):
    shape = Shape(region=region)
    found = estimate("p", architecture("lambda"), assumed(1e9), shape, 1.0, load_prices())
    assert any(a.name == "region" and region in a.because for a in found.assumptions) is told
