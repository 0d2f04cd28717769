"""`penstock tune`: how much memory the pipeline's functions are worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.errors import InvalidDefinition, UsageError

if TYPE_CHECKING:
    from penstock.program import Program


@click.command("tune")
@shared.folder_argument
@click.option("--architecture", metavar="NAME", help="Default: `deploy.architecture`.")
@click.option("--sizes", metavar="MB,MB,…", help="Default: 512,1024,1769,3008,5307.")
@click.option(
    "--input",
    "asked",
    multiple=True,
    metavar="SOURCE=FILES",
    help="A file, folder or glob. Default: what the source reads without a profile.",
)
@click.option(
    "--repeats",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="Warm calls at each size.",
)
@shared.definition_options
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    architecture: str | None,
    sizes: str | None,
    asked: tuple[str, ...],
    repeats: int,
    profile: str | None,
    variables: tuple[str, ...],
) -> None:
    """Work on a slice of the pipeline in FOLDER at several sizes of memory.

    The functions' real package runs in a sandbox of its own, with the processors and the memory of
    each size. Prints seconds, peak memory and list price of each, and the size beyond which time
    falls by less than it costs. Databases and APIs are read once for each call.
    """
    import tempfile

    from penstock.cli.build import build_for
    from penstock.deploy.base import architecture as find

    root = shared.pipeline_root(folder)
    given = _inputs(asked)
    definition = shared.load(output, root, profile, variables)
    deploy = definition.pipeline.deploy
    chosen = architecture or (deploy.architecture if deploy else None) or "lambda"
    if not getattr(find(chosen), "tunable", False):
        raise UsageError(
            f"the architecture `{chosen}` has no memory to tune", hint="--architecture lambda"
        )
    from penstock.deploy.architectures.serverless_lambda.tuning.inputs import inputs
    from penstock.deploy.architectures.serverless_lambda.tuning.tune import sizes_of, tune
    from penstock.deploy.architectures.serverless_lambda.tuning.words import print_tuning

    wanted = sizes_of(sizes)
    checked = shared.check(output, root, find(chosen).engine, profile, variables)
    program = checked.program
    if program is None:
        raise InvalidDefinition(checked.diagnostics, files=checked.files)
    files = inputs(program, _local(output, root, profile, variables), root, given)
    with tempfile.TemporaryDirectory(prefix="penstock-tune-") as place:
        output.note("building the package for this machine …")
        made = build_for(
            output, root, chosen, Path(place) / "build", profile, variables, sandbox=True
        )
        found = tune(
            program,
            dict(deploy.settings) if deploy else {},
            made.folder,
            files,
            sizes=wanted,
            repeats=repeats,
            note=output.note,
        )

    def shown() -> None:
        import sys

        print_tuning(found, sys.stdout)

    output.result(shown, found.as_json())


def _inputs(pairs: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name or not value:
            raise UsageError(
                f"--input takes SOURCE=FILES, not `{pair}`", hint="--input orders=data/orders.csv"
            )
        found[name] = value
    return found


def _local(
    output: Output, root: Path, profile: str | None, variables: tuple[str, ...]
) -> Program | None:
    """The pipeline as it runs here, if it does."""
    return shared.check(output, root, "duckdb", None, variables).program if profile else None
