"""`penstock validate`: every error of every file at once; nothing is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.diagnostics import SCHEMA
from penstock.errors import InvalidDefinition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from penstock.compiler import Compilation
    from penstock.diagnostics import Diagnostic


@click.command("validate")
@shared.folder_argument
@click.option("--engine", help="Check for this engine; default: the profile's, else duckdb.")
@shared.definition_options
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    engine: str | None,
    profile: str | None,
    variables: tuple[str, ...],
) -> int:
    """Check the pipeline in FOLDER: its files, references, SQL, types, rules, targets."""
    from penstock.compiler import compile_definition
    from penstock.spec.models import ENGINE_OF

    try:
        definition = shared.load(output, folder, profile, variables)
    except InvalidDefinition as unusable:  # no pipeline.yaml that could be compiled
        output.diagnostics(unusable.diagnostics, unusable.files)
        output.result("", _document(unusable.diagnostics, _none_can(unusable.diagnostics)))
        return unusable.exit_code
    deploy = definition.pipeline.deploy
    target = deploy.architecture if deploy and profile else None
    asked = engine or (ENGINE_OF[target] if target else "duckdb")
    compilation = compile_definition(definition, asked)
    output.files.update(definition.files)
    output.diagnostics(compilation.diagnostics)
    document = _document(compilation.diagnostics, compilation.engines)
    output.result(lambda: _words(compilation), document)
    return 0 if compilation.valid else InvalidDefinition.exit_code


def _document(found: Sequence[Diagnostic], engines: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "valid": not any(d.severity == "error" for d in found),
        "diagnostics": [d.as_json() for d in found],
        "engines": engines,
    }


def _none_can(found: Sequence[Diagnostic]) -> dict[str, Any]:
    from penstock.spec.models import ENGINES

    because = list(dict.fromkeys(d.code for d in found if d.severity == "error"))
    return {engine: {"supported": False, "because": because} for engine in ENGINES}


def _words(compilation: Compilation) -> str | None:
    if not compilation.valid:
        return None
    pipeline = compilation.definition.pipeline
    counts = [
        (len(pipeline.sources), "source"),
        (len(pipeline.transforms), "transform"),
        (len(compilation.checks), "rule"),
        (len(pipeline.targets), "target"),
    ]
    told = ", ".join(f"{n} {word}{'s' * (n != 1)}" for n, word in counts)
    runs = [name for name, state in compilation.engines.items() if state["supported"]]
    return f"{pipeline.name} is valid: {told}; runs on {', '.join(runs)}"
