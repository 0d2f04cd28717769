"""What every ledger says and writes alike: refusals, times, JSON, what an end tells the trail."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.errors import Conflict, LedgerError, UsageError
from penstock.runtime.ledger.holder import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.runtime.ledger.base import Lock, Version

_SHOWN = 5


def iso(seconds: float) -> str:
    """Seconds since 1970 as a ledger writes them.

    >>> iso(0.5)
    '1970-01-01T00:00:00.500000Z'
    """
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def to_json(value: object) -> str:
    """JSON as it is kept: what JSON has no word for (a date in a sample row) becomes text."""
    return json.dumps(value, ensure_ascii=False, default=str)


def told_of_end(
    attempt: int,
    program: str,
    slice_: str,
    report: dict[str, Any],
    versions: Sequence[Version],
) -> dict[str, Any]:
    """What the audit trail tells of the end of an attempt."""
    return {
        "attempt": attempt,
        "program": program,
        "slice": slice_,
        "report": "sha256:" + hashlib.sha256(to_json(report).encode()).hexdigest(),
        "published": [
            {"target": v.target, "version": v.version, "location": v.location} for v in versions
        ],
    }


def held(name: str, holder: str, since: str) -> Conflict:
    """A live holder has the lock."""
    return Conflict(
        f"another run has the lock `{name}`: {describe(holder)}, since {since}",
        hint="wait until it has ended, then run again; the lock of a process that died "
        "is taken over by itself",
    )


def taken_over(lock: Lock, holder: str | None) -> Conflict:
    """The lock is no longer the caller's; `holder` has it now, or nobody."""
    by = f" by {describe(holder)}" if holder else ""
    return Conflict(
        f"the lock `{lock.name}` was taken over{by} while this run was not heard of",
        hint="this run published nothing more; run again",
    )


def unknown(run_id: str) -> LedgerError:
    """There is no such run."""
    return LedgerError(f"the ledger knows of no run `{run_id}`")


def ended(run_id: str, status: str) -> Conflict:
    """The run has ended, so that whoever goes on with it is a zombie."""
    return Conflict(
        f"the run `{run_id}` has ended already ({status}): another process finished it",
        hint="`penstock runs list` shows how it ended; run again",
    )


def id_taken(run_id: str) -> LedgerError:
    """A new run was given an old run's id."""
    return LedgerError(f"there is a run `{run_id}` already", hint="run again: ids are random")


def ambiguous(prefix: str, run_ids: Sequence[str]) -> UsageError:
    """A prefix is that of several runs, named latest first."""
    names = ", ".join(run_ids[:_SHOWN])
    more = f", … ({len(run_ids) - _SHOWN} more)" if len(run_ids) > _SHOWN else ""
    return UsageError(
        f"`{prefix}` is the beginning of {len(run_ids)} runs",
        code="PSK-CLI-004",
        hint=f"say more of it: {names}{more}",
    )
