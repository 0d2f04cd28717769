"""boto3's clients, and what AWS refuses in words. boto3 is imported when a client is first made."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from penstock.errors import MissingExtra, PenstockError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

CODE = "PSK-ENV-015"
CONNECT_SECONDS = 5
READ_SECONDS = 60
_DENIED = frozenset({"AccessDenied", "ExpiredToken", "UnrecognizedClient", "InvalidSignature"})


def quieten() -> None:
    """boto3 tells where it found keys and endpoints at level INFO, which functions log; no more."""
    for chatty in ("boto3", "botocore", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def client(service: str, *, region: str | None = None, wanted_by: str) -> Any:
    """A client; endpoint, region and keys from the usual AWS variables. No request is made.

    Raises:
        MissingExtra: boto3 is not installed.
        Unavailable: no region is known, or a setting is wrong.
    """
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ModuleNotFoundError as error:
        raise MissingExtra("boto3", "aws", wanted_by=wanted_by) from error
    config = Config(
        connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"mode": "standard"}
    )
    # boto3 itself reads AWS_DEFAULT_REGION and the profile, and not AWS_REGION.
    region = region or os.environ.get("AWS_REGION")
    try:
        return boto3.client(service, region_name=region, config=config)
    except (BotoCoreError, ValueError) as error:
        raise Unavailable(
            f"AWS cannot be asked: {error}",
            code=CODE,
            hint="set AWS_REGION, and keys or AWS_PROFILE",
        ) from error


def call(what: str, request: Callable[..., Any], **given: Any) -> dict[str, Any]:
    """Make a request.

    Args:
        what: what it is for, in messages: "the Data API of Redshift".

    Raises:
        Refused: the service answered with an error.
        Unavailable: it did not answer, or there is no right to ask.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return dict(request(**given))
    except ClientError as error:
        about = error.response.get("Error", {})
        code, text = about.get("Code", ""), about.get("Message", "")
        raise Refused(what, code, text) from error
    except BotoCoreError as error:
        raise unreachable(what, error) from error


def unreachable(what: str, error: Exception) -> Unavailable:
    """A service did not answer."""
    return Unavailable(
        f"{what} cannot be reached: {error}",
        code=CODE,
        hint="look at the network, AWS_REGION and the keys, then run again",
    )


class Refused(Unavailable):
    """A service answered with an error.

    Attributes:
        error: AWS's name of it, without `Exception` at its end.
    """

    default_code = CODE

    def __init__(self, what: str, error: str, text: str) -> None:
        self.error = error.removesuffix("Exception")
        hint = "look at the name and the region; if AWS was busy, run again"
        if self.error in _DENIED:
            hint = "give these keys, or the role, the right to it"
        super().__init__(f"{what} says {error}: {text}", hint=hint)


def is_missing(error: PenstockError) -> bool:
    """Whether what was asked for is not there."""
    return isinstance(error, Refused) and error.error in {"EntityNotFound", "ResourceNotFound"}
