"""Columns as the pipeline file declares them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock import types
from penstock.program import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.spec.models import ColumnSpec


def declared(columns: Mapping[str, str | ColumnSpec]) -> tuple[Column, ...]:
    """Columns of the pipeline file: a type, or the long form."""
    return tuple(
        Column(name, types.normalize(spec))
        if isinstance(spec, str)
        else Column(name, types.normalize(spec.type), required=spec.required)
        for name, spec in columns.items()
    )
