"""Pass: puts the Program together; there is none while there is an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.program import Program

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation
    from penstock.diagnostics import Span


def assemble(state: Compilation) -> None:
    """Fill `state.program`."""
    if not state.valid:
        return
    state.program = Program(
        pipeline=state.definition.pipeline.name,
        engine=state.engine,
        reads=tuple(state.reads),
        statements=tuple(state.statements),
        checks=tuple(state.checks),
        loads=tuple(state.loads),
        kpis=tuple(state.kpis),
        places=_places(state),
        schema_changes=tuple(state.schema_changes),
        slicing=state.slicing,
    ).seal()


def _places(state: Compilation) -> dict[str, list[Any]]:
    """Where things stand: `dataset:NAME`, `dataset:NAME/STAGE` (from 1), `check:#`, `load:NAME`.

    And `kpi:NAME`. A stage is a relation of a chain; its place is that of the step it comes from.
    """
    positions = state.definition.positions
    places: dict[str, list[Any]] = {}
    for name, info in state.datasets.items():
        section = "sources" if info.kind == "source" else "transforms"
        places[f"dataset:{name}"] = _at(positions.key((section, info.part_of or name)))
        made = state.made.get(name)
        for i, part in enumerate(made.parts if made else ()):
            path = ("transforms", info.part_of or name, "steps", part.number, part.step)
            places[f"dataset:{name}/{i + 1}"] = _at(positions.key(path))
    for key, span in state.places.items():
        places[key] = _at(span)
    for load in state.loads:
        places[f"load:{load.target}"] = _at(positions.key(("targets", load.target)))
    return places


def _at(span: Span) -> list[Any]:
    return [span.file, span.line, span.column]
