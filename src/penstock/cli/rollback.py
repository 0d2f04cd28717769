"""`penstock rollback TARGET VERSION`: publish what an older version shows, as a new one."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.where import where_options


@click.command("rollback")
@click.argument("target")
@click.argument("version")
@shared.folder_behind
@click.option("--reason", help="Why, for the audit trail.")
@where_options
@pass_output
def command(
    output: Output,
    *,
    target: str,
    version: str,
    folder: Path,
    reason: str | None,
    sandbox: bool,
    profile: str | None,
) -> None:
    """Publish what an older VERSION of TARGET showed, as a new version; nothing is deleted.

    VERSION is a version's name, the run that published it, or the beginning of one.
    """
    from penstock.cli.versions import Versions
    from penstock.runtime.rollback import rollback

    root = shared.pipeline_root(folder)
    elsewhere = sandbox or profile is not None
    with (
        Versions(root, target, sandbox=sandbox, profile=profile) as versions,
        # What a run leaves in its folder is read by a rebuild of this folder's own ledger.
        TemporaryDirectory(prefix="penstock-rollback-") as away,
    ):
        wanted = versions.named(version)
        done = rollback(
            Path(away) if elsewhere else root,
            versions.ledger,
            versions.pipeline,
            target,
            wanted,
            reason=reason,
            elsewhere=elsewhere,
        )
    rows = f"{done.rows_loaded:,} row{'s' * (done.rows_loaded != 1)}"
    text = (
        f"{target} shows {wanted} again, as version {done.version} ({rows})"
        if done.changed
        else f"{target} shows {wanted} already"
    )
    document = {
        "schema": "penstock.rollback/1",
        "target": target,
        "restored": wanted,
        "version": done.version,
        "rows": done.rows_loaded,
        "run_id": done.run_id,
        "changed": done.changed,
    }
    output.result(text, document)
