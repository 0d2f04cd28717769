"""`penstock compile`: print what a pipeline is compiled to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.program import Program, Statement


@click.command("compile")
@shared.folder_argument
@click.option(
    "--engine",
    default="duckdb",
    show_default=True,
    help="duckdb, spark, postgres; athena, redshift, snowflake: their SQL, to be run there.",
)
@shared.definition_options
@pass_output
def command(
    output: Output, *, folder: Path, engine: str, profile: str | None, variables: tuple[str, ...]
) -> None:
    """Print the Program of the pipeline in FOLDER: its SQL, or with --json the whole.

    Each statement stands under a comment that names its dataset. The same input gives the same
    bytes.
    """
    program = shared.program_or_fail(output, folder, engine, profile, variables)
    output.result(as_sql(program), program.as_json())


def as_sql(program: Program) -> str:
    """The SQL of a Program, each statement under a comment that names its dataset."""
    return "\n\n".join(_statement(s) for s in program.statements)


def _statement(statement: Statement) -> str:
    if statement.python is not None:
        how = f" (input of {statement.python.file}:{statement.python.function})"
    elif statement.command:
        how = f" (input of {' '.join(statement.command)})"
    else:
        how = ""
    return f"-- {statement.dataset}{how}\n{statement.sql};"
