"""`penstock deploy`: a build, applied by Terraform to an AWS account or to the sandbox."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output

if TYPE_CHECKING:
    from penstock.deploy.operate.deployments import Deployment
    from penstock.deploy.operate.terraform import Terraform


@click.command("deploy")
@shared.folder_argument
@click.option("--sandbox", is_flag=True, help="To the sandbox of this folder: no account is used.")
@shared.definition_options
@click.option("--architecture", metavar="NAME", help="Default: `deploy.architecture`.")
@click.option(
    "--build",
    "ready",
    type=click.Path(path_type=Path, file_okay=False),
    help="Deploy this build as it is, instead of building now.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask before AWS is changed.")
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    sandbox: bool,
    profile: str | None,
    variables: tuple[str, ...],
    architecture: str | None,
    ready: Path | None,
    yes: bool,
) -> None:
    """Deploy the pipeline in FOLDER: build it, and have Terraform make what it needs.

    On AWS the plan is shown and asked about first; credentials are those of the environment.
    Deploying the same again changes nothing.
    """
    from penstock.cli.build import build_for
    from penstock.deploy.operate import deployments
    from penstock.deploy.operate.deploying import in_sandbox, on_aws, sandbox_of, speak_with

    root = shared.pipeline_root(folder)
    running = sandbox_of(root) if sandbox else None  # before minutes are spent on a build
    if running:
        speak_with(running)
    if ready is None:
        made = build_for(output, root, architecture, None, profile, variables, sandbox=sandbox)
        ready = made.folder
    if running:
        found, terraform = in_sandbox(root, ready, running, output.note)
    else:
        found, terraform = on_aws(ready, profile or deployments.DEFAULT, output.note)
    terraform.init()
    changes = (
        terraform.apply(found.variables)
        if running
        else _asked_first(output, terraform, found, yes=yes)
    )
    found = replace(found, outputs=terraform.outputs())
    deployments.keep(root, found)
    counts = ", ".join(f"{n} {word}" for word, n in _words(changes).items())
    flag = "--sandbox" if running else f"--profile {found.name}" * (profile is not None)
    text = [
        f"{found.pipeline} is deployed to {'the sandbox' if running else found.region}: {counts}"
    ]
    text += [f"  {kind}: {name}" for kind, name in sorted(found.outputs["functions"].items())]
    text += [f"watch it: penstock runs --follow {flag}".rstrip()]
    document = {
        "schema": "penstock.deploy/1",
        "name": found.name,
        "pipeline": found.pipeline,
        "architecture": found.architecture,
        "region": found.region,
        "program": found.program,
        "changes": changes,
        "outputs": found.outputs,
    }
    output.result("\n".join(text), document)


def _words(changes: dict[str, int]) -> dict[str, int]:
    return {"made": changes["add"], "changed": changes["change"], "removed": changes["remove"]}


def _asked_first(
    output: Output, terraform: Terraform, found: Deployment, *, yes: bool
) -> dict[str, int]:
    from penstock.errors import UsageError

    with tempfile.TemporaryDirectory(prefix="penstock-plan-") as place:
        plan = Path(place) / "plan"
        if not terraform.plan(plan, found.variables):
            return {"add": 0, "change": 0, "remove": 0}
        if not yes:
            if output.json or not sys.stdin.isatty():
                raise UsageError(
                    "nobody can be asked whether AWS may be changed",
                    code="PSK-DEP-006",
                    hint="--yes, after looking at the plan above",
                )
            click.confirm("Change AWS as planned above?", abort=True, err=True)
        return terraform.apply({}, plan=plan)
