"""`penstock cost`: what the pipeline costs on an architecture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.errors import InvalidDefinition, UsageError

if TYPE_CHECKING:
    from pathlib import Path


@click.command("cost")
@shared.folder_argument
@click.option("--architecture", help="Default: that of `deploy`, else lambda.")
@click.option("--gb-per-day", type=float, metavar="GB", help="Instead of what the runs read.")
@click.option("--runs-per-day", type=float, metavar="N", help="Instead of the trigger's.")
@click.option(
    "--setting",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Over `deploy.settings`, such as memory=1769.",
)
@click.option(
    "--zones",
    type=click.IntRange(0, 6),
    default=0,
    metavar="N",
    help="A private network in so many zones.",
)
@click.option("--customer-key", is_flag=True, help="Encrypted with a key of your own.")
@shared.definition_options
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    architecture: str | None,
    gb_per_day: float | None,
    runs_per_day: float | None,
    settings: tuple[str, ...],
    zones: int,
    customer_key: bool,
    profile: str | None,
    variables: tuple[str, ...],
) -> None:
    """What the pipeline in FOLDER costs on AWS: a run, a month, and a month without any run.

    At the volumes that its last runs here measured, or at those you ask for. List prices of
    us-east-1, each with its date and source in `--json`; no free allowance is counted.
    """
    from datetime import UTC, datetime

    from penstock.cost import ask
    from penstock.cost.architectures import architecture as known
    from penstock.cost.estimate import estimate
    from penstock.cost.shape import shape_of
    from penstock.facts.prices import load_prices

    root = shared.pipeline_root(folder)
    given = _settings(settings)
    if architecture is not None:
        known(architecture)  # a wrong name is told before anything is read
    definition = shared.load(output, folder, profile, variables)
    pipeline = definition.pipeline
    chosen = known(
        architecture or (pipeline.deploy.architecture if pipeline.deploy else None) or "lambda"
    )
    checked = shared.check(output, folder, None, profile, variables)
    if checked.program is None:
        raise InvalidDefinition(checked.diagnostics, files=checked.files)
    shape = shape_of(
        pipeline, checked.program, zones=zones, customer_key=customer_key, settings=given
    )
    runs, often = ask.runs_per_day(runs_per_day, shape)
    volume, read = ask.volume_of(shared.last_reports(root, pipeline.name), gb_per_day, runs)
    prices = load_prices()
    old = prices.too_old(datetime.now(UTC).date())
    found = estimate(pipeline.name, chosen, volume, shape, runs, prices, assumptions=(often, *read))
    told = [*found.findings, *([old] if old else [])]
    output.diagnostics(told)

    def shown() -> None:
        import sys

        from penstock.cost.words import print_estimate

        print_estimate(found, sys.stdout)

    document = found.as_json()
    document["diagnostics"] = [d.as_json() for d in told]
    output.result(shown, document)


def _settings(pairs: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--setting takes NAME=VALUE, not `{pair}`", hint="memory=1769")
        found[name] = value
    return found
