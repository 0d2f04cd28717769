"""The declarative steps, from the models that check them."""

from __future__ import annotations

import re
import sys
from typing import Any

from penstock.transforms import STEPS, load
from penstock.transforms.base import Step
from penstock.transforms.examples import REFUSING, examples
from reference.examples import examples_of
from reference.markdown import paragraphs, table

ENGINES = ("duckdb", *REFUSING)
SCALARS = {"string": "text", "boolean": "true / false", "integer": "number", "number": "number"}


def page() -> str:
    """Every step: what it does, its options, examples with rows in and rows out."""
    lines = [
        "# Steps",
        "",
        "A transform with `steps:` is a chain: each step works on the rows that the one before it",
        "left. A step is one key, its name. Columns and expressions are checked against the types",
        "at that point of the chain, without running anything.",
        "",
        "Every example below is compiled for each engine and run there, and gives the rows that",
        "stand here, with their types, and the rows that are held (`make conformance`). Where an",
        "engine cannot do what an example does, the compiler refuses it with the code given. How",
        "many examples give the same rows:",
        "",
        _on_engines(),
    ]
    for name in STEPS:
        model = load(name)
        example = re.search(r"`(.+?)`", sys.modules[model.__module__].__doc__ or "")
        assert example, f"{model.__module__}: the docstring's first line shows an example"
        lines += ["", f"## {name}", "", paragraphs(model.__doc__)]
        lines += ["", "```yaml", f"- {example.group(1)}", "```"]
        schema = model.model_json_schema(by_alias=True)
        if issubclass(model, Step):
            lines += ["", _options(schema, schema)]
        else:
            lines += ["", f"Value: {words(schema, schema)}."]
        for form in schema.get("$defs", {}).values():
            if "properties" in form:
                lines += ["", f"{words(form, schema)}:", "", _options(form, schema)]
        lines += examples_of(name)
    return "\n".join(lines)


def _on_engines() -> str:
    rows = []
    for step in STEPS:
        every = examples(step)
        cells = []
        for engine in ENGINES:
            codes = sorted({one.refused[engine] for one in every if engine in one.refused})
            refused = sum(engine in one.refused for one in every)
            text = f"{len(every) - refused} of {len(every)}"
            cells.append(f"{text}; else {', '.join(codes)}" if codes else text)
        rows.append([f"[`{step}`](#{step})", *cells])
    return table(["step", *ENGINES], rows)


def _options(model: dict[str, Any], root: dict[str, Any]) -> str:
    needed = model.get("required", [])
    rows = [
        [
            f"`{name}`",
            words(part, root),
            "required" if name in needed else _default(part.get("default")),
            part.get("description", ""),
        ]
        for name, part in model["properties"].items()
    ]
    return table(["option", "value", "default", "what"], rows)


def _default(value: Any) -> str:
    return f"`{value}`" if value not in (None, [], {}) else ""


def words(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """A JSON schema in words.

    >>> words({"type": "array", "items": {"type": "string"}}, {})
    'list of text'
    """
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    either = schema.get("anyOf") or schema.get("oneOf")
    if either:
        parts = [words(s, root) for s in either if s.get("type") != "null"]
        return ", or ".join(dict.fromkeys(parts))
    if "const" in schema or "enum" in schema:
        return " / ".join(f"`{v}`" for v in schema.get("enum") or [schema["const"]])
    if "type" not in schema:
        return "any value"
    if schema["type"] == "array":
        return f"list of {_several(schema['items'], root)}"
    if "properties" in schema:
        return "`{" + ", ".join(f"{key}: …" for key in schema["properties"]) + "}`"
    if schema["type"] == "object":
        return f"key → {_several(schema['additionalProperties'], root)}"
    return SCALARS[schema["type"]]


def _several(schema: dict[str, Any], root: dict[str, Any]) -> str:
    found = words(schema, root)
    return f"({found})" if ", or " in found else found
