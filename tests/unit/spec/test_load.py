"""A pipeline folder is read into one typed definition; everything wrong is told at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.errors import InvalidDefinition
from penstock.spec import load_definition

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """\
name: flights
description: Delays by carrier, airport and month
owner: data-platform@example.com
variables: {lake: .penstock/lake, late_after: 15}
trigger: {schedule: "15 2 * * *", timezone: America/New_York}
sources:
  flights:
    connector: file
    path: data/flights/*.csv.gz
    format: csv
    options: {null_values: [NA, ""]}
    schema:
      flight: int
      carrier: {type: varchar, required: true, description: IATA code}
      arr_delay: decimal(8, 2)
    schema_evolution: widen
    on_bad_record: fail
    incremental: {column: flight, lookback: 1 day}
  airports: {connector: file, path: data/airports.csv}
transforms:
  flights_clean:
    from: flights
    steps:
      - filter: distance > 0
  delays: models/delays.sql
  scored: {from: delays, python: "steps/score.py:score", schema: {score: double}}
  legacy: {from: delays, command: [node, steps/legacy.js]}
quality:
  flights_clean:
    quarantine: ['ColumnValues "distance" > 0']
    stop: [RowCount > 1000, {file: quality/flights.dqdl}]
targets:
  delays_lake:
    from: delays
    connector: lake
    path: ${var.lake}/delays
    mode: overwrite_partitions
    partition_by: [month]
    target_file_size: 256 MB
governance:
  classification: {flights: {tailnum: confidential}}
  masking: {personal: hash, sensitive: {partial: {show_last: 4}}}
  retention: {delays_lake: 2 years, quarantine: 90 days}
  subjects: {passenger: {flights: tailnum}}
sla: {freshness: 26 hours, duration: 20 minutes}
alerts: [{on: [failed, late], email: data@example.com}]
profiles:
  prod:
    variables: {lake: "s3://acme-lake/curated"}
    deploy: {architecture: lambda, region: us-east-1, account: "123456789012"}
"""


def test_every_section_is_typed(load):
    definition = load(WHOLE)
    assert definition.diagnostics == ()
    pipeline = definition.pipeline
    flights = pipeline.sources["flights"]
    assert flights.columns["flight"] == "integer"
    assert flights.columns["carrier"].required
    assert flights.columns["arr_delay"] == "decimal(8,2)"
    assert flights.incremental == {"column": "flight", "lookback": "1 day"}
    assert flights.options == {
        "path": "data/flights/*.csv.gz", "format": "csv", "options": {"null_values": ["NA", ""]},
    }  # fmt: skip
    assert pipeline.transforms["delays"].sql == "models/delays.sql"
    assert pipeline.transforms["flights_clean"].steps == [{"filter": "distance > 0"}]
    assert pipeline.quality["flights_clean"].stop[1] == {"file": "quality/flights.dqdl"}
    assert pipeline.targets["delays_lake"].options["path"] == ".penstock/lake/delays"
    assert pipeline.alerts[0].on == ["failed", "late"]
    assert pipeline.sla.freshness == "26 hours"
    assert pipeline.deploy is None
    assert definition.variables == {"lake": ".penstock/lake", "late_after": 15}


def test_a_short_pipeline_has_the_rest_by_default(load):
    pipeline = load("name: p\nsources:\n").pipeline
    assert (pipeline.sources, pipeline.alerts, pipeline.trigger) == ({}, [], None)


def test_everything_wrong_is_told_in_the_order_of_the_file(told):
    found = told(
        "ownr: me\n"
        "sources:\n"
        "  a: {connector: flie, path: x.csv}\n"
        "  b: {connector: file}\n"
        "transforms:\n"
        "  c: {from: a, steps: [], sql: x}\n"
        "sla: {freshnes: 1 hour}\n"
        "alerts: [{on: [failed]}]\n"
    )
    assert [(code, place) for code, place, _ in found] == [
        ("PSK-YAML-021", "2:1"),
        ("PSK-SRC-024", "4:18"),
        ("PSK-SRC-022", "5:3"),
        ("PSK-YAML-025", "7:23"),
        ("PSK-YAML-021", "8:7"),
        ("PSK-YAML-025", "9:10"),
    ]
    assert "did you mean `owner`?" in found[0][2]
    assert "did you mean `file`?" in found[1][2]
    assert "did you mean `freshness`?" in found[4][2]


def test_an_invalid_entry_is_left_out_alone(load):
    definition = load("sources:\n  a: {connector: file}\n  b: {connector: file, path: b.csv}\n")
    assert set(definition.pipeline.sources) == {"b"}
    assert definition.broken == {"a"}


def test_an_invalid_section_leaves_the_others(load):
    definition = load("sla: 5\nowner: me\n")
    assert definition.pipeline.owner == "me"
    assert definition.pipeline.sla.freshness is None
    assert [d.code for d in definition.diagnostics] == ["PSK-YAML-023"]


def test_without_a_name_the_folder_names_it(load, tmp_path: Path):
    (tmp_path / "pipeline.yaml").write_text("description: x\n")
    definition = load_definition(tmp_path)
    assert [(d.code, d.message) for d in definition.diagnostics] == [
        ("PSK-YAML-022", "the pipeline needs `name`")
    ]
    assert definition.pipeline.name


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("sources: [a]", "`sources` must be a mapping of names, and is a list"),
        ("transforms: x", "`transforms` must be a mapping of names, and is the text `x`"),
        ("profiles: [a]", "`profiles` must be a mapping of names"),
    ],
)
def test_a_section_of_the_wrong_kind(told, section: str, said: str):
    found = told(section)
    assert [(c, m.partition(" (")[0]) for c, _, m in found] == [("PSK-YAML-023", said)]


@pytest.mark.parametrize(
    ("name", "near"), [("Flights", "flights"), ("air ports", "air_ports"), ("a__b", "a_b")]
)
def test_names_of_datasets(told, name: str, near: str):
    (code, place, said), *rest = told(f'sources:\n  "{name}": {{connector: file, path: x.csv}}\n')
    assert (code, place, rest) == ("PSK-YAML-025", "3:3", [])
    assert f"call it `{near}`" in said


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "PSK-YAML-013"),
        (b"- a\n", "PSK-YAML-013"),
        (b"just text\n", "PSK-YAML-013"),
        (b"name: [\n", "PSK-YAML-001"),
        (b"name: caf\xe9\n", "PSK-YAML-011"),
        (b"x" * 5_000_000, "PSK-YAML-004"),
        (None, "PSK-YAML-012"),
    ],
)
def test_what_is_no_pipeline_file_at_all(tmp_path: Path, content: bytes | None, code: str):
    if content is not None:
        (tmp_path / "pipeline.yaml").write_bytes(content)
    with pytest.raises(InvalidDefinition) as raised:
        load_definition(tmp_path)
    assert [d.code for d in raised.value.diagnostics] == [code]
    assert raised.value.exit_code == 3


def test_a_byte_that_is_not_utf8_has_its_place(tmp_path: Path):
    (tmp_path / "pipeline.yaml").write_bytes("name: p\nowner: é".encode() + b"\xe9\n")
    with pytest.raises(InvalidDefinition) as raised:
        load_definition(tmp_path)
    assert str(raised.value.diagnostics[0].span) == "pipeline.yaml:2:9"


def test_a_text_of_the_folder_is_kept_for_carets(load, tmp_path: Path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.sql").write_text("\ufeffSELECT 1\n", encoding="utf-8")
    definition = load("transforms: {a: models/a.sql}\n")
    assert definition.read_text("models/a.sql") == "SELECT 1\n"
    assert set(definition.files) == {"pipeline.yaml", "models/a.sql"}
    assert str(definition.positions.value(("transforms", "a", "sql"))) == "pipeline.yaml:2:17"


def test_names_that_sections_say_of_each_other(told):
    source = "sources:\n  flights: {connector: file, path: x.csv}\n"
    found = told(
        source + "trigger: {files: flihgts}\n"
        "governance:\n"
        "  classification: {flightz: {a: public}}\n"
        "  subjects: {rider: {flight: a}}\n"
        "  retention: {lake: 1 day}\n"
    )
    assert [(c, p) for c, p, _ in found] == [
        ("PSK-REF-040", "4:18"), ("PSK-REF-040", "6:20"), ("PSK-REF-040", "7:22"), ("PSK-REF-040", "8:15"),
    ]  # fmt: skip
    assert all("did you mean `flights`?" in m for _, _, m in found[:3])


def test_a_target_may_have_the_name_of_what_it_publishes_only(told):
    text = (
        "transforms:\n  a: {sql: SELECT 1 AS x}\n  b: {sql: SELECT 1 AS x}\n"
        "targets:\n  a: {from: %s, connector: lake, path: lake}\n"
    )
    assert told(text % "a") == []
    assert [(c, p) for c, p, _ in told(text % "b")] == [("PSK-REF-041", "6:3")]


def test_infinity_is_refused(told):
    assert [(c, p) for c, p, _ in told("variables: {a: .inf, b: -.INF, c: .nan}\n")] == [
        ("PSK-YAML-014", "2:16"), ("PSK-YAML-014", "2:25"), ("PSK-YAML-014", "2:35"),
    ]  # fmt: skip


def test_a_password_in_the_open_is_a_warning(load):
    text = (
        "sources:\n"
        "  a: {connector: postgres, host: h, table: t, password: x, schema: {i: int}}\n"
        "  b: {connector: postgres, url: 'postgres://u:pw@h/d', table: t, schema: {i: int}}\n"
        "  c: {connector: postgres, host: h, table: t, password: '${secret.P}', schema: {i: int}}\n"
        "  d: {connector: postgres, host: h, table: t, password: '${env.P}', schema: {i: int}}\n"
    )
    found = [d for d in load(text, environment={"P": "x"}).diagnostics if d.code == "PSK-REF-039"]
    assert [d.span.line for d in found] == [3, 4, 6]
    assert {d.severity for d in found} == {"warning"}
