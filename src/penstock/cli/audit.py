"""`penstock audit [list]` and `penstock audit verify`: the chained trail of what was done."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.tables import table

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.ledger.base import AuditFault

FAILED = 1


class _DefaultList(click.Group):
    """`audit FOLDER` is `audit list FOLDER`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `list` in front of anything that names no command."""
        if not args or (args[0] not in self.commands and args[0] not in {"-h", "--help"}):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("audit", cls=_DefaultList)
def command() -> None:
    """Show or verify the audit trail: `audit [list]`, `audit verify`."""


@command.command("list")
@shared.folder_argument
@click.option("--limit", type=click.IntRange(min=1), help="The last entries only.")
@pass_output
def list_entries(output: Output, *, folder: Path, limit: int | None) -> None:
    """List the entries of the audit trail in FOLDER, oldest first."""
    ledger = shared.open_ledger(shared.pipeline_root(folder))
    entries = ledger.audit(limit=limit) if ledger else []

    def shown() -> str:
        if not entries:
            return "the audit trail is empty"
        header = ["number", "at", "actor", "action", "subject", "hash"]
        rows = [[e.number, e.at[:19], e.actor, e.action, e.subject, e.hash[:12]] for e in entries]
        return table(header, rows)

    output.result(shown, {"schema": "penstock.audit/1", "entries": [asdict(e) for e in entries]})


@command.command("verify")
@shared.folder_argument
@pass_output
def verify(output: Output, *, folder: Path) -> int:
    """Check that no entry of the audit trail was changed, removed or inserted."""
    root = shared.pipeline_root(folder)
    ledger = shared.open_ledger(root)
    entries = ledger.audit() if ledger else []
    faults = ledger.verify_audit() if ledger else _without_ledger(root)
    document = {
        "schema": "penstock.audit_verify/1",
        "valid": not faults,
        "entries": len(entries),
        # Kept somewhere else, it also finds a ledger that was replaced as a whole.
        "head": entries[-1].hash if entries else None,
        "faults": [asdict(f) for f in faults],
    }

    def shown() -> str:
        if faults:
            told = [f"{f.kind}: {f.message}" for f in faults]
            return "\n".join(["the audit trail does not hold", *told])
        if not entries:
            return "the audit trail is empty"
        count = f"{len(entries):,} entr{'y' if len(entries) == 1 else 'ies'}"
        return f"the audit trail holds: {count}, the last {entries[-1].hash}"

    output.result(shown, document)
    return FAILED if faults else 0


def _without_ledger(root: Path) -> list[AuditFault]:
    """Nothing ever ran here, or somebody took the ledger away."""
    from penstock.runtime.ledger.base import AuditFault

    runs = root / ".penstock" / "runs"
    count = sum(1 for p in runs.iterdir() if p.is_dir()) if runs.is_dir() else 0
    if not count:
        return []
    what = f"the ledger is gone, and {count:,} run(s) left their folders in .penstock/runs"
    return [AuditFault(0, "removed", what)]
