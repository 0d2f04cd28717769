"""`penstock validate`: every error of every file at once; nothing is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.diagnostics import SCHEMA
from penstock.errors import InvalidDefinition, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from penstock.cli.snapshot import Checked
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
    try:
        checked = shared.check(output, folder, engine, profile, variables)
    except InvalidDefinition as unusable:  # no pipeline.yaml that could be compiled
        output.diagnostics(unusable.diagnostics, unusable.files)
        output.result("", _document(unusable.diagnostics, _none_can(unusable.diagnostics)))
        return unusable.exit_code
    told = (*checked.diagnostics, *_fit(checked), *_tests(output, checked))
    output.diagnostics(told)
    document = _document(told, checked.engines)
    output.result(lambda: _words(checked) if document["valid"] else None, document)
    return 0 if document["valid"] else invalid(told).exit_code


def _tests(output: Output, checked: Checked) -> Sequence[Diagnostic]:
    """What is wrong with the unit tests; none is run."""
    if checked.program is None or not (checked.root / "tests").is_dir():
        return ()
    from penstock.proving.looking import look

    told, texts = look(checked.root, checked.program)
    output.files.update(texts)
    return told


def _fit(checked: Checked) -> Sequence[Diagnostic]:
    """Warnings where the architecture is the wrong one for what the last runs read."""
    if not checked.valid or checked.deploy is None:
        return ()
    from penstock.cost.findings import of_runs

    reports = shared.last_reports(checked.root, checked.name)
    return of_runs(checked.deploy, checked.program, reports)


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


def _words(checked: Checked) -> str | None:
    if not checked.valid:
        return None
    told = ", ".join(f"{n} {word}{'s' * (n != 1)}" for word, n in checked.counts.items())
    runs = [name for name, state in checked.engines.items() if state["supported"]]
    return f"{checked.name} is valid: {told}; runs on {', '.join(runs)}"
