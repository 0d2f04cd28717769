"""Opens a ledger by what names it: a file's path, or `dynamodb://TABLE?region=REGION`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from penstock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.runtime.ledger.base import Ledger

_HINT = "a file's path, or `dynamodb://TABLE?region=eu-central-1` (the region may be left out)"


def open_ledger(reference: str | Path, *, actor: str | None = None) -> Ledger:
    """The ledger that a reference names.

    Args:
        reference: the path of a SQLite file (its folder must be there), or
            `dynamodb://TABLE?region=REGION`.
        actor: who works here, for the audit trail; None: `user@host`.

    Raises:
        UsageError: it names no ledger.
        MissingExtra: what the ledger needs is not installed.
        LedgerError: it cannot be opened.
    """
    scheme = "file"
    if isinstance(reference, str) and "://" in reference:
        scheme = urlsplit(reference).scheme
    if scheme not in _OPENERS:
        raise UsageError(f"`{reference}` names no ledger", hint=_HINT)
    return _OPENERS[scheme](reference, actor)


def _sqlite(reference: str | Path, actor: str | None) -> Ledger:
    from penstock.runtime.ledger.sqlite import SQLiteLedger

    return SQLiteLedger(Path(reference), actor=actor)


def _dynamodb(reference: str | Path, actor: str | None) -> Ledger:
    parts = urlsplit(str(reference))
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    region = options.pop("region", None)
    table = unquote(parts.netloc)
    if not table or parts.path.strip("/") or options or region == "":
        raise UsageError(f"`{reference}` names no ledger", hint=_HINT)
    from penstock.runtime.ledger.dynamodb import DynamoDBLedger

    return DynamoDBLedger(table, region=region, actor=actor)


_OPENERS: dict[str, Callable[[str | Path, str | None], Ledger]] = {
    "file": _sqlite,
    "dynamodb": _dynamodb,
}
