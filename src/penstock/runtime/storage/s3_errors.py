"""What S3 and the way to it answer, in the reader's words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.errors import PenstockError, SourceUnavailable, StorageUnavailable
from penstock.runtime.storage.s3_client import no_credentials

if TYPE_CHECKING:
    from penstock.runtime.storage.s3_client import Settings

CODE_ABSENT = "PSK-SRC-001"
CODE_BUCKET = "PSK-ENV-010"
CODE_DENIED = "PSK-ENV-012"
CODE_UNREACHABLE = "PSK-ENV-013"
DENIED = {
    "InvalidAccessKeyId": "S3 does not know the access key",
    "SignatureDoesNotMatch": "the secret key does not fit the access key",
    "ExpiredToken": "the session token has expired",
    "InvalidToken": "the session token is not valid",
    "AuthorizationHeaderMalformed": "the request was signed for another region",
    "AccessDenied": "access is denied",
}
METADATA_HOSTS = ("169.254.169.254", "169.254.170.2", "security-credentials")


class CutOff(OSError):
    """Fewer bytes came than the object has."""


def is_passing(error: BaseException) -> bool:
    """Whether to try the whole of it again: obstore has not, and it may well pass."""
    if isinstance(error, CutOff):
        return True
    text = str(error).partition("Debug source:")[0]
    if re.search(r"after \d+ retries", text):
        return False
    return "HTTP error" in text or "decoding response body" in text or "Conflict" in text


def translated(error: BaseException, url: str, chosen: Settings, *, writing: bool) -> PenstockError:
    """The error to tell."""
    text, _, more = str(error).partition("Debug source:")
    kind = StorageUnavailable if writing else SourceUnavailable
    verb = "written" if writing else "read"
    where = chosen.endpoint or f"S3 in {chosen.region}"
    bucket = url.split("/")[2]
    if any(host in text for host in METADATA_HOSTS):
        return no_credentials()
    if "NoSuchBucket" in text:
        return kind(
            f"`{url}` cannot be {verb}: there is no bucket `{bucket}` at {where}",
            code=CODE_BUCKET,
            hint="check the bucket's name, AWS_REGION and AWS_ENDPOINT_URL",
        )
    said = next((code for code in DENIED if code in text), None)
    if said or type(error).__name__ in {"PermissionDeniedError", "UnauthenticatedError"}:
        return kind(
            f"`{url}` cannot be {verb}: {DENIED.get(said or 'AccessDenied')}",
            code=CODE_DENIED,
            hint="check the AWS credentials, their policy and AWS_REGION",
        )
    if isinstance(error, PermissionError):
        return kind(f"`{url}` cannot be {verb}: access is denied", code=CODE_DENIED)
    if isinstance(error, FileNotFoundError):
        return kind(f"there is no `{url}`", code=CODE_ABSENT)
    return kind(
        f"`{url}` cannot be {verb}: {_reason(text, more, where)}",
        code=CODE_UNREACHABLE,
        hint="run again when the server answers; nothing was published",
    )


def _reason(text: str, more: str, where: str) -> str:
    tries = re.search(r"after (\d+) retries", text)
    again = f" ({int(tries[1]) + 1} tries)" if tries else ""
    if status := re.search(r"status code: (\d{3}[^:<]*)", text):
        code = re.search(r"<Code>(\w+)</Code>", text)
        return f"{where} answered {status[1].strip()}{f', {code[1]}' if code else ''}{again}"
    if isinstance_text := re.search(r"kind: (Connect|Timeout|Decode|Interrupted)", more):
        words = {
            "Connect": f"nothing answers at {where}",
            "Timeout": f"{where} did not answer in time",
            "Decode": f"{where} cut the answer off",
            "Interrupted": f"{where} cut the connection",
        }
        return words[isinstance_text[1]] + again
    if "bytes came" in text:
        return f"{where} cut the answer off ({text.strip()})"
    if "decoding response body" in text or "incomplete" in more:
        return f"{where} cut the answer off{again}"
    if "HTTP error" in text:
        return f"{where} broke off the request{again}"
    return " ".join(text.split())[:300] or "it gives no reason"
