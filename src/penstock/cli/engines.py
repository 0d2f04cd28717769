"""`penstock engines`: which engines a pipeline's SQL can be written for, and why not the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.tables import table
from penstock.errors import invalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from penstock.compiler.portability import Finding
    from penstock.diagnostics import Diagnostic
    from penstock.spec import Definition

SCHEMA = "penstock.engines/1"


@click.command("engines")
@shared.folder_argument
@shared.definition_options
@pass_output
def command(
    output: Output, *, folder: Path, profile: str | None, variables: tuple[str, ...]
) -> None:
    """Say for each engine whether the pipeline in FOLDER means the same there.

    Every function, operator, cast and clause of its SQL is looked up in the portable language.
    What is not in it, or what an engine cannot do, is told with its place and what to write.
    """
    from penstock import dialects
    from penstock.compiler import compile_definition
    from penstock.compiler.portability import portability
    from penstock.dialects.portable.entry import ENGINES

    definition = shared.load(output, shared.pipeline_root(folder), profile, variables)
    state = compile_definition(definition)
    errors = [d for d in state.diagnostics if d.severity == "error"]
    if errors:
        raise invalid(errors, files=state.files)
    found = portability(state)
    output.diagnostics(state.diagnostics, state.files)
    engines = {
        engine: {
            "portable": not _against(found, engine),
            "runs": dialects.missing(engine) is None,
            "datasets": len(state.statements),
            "because": [
                {"dataset": f.dataset, **f.diagnostic.as_json()} for f in _against(found, engine)
            ],
        }
        for engine in ENGINES
    }
    written = {name: _written(definition, name) for name in dialects.WAREHOUSES}
    rows: list[list[object]] = [
        [
            engine,
            _words(len(state.statements), _against(found, engine)),
            "yes" if told["runs"] else "not in this version",
        ]
        for engine, told in engines.items()
    ]
    output.diagnostics(_together(d for refused in written.values() for d in refused), state.files)
    for name, refused in written.items():
        against = {d.message.partition("`: ")[0] for d in refused}
        rows.append([name, _counted(len(state.statements), len(against)), "SQL only"])
        engines[name] = {
            "portable": not refused,
            "runs": False,
            "datasets": len(state.statements),
            "because": [d.as_json() for d in refused],
        }
    output.result(
        lambda: table(["engine", "means the same", "penstock run"], rows),
        {"schema": SCHEMA, "engines": engines},
    )


def _against(found: Sequence[Finding], engine: str) -> list[Finding]:
    return [f for f in found if engine in f.diagnostic.engines]


def _written(definition: Definition, warehouse: str) -> list[Diagnostic]:
    """Why a pipeline's SQL cannot be written for a warehouse, of what the engines all have."""
    from penstock.compiler import compile_definition
    from penstock.diagnostics import Diagnostic

    state = compile_definition(definition, warehouse)
    steps = [s for s in state.statements if s.kind in ("python", "command")]
    return [d for d in state.diagnostics if d.severity == "error"] + [
        Diagnostic(
            "PSK-PORT-006",
            f"`{s.dataset}`: a warehouse has its SQL only, and this step is none",
            definition.positions.key(("transforms", s.dataset)),
            "run the pipeline on an engine, and let a target bring the rows to the warehouse",
            severity="warning",
            engines=(warehouse,),
        )
        for s in steps
    ]


def _together(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """What is told of several warehouses once, with the name of each."""
    from dataclasses import replace

    made: dict[tuple[object, ...], Diagnostic] = {}
    for one in found:
        key = (one.code, one.message, one.span)
        engines = (*made[key].engines, *one.engines) if key in made else one.engines
        made[key] = replace(one, engines=engines)
    return list(made.values())


def _words(datasets: int, against: Sequence[Finding]) -> str:
    return _counted(datasets, len({f.dataset for f in against}))


def _counted(datasets: int, wrong: int) -> str:
    if not wrong:
        return f"yes, all {datasets} datasets"
    return f"no: {wrong} of {datasets} datasets do not"
