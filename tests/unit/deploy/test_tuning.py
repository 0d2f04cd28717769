"""`penstock tune`: sizes, where files are put, what a size costs, the knee."""

from __future__ import annotations

from decimal import Decimal

import pytest

from penstock.cost.architectures import lambda_settings
from penstock.deploy.architectures.serverless_lambda.tuning.inputs import inputs
from penstock.deploy.architectures.serverless_lambda.tuning.knee import Trial, knee, usd_of
from penstock.deploy.architectures.serverless_lambda.tuning.tune import sizes_of
from penstock.errors import UsageError
from penstock.facts.prices import load_prices
from penstock.program import Program, Read
from penstock.runtime.sources.s3.keys import Keys
from penstock.sandbox.lambdas import processors


def program(**paths):
    reads = tuple(
        Read(name, "s3" if path.startswith("s3:") else "file", {"path": path}, ())
        for name, path in paths.items()
    )
    return Program("p", "duckdb", reads=reads, statements=(), loads=())


@pytest.mark.parametrize("text", ["", "256", "1GB", "20000", "512,,1024", "512;1024", "-512"])
def test_sizes_that_no_worker_can_have(text):
    with pytest.raises(UsageError) as refused:
        sizes_of(text)
    assert refused.value.code == "PSK-TUNE-001"


def test_the_pipelines_own_files_stand_for_those_on_aws(tmp_path):
    (tmp_path / "data").mkdir()
    for name in ("a.csv", "b.csv", "c.txt"):
        (tmp_path / "data" / name).write_text("x\n")
    found = inputs(
        program(rows="s3://acme/in/2026-*.csv"), program(rows="data/*.csv"), tmp_path, {}
    )
    assert found == [
        (tmp_path / "data/a.csv", "acme", "in/2026-a.csv"),
        (tmp_path / "data/b.csv", "acme", "in/2026-b.csv"),
    ]


def test_files_of_the_same_name_have_keys_of_their_own(tmp_path):
    for day in ("1", "2"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "a.csv").write_text(day)
    asked = {"rows": str(tmp_path)}
    found = inputs(program(rows="s3://acme/in/*.csv"), None, tmp_path, asked)
    assert [key for _, _, key in found] == ["in/a.csv", "in/1-a.csv"]


@pytest.mark.parametrize(
    "pattern", ["in/*.csv", "in/2026-*.csv", "in/**/*.csv", "*/in/x*.csv", "in/?[ab]*.csv", "a.csv"]
)
def test_a_key_is_one_that_the_source_reads(tmp_path, pattern):
    (tmp_path / "flights.csv").write_text("x\n")
    asked = {"rows": str(tmp_path / "flights.csv")}
    ((_, _, key),) = inputs(program(rows=f"s3://acme/{pattern}"), None, tmp_path, asked)
    assert Keys.of(f"s3://acme/{pattern}").match(key), key


@pytest.mark.parametrize(
    ("paths", "asked", "code"),
    [
        ({"rows": "s3://acme/in/*.csv"}, {}, "PSK-TUNE-002"),
        ({"rows": "s3://acme/in/*.csv"}, {"rows": "none/*.csv"}, "PSK-TUNE-002"),
        ({"rows": "s3://acme/in/*.csv"}, {"other": "x.csv"}, "PSK-CLI-001"),
        ({"rows": "s3://acme/${run.date}/*.csv"}, {"rows": "."}, "PSK-TUNE-003"),
        ({"rows": "s3://acme/in/one.csv"}, {"rows": "."}, "PSK-TUNE-003"),
        ({"rows": "api"}, {"rows": "."}, "PSK-TUNE-003"),
    ],
)
def test_data_that_is_not_there_or_has_no_place(tmp_path, monkeypatch, paths, asked, code):
    monkeypatch.chdir(tmp_path)
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("x\n")
    with pytest.raises(UsageError) as refused:
        inputs(program(**paths), None, tmp_path, asked)
    assert refused.value.code == code


def test_what_a_call_costs():
    prices = load_prices()
    usd = usd_of(1024, 512, "arm64", 2.0, prices)
    assert usd == prices["lambda.duration_arm64"].usd * 2 + prices["lambda.requests"].usd / 10**6
    assert usd_of(1024, 512, "x86_64", 2.0, prices) > usd
    assert usd_of(1024, 1536, "arm64", 2.0, prices) - usd == (
        prices["lambda.ephemeral_storage_over_512MB"].usd * 2
    )
    assert usd_of(1024, 512, "arm64", 1.9991, prices) == usd, "billed by the millisecond"


def trials(*of):
    return [
        Trial(memory, seconds=seconds, usd=None if seconds is None else Decimal(usd))
        for memory, seconds, usd in of
    ]


@pytest.mark.parametrize(
    ("of", "memory"),
    [
        ([(512, 8.0, 4), (1024, 4.0, 4), (2048, 3.9, 8)], 1024),  # twice as fast for the same
        ([(512, 8.0, 4), (1024, 8.0, 8)], 512),
        ([(512, 8.0, 4), (1024, 8.5, 4)], 512),  # more memory, no faster
        ([(512, 8.0, 4), (1024, 7.9, 8), (2048, 1.0, 4)], 2048),  # not the next size: a later one
        ([(512, None, 0), (1024, 8.0, 8), (2048, 7.0, 14)], 1024),
        ([(2048, 3.9, 8), (512, 8.0, 4), (1024, 4.0, 4)], 1024),  # in any order
    ],
)
def test_the_knee(of, memory):
    assert knee(trials(*of)).memory == memory


def test_no_knee_where_nothing_came_to_an_end():
    assert knee(trials((512, None, 0))) is None


def test_one_processor_is_the_same_everywhere():
    assert processors.MB_A_PROCESSOR == lambda_settings.MB_A_PROCESSOR
