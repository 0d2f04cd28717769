"""`penstock build`: everything that an AWS account is given, in one folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output

if TYPE_CHECKING:
    from penstock.deploy.build import Build


@click.command("build")
@shared.folder_argument
@click.option("--architecture", metavar="NAME", help="Default: `deploy.architecture`.")
@click.option(
    "--output",
    "to",
    type=click.Path(path_type=Path),
    help="Where to put it. Default: .penstock/build/ARCHITECTURE, or ARCHITECTURE-PROFILE.",
)
@shared.definition_options
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    architecture: str | None,
    to: Path | None,
    profile: str | None,
    variables: tuple[str, ...],
) -> None:
    """Build the pipeline in FOLDER for an architecture: packages, Terraform and its inputs.

    A second build into the same folder keeps Terraform's state. Nothing is sent to AWS.
    """
    root = shared.pipeline_root(folder)
    made = build_for(output, root, architecture, to, profile, variables)
    text = "\n".join(
        [
            f"built {made.record['pipeline']} for {made.record['architecture']} in {made.folder}",
            *_sizes(made),
            f"next: terraform -chdir={made.folder / 'terraform'} init",
        ]
    )
    output.result(text, {**made.record, "folder": str(made.folder)})


def build_for(
    output: Output,
    root: Path,
    architecture: str | None,
    to: Path | None,
    profile: str | None,
    variables: tuple[str, ...],
    *,
    sandbox: bool = False,
) -> Build:
    """Build a pipeline folder.

    Args:
        architecture: None: that of `deploy.architecture`.
        to: None: `.penstock/build/ARCHITECTURE`, with a profile `ARCHITECTURE-PROFILE`: each
            profile has a folder, and so a state of Terraform's, of its own.
        sandbox: for functions that run on this machine, whatever the pipeline asks for.

    Raises:
        UsageError: there is no architecture, or none of that name.
        BuildError: it cannot be built for it.
    """
    from penstock.deploy.base import ARCHITECTURES
    from penstock.deploy.base import architecture as find
    from penstock.deploy.build import build
    from penstock.errors import UsageError

    definition = shared.load(output, root, profile, variables)
    deploy = definition.pipeline.deploy
    name = architecture or (deploy.architecture if deploy else None)
    if name is None:
        raise UsageError(
            "there is no architecture to build for",
            hint=f"--architecture {' | '.join(ARCHITECTURES)}, or `deploy: {{architecture: …}}`",
        )
    chosen = find(name)
    program = shared.program_or_fail(output, root, chosen.engine, profile, variables)
    folder = "sandbox" if sandbox else f"{name}-{profile}" if profile else name
    return build(
        definition,
        program,
        chosen,
        to or root / ".penstock" / "build" / folder,
        here=sandbox,
    )


def _sizes(made: Build) -> list[str]:
    packages = sorted(made.record["packages"].items())
    return [
        f"  {name}: {each['unpacked_bytes'] / 2**20:.0f} MB unpacked" for name, each in packages
    ]
