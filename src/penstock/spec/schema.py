"""The JSON schema of `pipeline.yaml`, for editors: built from the models that check the file."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from penstock.spec.check import adapter
from penstock.spec.connectors import Kind, connectors
from penstock.spec.docstrings import attributes, summary
from penstock.spec.models import Pipeline
from penstock.spec.shapes import known_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = {"type": "string", "pattern": r"^\$\{(var|env)\.[A-Za-z_][A-Za-z0-9_]*\}$"}
_REF = "#/$defs/"

Schema = dict[str, Any]


def json_schema(steps: Mapping[str, Any] | None = None) -> Schema:
    """The JSON schema of a pipeline file.

    Args:
        steps: name → model of the declarative steps, which this layer does not know; without
            it, a step's options are not described.
    """
    schema = Pipeline.model_json_schema()
    defs: Schema = schema["$defs"]
    defs["Step"] = _steps(steps or {}, defs)
    transform = defs["Transform"]
    transform["properties"]["steps"] = {
        "type": "array",
        "minItems": 1,
        "items": {"$ref": _REF + "Step"},
        "description": transform["properties"]["steps"].get("description", ""),
    }
    transforms = schema["properties"]["transforms"]
    sql = {"type": "string", "pattern": r"\.sql$", "description": "Path of a `.sql` model."}
    _entries_of(transforms, {"anyOf": [sql, {"$ref": _REF + "Transform"}]})
    _tidy(schema)
    for definition in list(defs.values()):
        _with_references(definition)
    defs["Reference"] = {**_REFERENCE, "description": "A reference to a variable."}
    for kind, name in (("source", "Source"), ("target", "Target")):
        _with_connectors(kind, defs[name], defs)  # type: ignore[arg-type]
    schema["properties"]["profiles"] = _profiles(schema)
    schema["title"] = "Penstock pipeline"
    return {"$schema": DRAFT, **schema}


def _steps(steps: Mapping[str, Any], defs: Schema) -> Schema:
    """A step: a mapping of one key, its name."""
    if not steps:
        return {"type": "object", "minProperties": 1, "maxProperties": 1}
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {name: _model(model, defs) for name, model in steps.items()},
    }


def _model(model: Any, defs: Schema) -> Schema:
    """A model's schema; what it refers to goes to the common definitions."""
    schema: Schema = adapter(model).json_schema(ref_template=_REF + "{model}")
    defs.update(schema.pop("$defs", {}))
    documented = attributes(model)
    for name, field in schema.get("properties", {}).items():
        if name in documented:
            field.setdefault("description", documented[name])
    if schema.get("description") and documented:
        schema["description"] = summary(model)
    return schema


def _with_connectors(kind: Kind, definition: Schema, defs: Schema) -> None:
    """A source or target: its own keys, and those of the connector it names."""
    known = connectors(kind)
    definition["properties"]["connector"] = {
        "description": definition["properties"]["connector"].get("description", ""),
        "enum": list(known),
    }
    own = known_keys(Pipeline, (f"{kind}s", ""))
    cases = []
    for name, connector in known.items():
        before = set(defs)
        options = _model(connector.options, defs)
        for added in set(defs) - before:
            _tidy(defs[added])
            _with_references(defs[added])
        _tidy(options)
        _with_references(options)
        fields = {k: v for k, v in options.get("properties", {}).items() if k not in own}
        then = {"properties": fields, "required": options.get("required", [])}
        if options.get("description"):
            then["description"] = options["description"]
        named = {"properties": {"connector": {"const": name}}, "required": ["connector"]}
        cases.append({"if": named, "then": then})
    definition["allOf"] = cases
    definition.pop("additionalProperties", None)
    definition["unevaluatedProperties"] = False


def _entries_of(section: Schema, entry: Schema) -> None:
    pattern = next(iter(section["patternProperties"]))
    section["patternProperties"] = {pattern: entry}


def _profiles(schema: Schema) -> Schema:
    """Profiles: the same file with nothing required, because the rest is under it."""
    partial = copy.deepcopy({"$defs": schema["$defs"], "properties": schema["properties"]})
    _loosen(partial)
    schema["$defs"].update(
        {name + "InProfile": d for name, d in partial["$defs"].items() if name != "Reference"}
    )
    profile = {
        "type": "object",
        "additionalProperties": False,
        "properties": partial["properties"],
    }
    return {
        "type": "object",
        "description": "Laid over the rest of the file by `--profile NAME`: mappings are merged, "
        "everything else is replaced.",
        "additionalProperties": profile,
    }


def _loosen(node: Any) -> None:
    """Take out of a schema, in place, what asks for something to be there."""
    if isinstance(node, list):
        for item in node:
            _loosen(item)
    if not isinstance(node, dict):
        return
    for key in ("minItems", "minProperties", "unevaluatedProperties"):
        node.pop(key, None)
    if isinstance(node.get("required"), list):
        node.pop("required")
    if isinstance(node.get("oneOf"), list) and all(set(o) == {"required"} for o in node["oneOf"]):
        node.pop("oneOf")
    reference = node.get("$ref")
    if isinstance(reference, str) and reference != _REF + "Reference":
        node["$ref"] = reference + "InProfile"
    for key, value in node.items():
        if key != "if":
            _loosen(value)


def _tidy(node: Any, *, names: bool = False) -> None:
    """Drop pydantic's titles, in place; a name that no pattern allows is an error."""
    if isinstance(node, list):
        for item in node:
            _tidy(item)
    if not isinstance(node, dict):
        return
    if not names:
        node.pop("title", None)
        if node.get("default", 0) is None:
            node.pop("default")
        if "patternProperties" in node:
            node["additionalProperties"] = False
        if isinstance(node.get("description"), str):
            node["description"] = " ".join(node["description"].split())
    for key, value in node.items():
        if key not in {"default", "examples", "enum"}:
            _tidy(value, names=not names and key in {"properties", "patternProperties", "$defs"})


def _with_references(node: Any, *, names: bool = False) -> None:
    """Allow `${var.NAME}` where a number, a truth value or one of several words stands."""
    if isinstance(node, list):
        for item in node:
            _with_references(item)
    if not isinstance(node, dict):
        return
    for key, value in list(node.items()):
        if key in {"default", "examples", "enum", "required", "propertyNames"}:
            continue
        inner = not names and key in {"properties", "patternProperties", "$defs"}
        if isinstance(value, dict) and not inner and _is_exact(value):
            kept = {k: value.pop(k) for k in ("description", "default") if k in value}
            node[key] = {"anyOf": [value, {"$ref": _REF + "Reference"}], **kept}
        else:
            _with_references(value, names=inner)


def _is_exact(node: Schema) -> bool:
    return node.get("type") in ("integer", "number", "boolean") or "enum" in node
