"""`penstock destroy`: takes away what `penstock deploy` made."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.where import deployed, where_options


@click.command("destroy")
@shared.folder_argument
@where_options
@click.option(
    "--with-ledger",
    is_flag=True,
    help="Also what is protected: the ledger, and the bucket of runs under way.",
)
@click.option("--yes", "-y", is_flag=True, help="Do not ask first.")
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    sandbox: bool,
    profile: str | None,
    with_ledger: bool,
    yes: bool,
) -> None:
    """Take away what was deployed from FOLDER. Published tables and their buckets stay.

    The ledger knows what was read: without it a pipeline that is deployed again reads everything
    anew. On AWS it is protected until --with-ledger is given.
    """
    from penstock.deploy.operate import deployments
    from penstock.deploy.operate.deploying import UNPROTECTED
    from penstock.deploy.operate.terraform import Terraform
    from penstock.errors import UsageError

    root = shared.pipeline_root(folder)
    found = deployed(root, sandbox=sandbox, profile=profile)
    terraform = Terraform(Path(found.root), {}, output.note)
    if not (yes or sandbox):
        if output.json or not sys.stdin.isatty():
            raise UsageError(
                f"nobody can be asked whether `{found.name}` may be destroyed",
                code="PSK-DEP-006",
                hint="--yes",
            )
        click.confirm(f"Destroy `{found.name}` in {found.region}?", abort=True, err=True)
    variables = {**found.variables, **(UNPROTECTED if with_ledger or sandbox else {})}
    terraform.init()
    if with_ledger:
        terraform.apply(variables)  # protection is a setting of what is there
    changes = terraform.destroy(variables)
    deployments.forget(root, found.name)
    removed = changes["remove"]
    document = {"schema": "penstock.destroy/1", "name": found.name, "removed": removed}
    output.result(f"{found.name}: {removed} removed", document)
