"""A client of DynamoDB, and its errors in words."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any

from penstock.errors import LedgerError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS = 5
READ_SECONDS = 20
ATTEMPTS = 8
"""How often a request is made at most; the pauses grow. `AWS_MAX_ATTEMPTS` says another number."""

_STANDS = "the published tables are not touched by this"
_DENIED = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "UnrecognizedClientException",
    }
)
_KEYLESS = frozenset({"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"})
_OUTDATED = frozenset({"TransactionCanceledException", "TransactionConflictException"})


_PASSES = frozenset(
    {
        "None",
        "ConditionalCheckFailed",
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)
"""Why a transaction is cancelled that may be made when it is tried again."""


class Outdated(Exception):
    """Another writer was faster; what was read is old.

    Attributes:
        reasons: why, for each item of the transaction; `None` where nothing stood against it.
    """

    def __init__(self, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(reasons)
        self.reasons = reasons


def connect(region: str | None) -> Any:
    """A DynamoDB client; endpoint, region and keys from the usual AWS variables. No request.

    Raises:
        MissingExtra: boto3 is not installed.
        LedgerError: no region is known, or a setting is wrong.
    """
    try:
        import boto3
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError as error:
        raise MissingExtra("boto3", "aws", wanted_by="a ledger in DynamoDB") from error
    retries: dict[str, Any] = {"mode": "standard"}
    if "AWS_MAX_ATTEMPTS" not in os.environ:
        retries["total_max_attempts"] = ATTEMPTS
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries=retries)
    region = region or os.environ.get("AWS_REGION")
    core = botocore.session.get_session()
    core.register_component("data_loader", _loader())
    try:
        session = boto3.session.Session(botocore_session=core)
        return session.client("dynamodb", region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise LedgerError(
            f"the ledger in DynamoDB cannot be opened: {error}",
            code="PSK-LED-011",
            hint="name the region: `dynamodb://TABLE?region=eu-central-1`, or set AWS_REGION",
        ) from error


@cache
def _loader() -> Any:
    """What reads AWS's description of its services: 0.1 s, and the same for every client."""
    from botocore.loaders import create_loader

    return create_loader(os.environ.get("AWS_DATA_PATH"))


def call(table: str, request: Callable[..., Any], **given: Any) -> dict[str, Any]:
    """Make a request.

    Raises:
        Outdated: a transaction was cancelled.
        LedgerError: anything else.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return dict(request(**given))
    except ClientError as error:
        about = error.response.get("Error", {})
        code, text = about.get("Code", ""), about.get("Message", "")
        if code in _OUTDATED:
            found = error.response.get("CancellationReasons", ())
            reasons = tuple(reason.get("Code", "None") for reason in found)
            if _PASSES.issuperset(reasons):
                raise Outdated(reasons) from error
        raise _told(table, code, text) from error
    except BotoCoreError as error:
        raise _told(table, type(error).__name__, str(error)) from error


def _told(table: str, code: str, text: str) -> LedgerError:
    if code == "ResourceNotFoundException":
        return LedgerError(
            f"there is no table `{table}` for the ledger in this account and region",
            code="PSK-LED-010",
            hint="name the table that `terraform apply` made, and its region",
        )
    if code == "ValidationException":
        return LedgerError(
            f"the table `{table}` is no ledger: {text}",
            code="PSK-LED-010",
            hint="name the table that `terraform apply` made, and its region",
        )
    if code in _DENIED or code in _KEYLESS:
        return LedgerError(
            f"AWS does not let this process use the ledger's table `{table}`: {text}",
            code="PSK-LED-011",
            hint=f"give it keys, or its role the ledger module's policy; {_STANDS}",
        )
    return LedgerError(
        f"the ledger's table `{table}` cannot be read or written: {text or code} ({code})",
        code="PSK-LED-012",
        hint=f"run again; if it goes on, look at the table's throttling in CloudWatch; {_STANDS}",
    )
