"""Connectors by name: those that run, those that come later, and those that are misspelt."""

from __future__ import annotations

import pytest

from penstock.runtime import registry
from penstock.spec.connectors import LATER_SOURCES, LATER_TARGETS, connectors


def test_every_connector_of_the_pipeline_file_is_known():
    assert set(connectors("source")) >= {
        "file", "s3", "postgres", "mysql", "rest", "graphql", "ftp", "sftp", "webhook", "kafka", "kinesis",
    }  # fmt: skip
    assert set(connectors("target")) >= {
        "lake", "file", "redshift", "athena", "snowflake", "postgres", "mysql", "dynamodb", "opensearch",
    }  # fmt: skip
    assert [c.name for c in connectors("source").values() if c.runs] == list(registry.SOURCES)


EXAMPLES = {
    "mysql": "url: 'mysql://db/d', query: SELECT 1",
    "graphql": "url: 'https://api.example.com', query: '{ flights }'",
    "ftp": "host: h, path: '*.csv'",
    "sftp": "host: h, path: '*.csv', private_key: '${secret.KEY}'",
    "kafka": "brokers: ['b:9092'], topic: flights",
    "kinesis": "stream: flights",
}
TARGET_EXAMPLES = {
    "snowflake": "table: t, account: a, database: d, warehouse: w",
    "postgres": "table: t, host: h",
    "mysql": "table: t, host: h",
    "dynamodb": "table: t, partition_key: id",
    "opensearch": "endpoint: e, index: i",
}


def test_there_is_an_example_of_each():
    assert set(EXAMPLES) == set(LATER_SOURCES)
    assert set(TARGET_EXAMPLES) == set(LATER_TARGETS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_source_that_comes_later_is_a_gap(load, name: str):
    text = f"sources: {{a: {{connector: {name}, {EXAMPLES[name]}, schema: {{i: int}}}}}}\n"
    definition = load(text)
    (gap,) = definition.diagnostics
    assert (gap.code, gap.severity, gap.engines) == ("PSK-PORT-003", "error", ("duckdb",))
    assert f"`{name}` cannot run" in gap.message
    assert str(gap.span) == "pipeline.yaml:2:26"


@pytest.mark.parametrize("name", TARGET_EXAMPLES)
def test_a_target_that_comes_later_is_a_gap(load, name: str):
    text = f"targets: {{t: {{from: a, connector: {name}, {TARGET_EXAMPLES[name]}}}}}\n"
    assert [d.code for d in load(text).diagnostics] == ["PSK-PORT-003"]


@pytest.mark.parametrize(
    ("entry", "codes"),
    [
        ("connector: kafka, brokers: b", ["PSK-PORT-003", "PSK-SRC-022"]),
        ("connector: s3, path: bucket/x", ["PSK-SRC-025"]),
        ("connector: mysql, host: h, url: u, table: t", ["PSK-PORT-003", "PSK-SRC-025"]),
        ("connector: postgres, host: h, url: u, table: t", ["PSK-SRC-025"]),
        ("connector: ftp, host: h, path: p, port: 0", ["PSK-PORT-003", "PSK-SRC-025"]),
        ("connector: kafkaa, topic: t", ["PSK-SRC-024"]),
        ("connector: 5", ["PSK-SRC-023"]),
        ("path: x.csv", ["PSK-SRC-022"]),
    ],
)
def test_the_shape_is_checked(load, entry: str, codes: list[str]):
    found = load(f"sources: {{a: {{{entry}}}}}\n")
    assert sorted(d.code for d in found.diagnostics) == codes
    assert found.broken == {"a"}


def test_a_key_of_every_source_is_suggested(load):
    (found,) = load("sources: {a: {connector: file, path: x, schma: {}}}\n").diagnostics
    assert (found.code, found.hint) == ("PSK-SRC-021", "did you mean `schema`?")
