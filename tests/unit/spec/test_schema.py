"""The JSON schema that editors use agrees with the checks, because both come from the models."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from penstock import transforms
from penstock.spec import read_yaml, reference
from penstock.spec.connectors import connectors
from penstock.spec.models import Pipeline
from penstock.spec.schema import json_schema

ROOT = Path(__file__).parents[3]
STEPS = {name: transforms.load(name) for name in transforms.STEPS}


@pytest.fixture(scope="module")
def schema():
    return json_schema(STEPS)


@pytest.fixture(scope="module")
def validator(schema):
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def refused(validator, text: str) -> list[str]:
    data = read_yaml(text if text.startswith("name:") else "name: p\n" + text, "a.yaml").data
    return sorted({"/".join(map(str, e.absolute_path)) for e in validator.iter_errors(data)})


@pytest.mark.parametrize(
    "file",
    sorted(
        p.relative_to(ROOT).as_posix()
        for folder in ("examples", "src/penstock/templates", "tests/bench")
        for p in (ROOT / folder).rglob("pipeline.yaml")
    ),
)
def test_our_own_pipelines_fit(validator, file: str):
    assert refused(validator, (ROOT / file).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "sources: {a: {connector: file, path: x.csv, schema: {a: integer, b: {type: date}}}}",
        "sources: {a: {connector: kafka, brokers: [b], topic: t}}",
        "sources: {a: {connector: sftp, host: h, path: p, port: '${var.port}'}}",
        "transforms: {a: models/a.sql, b: {from: a, steps: [{filter: x > 0}]}}",
        "trigger: {every: 15 minutes}",
        "targets: {t: {from: a, connector: lake, path: l, mode: '${var.mode}'}}",
        "profiles: {prod: {sources: {a: {path: y.csv}}, trigger: {timezone: UTC}}}",
        "variables: {a: 1, b: null, c: x}",
    ],
)
def test_what_is_valid_fits(validator, load, text: str):
    assert refused(validator, text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("sourcs: {}", ""),
        ("sources: {A-b: {connector: file, path: x}}", "sources"),
        ("sources: {a: {connector: file}}", "sources/a"),
        ("sources: {a: {connector: file, path: x, pth: y}}", "sources/a"),
        ("sources: {a: {connector: file, path: x, topic: y}}", "sources/a"),
        ("sources: {a: {connector: flie, path: x}}", "sources/a/connector"),
        ("transforms: {a: {from: b, steps: [{filtr: x}]}}", "transforms/a"),
        ("transforms: {a: {from: b, steps: [{filter: x, drop: [y]}]}}", "transforms/a"),
        ("transforms: {a: {sql: x, steps: [{filter: x}]}}", "transforms/a"),
        ("trigger: {every: 1 hour, stream: true}", "trigger"),
        ("targets: {t: {from: a, connector: lake, path: l, mode: upsert}}", "targets/t/mode"),
        ("sla: {freshnes: x}", "sla"),
        ("profiles: {prod: {slaa: {}}}", "profiles/prod"),
        ("profiles: {prod: {deploy: {architecture: lamda}}}", "profiles/prod/deploy"),
    ],
)
def test_what_is_invalid_does_not(validator, load, text: str, place: str):
    assert place in refused(validator, text)
    assert [d for d in load(text + "\n").diagnostics if d.severity == "error"] or "step" in text


def test_every_section_connector_and_step_is_described(schema):
    assert set(schema["properties"]) == {*Pipeline.model_fields, "profiles"}
    assert set(schema["$defs"]["Step"]["properties"]) == set(transforms.STEPS)
    for name, kind in (("Source", "source"), ("Target", "target")):
        assert schema["$defs"][name]["properties"]["connector"]["enum"] == list(connectors(kind))
    assert all(f.get("description") for f in schema["$defs"]["Source"]["properties"].values())


def test_it_is_json_and_the_same_each_time(schema):
    assert json.dumps(schema) == json.dumps(json_schema(STEPS))


def test_it_works_without_the_steps():
    validator = jsonschema.Draft202012Validator(json_schema())
    assert refused(validator, "transforms: {a: {from: b, steps: [{filter: x}]}}") == []


def test_the_reference_page_names_every_section_key_and_connector():
    page = reference.markdown()
    for section in [*Pipeline.model_fields, "profiles"]:
        assert f"| `{section}` |" in page
    for kind in ("source", "target"):
        for name in connectors(kind):
            assert f"### {kind} connector `{name}`" in page
    for name in ("on_bad_record", "partition_by", "target_file_size", "timezone", "retention"):
        assert f"| `{name}` |" in page
    lines = [line for line in page.splitlines() if line.startswith("| `")]
    assert all(line.replace("\\|", "").count("|") in (4, 5) for line in lines)
