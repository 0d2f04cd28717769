"""The secrets of a function, out of Secrets Manager: once for as long as its process lives.

Their values are in no variable, no message and no log: errors tell names and ARNs.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.errors import RunError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

CODE = "PSK-FN-006"


def fetch(arns: str | None, only: Sequence[str] | None = None) -> dict[str, str]:
    """The values of secrets by their names.

    Args:
        arns: a JSON object, name → ARN; None or empty: there are none.
        only: the names that are wanted; None: all.

    Raises:
        RunError: it is no such object.
        Unavailable: a secret is not there, or may not be read.
    """
    places = _places(arns) if arns else {}
    if not places:
        return {}
    import boto3

    clients: dict[str, Any] = {}
    found = {}
    for name, arn in places.items():
        if only is not None and name not in only:
            continue
        region = arn.split(":")[3]
        if region not in clients:
            clients[region] = boto3.client("secretsmanager", region_name=region)
        found[name] = _value(clients[region], name, arn)
    return found


def _value(client: Any, name: str, arn: str) -> str:
    """https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer: dict[str, Any] = client.get_secret_value(SecretId=arn)
    except ClientError as error:
        reason = error.response["Error"].get("Code", "")
        raise _refused(name, arn, reason) from error
    except BotoCoreError as error:
        raise _refused(name, arn, str(error)) from error
    if "SecretString" in answer:
        return str(answer["SecretString"])
    try:
        return bytes(answer["SecretBinary"]).decode()
    except UnicodeDecodeError:
        raise _refused(name, arn, "it is no text") from None


def _places(arns: str) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(arns)
        if all(arn.split(":")[2] == "secretsmanager" for arn in found.values()):
            return found
    except (ValueError, AttributeError, IndexError):
        pass
    raise RunError(
        "the variable PENSTOCK_SECRET_ARNS is not a JSON object of names and ARNs of secrets",
        code="PSK-FN-003",
        hint="the build's Terraform sets it; apply it again",
    )


def _refused(name: str, arn: str, reason: str) -> Unavailable:
    return Unavailable(
        f"the secret `{name}` cannot be read from {arn}: {reason}",
        code=CODE,
        hint="it must be there, and the function's role must be allowed "
        "secretsmanager:GetSecretValue on it (and kms:Decrypt, where it has a key of its own)",
    )
