"""The reference page of the pipeline file, from the models that check it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.spec.connectors import Kind, connectors
from penstock.spec.models import Pipeline
from penstock.spec.schema import json_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

_INTRODUCTION = """\
# The pipeline file

`pipeline.yaml` is read as YAML 1.2: `on`, `no` and `NA` are text, a key given twice is an error.
Put `# yaml-language-server: $schema=.penstock/pipeline.schema.json` into its first line, and run
`penstock schema --write`, to have an editor check and complete it."""
_REFERENCES = """\
## References

| reference | stands for | resolved |
| --- | --- | --- |
| `${var.NAME}` | a variable; alone in its place it keeps its type | when the file is read |
| `${env.NAME}` | an environment variable, as text | when the file is read |
| `${secret.NAME}` | `PENSTOCK_SECRET_NAME`; in sources, targets (not `path`), alerts | by a run |
| `${run.id}`, `${run.date}` | the run's id; its date in UTC | by a run |
| `$${` | the text `${` | when the file is read |

In SQL write `$NAME` for a variable: it is bound as a typed value, never pasted as text.
A variable's value comes from, strongest first: `--var NAME=VALUE`, the environment's
`PENSTOCK_VAR_NAME`, the profile, the section `variables`. The last one gives the type, and text
from outside is converted to it."""
_QUANTITIES = """\
## Durations and sizes

A duration is one or more numbers with units: `26 hours`, `1 day 12 hours`, `90 seconds`
(seconds, minutes, hours, days, weeks, months of 30 days, years of 365). A size is a number with
a unit: `256 MB`, `1 GiB`."""
_SECTIONS = {
    "trigger": "Trigger",
    "sources": "Source",
    "transforms": "Transform",
    "quality": "QualityRules",
    "targets": "Target",
    "kpis": "Kpi",
    "governance": "Governance",
    "sla": "Sla",
    "alerts": "Alert",
    "deploy": "Deploy",
}
_KINDS: dict[str, Kind] = {"sources": "source", "targets": "target"}

Schema = dict[str, Any]


def markdown() -> str:
    """The page."""
    schema = json_schema()
    return "\n\n".join([_INTRODUCTION, *_page(schema)]) + "\n"


def _page(schema: Schema) -> Iterator[str]:
    defs = schema["$defs"]
    yield "## Sections\n\n" + _keys(schema, defs)
    for section, name in _SECTIONS.items():
        yield f"## {section}\n\n{defs[name].get('description', '')}"
        yield _keys(defs[name], defs)
        yield from _parts(section, name, defs)
        if section in _KINDS:
            yield from _connectors(_KINDS[section], defs[name], defs)
    yield "## profiles\n\n" + schema["properties"]["profiles"]["description"]
    yield _types()
    yield _REFERENCES
    yield _QUANTITIES


def _parts(section: str, name: str, defs: Schema) -> Iterator[str]:
    """The mappings inside a section that have keys of their own."""
    told = {"Reference", "Step"}
    for key, part in defs[name]["properties"].items():
        for inner in _refs(part):
            if inner not in told and "properties" in defs[inner]:
                told.add(inner)
                about = defs[inner].get("description", "")
                yield f"### In `{key}` of {section}\n\n{about}\n\n{_keys(defs[inner], defs)}"


def _refs(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"].rpartition("/")[2]
        for value in node.values():
            yield from _refs(value)
    elif isinstance(node, list):
        for item in node:
            yield from _refs(item)


def _connectors(kind: Kind, definition: Schema, defs: Schema) -> Iterator[str]:
    cases = {
        case["if"]["properties"]["connector"]["const"]: case["then"] for case in definition["allOf"]
    }
    for name, connector in connectors(kind).items():
        options = cases[name]
        about = options.get("description", "")
        gap = "" if connector.runs else " *Checked for its shape; it cannot run yet.*"
        yield f"### {kind} connector `{name}`\n\n{about}{gap}\n\n{_keys(options, defs)}"


def _types() -> str:
    scalars = ", ".join(f"`{name}`" for name in types.SCALARS)
    return (
        "## Types\n\n"
        f"{scalars}, `decimal(p,s)`, and of these `T[]` (a list), `struct(a T, b T)`, `map(K, V)`."
    )


def _keys(definition: Schema, defs: Schema) -> str:
    required = definition.get("required", [])
    rows = ["| key | value | default | what |", "| --- | --- | --- | --- |"]
    for name, part in definition.get("properties", {}).items():
        default = "required" if name in required else _default(part.get("default"))
        cells = [f"`{name}`", _words(part, defs), default, _about(part, defs)]
        rows.append(
            "| " + " | ".join(" ".join(c.split()).replace("|", "\\|") for c in cells) + " |"
        )
    return "\n".join(rows) if len(rows) > 2 else ""


def _about(part: Schema, defs: Schema) -> str:
    """What a key is for: its own description, else that of the model it holds."""
    own: str = part.get("description", "")
    inner = [defs[name].get("description", "") for name in _refs(part) if name != "Reference"]
    return own or next((about for about in inner if about), "")


def _default(value: Any) -> str:
    if value in (None, [], {}):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _words(schema: Schema, defs: Schema) -> str:
    """A schema in words, such as `list of text`."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _words({k: v for k, v in defs[name].items() if k != "oneOf"}, defs)
    if "anyOf" in schema:
        parts = [
            _words(s, defs)
            for s in schema["anyOf"]
            if s.get("type") != "null" and not s.get("$ref", "").endswith("/Reference")
        ]
        return ", or ".join(dict.fromkeys(parts))
    if "const" in schema or "enum" in schema:
        return " / ".join(f"`{str(v).lower() if isinstance(v, bool) else v}`"
                          for v in schema.get("enum") or [schema["const"]])  # fmt: skip
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_words(schema.get('items', {}), defs)}"
    if kind == "object":
        return _mapping(schema, defs)
    return {"string": "text", "boolean": "true / false", "integer": "whole number"}.get(
        str(kind), str(kind or "any value")
    )


def _mapping(schema: Schema, defs: Schema) -> str:
    inner = schema.get("additionalProperties")
    if "patternProperties" in schema:
        inner = next(iter(schema["patternProperties"].values()))
    if isinstance(inner, dict) and inner and "properties" not in schema:
        reference = str(inner.get("$ref", "")).rpartition("/")[2]
        if reference and "properties" in defs[reference]:
            return "name → mapping"
        return f"name → {_words(inner, defs)}"
    return "mapping"


assert set(_SECTIONS) <= set(Pipeline.model_fields)
