"""Recorded source schemas: `schemas/NAME.yaml`, as `penstock discover` writes them.

schema:
carrier: {type: varchar, required: true}
flight: integer
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from penstock.compiler.columns import declared
from penstock.compiler.files import read_file
from penstock.errors import InvalidDefinition
from penstock.spec.base import Model
from penstock.spec.check import check
from penstock.spec.models import Columns  # noqa: TC001  # pydantic reads it
from penstock.spec.yaml import read_yaml

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation
    from penstock.program import Column
    from penstock.spec import Definition


class RecordedSchema(Model):
    """What a source was found to hold when it was recorded."""

    columns: Columns = Field(alias="schema")
    """Column → type."""
    recorded_from: str | None = None
    """What was looked at."""
    recorded_at: str | None = None
    """When."""


def recorded_columns(definition: Definition, name: str) -> tuple[Column, ...] | None:
    """The recorded schema of a source; None where none was recorded.

    Raises:
        InvalidDefinition: its file is wrong.
    """
    file = f"schemas/{name}.yaml"
    if not (definition.root / file).is_file():
        return None
    text = definition.read_text(file)
    document = read_yaml(text, file)
    checked, found = check(
        RecordedSchema, document.data, (), document.positions, noun=f"the schema of `{name}`"
    )
    wrong = [d for d in (*document.diagnostics, *found) if d.severity == "error"]
    if checked is None or wrong:
        raise InvalidDefinition(wrong, files={file: text})
    return declared(checked.columns)


def recorded_schema(state: Compilation, name: str) -> tuple[tuple[Column, ...] | None, str | None]:
    """The recorded schema of a source and its file; `(None, None)` where none was recorded."""
    file = f"schemas/{name}.yaml"
    if not (state.definition.root / file).is_file():
        return None, None
    span = state.definition.positions.key(("sources", name))
    text = read_file(state, file, span, noun="schema")
    if text is None:
        return None, file
    document = read_yaml(text, file)
    state.found += document.diagnostics
    if any(d.severity == "error" for d in document.diagnostics):
        return None, file
    checked, found = check(
        RecordedSchema, document.data, (), document.positions, noun=f"the schema of `{name}`"
    )
    state.found += found
    return (declared(checked.columns), file) if checked else (None, file)
