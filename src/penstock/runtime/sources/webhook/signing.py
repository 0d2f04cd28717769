"""Whether a request was signed by who knows the secret, and not long ago."""

from __future__ import annotations

import base64
import hmac
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from penstock.runtime.periods import parse_period

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from penstock.runtime.sources.webhook.options import Signature, Timestamp

TOLERANCE_SECONDS = 300.0
_MILLISECONDS_FROM = 1e11
"""Seconds since 1970 are below it for three thousand years, milliseconds above it since 1973."""


class NotSigned(Exception):
    """A request does not prove that its sender knows the secret; says why, for the log."""


def verify(signature: Signature, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Make sure that a request is signed.

    Args:
        signature: with the values of its secrets.
        headers: names in lower case.

    Raises:
        NotSigned: it is not.
    """
    given = headers.get(signature.header.lower())
    if not given:
        raise NotSigned(f"there is no header `{signature.header}`")
    moment = _moment(signature.timestamp, headers, now) if signature.timestamp else ""
    before, _, after = signature.signed.partition("{body}")
    stamp = {"{timestamp}": moment}
    message = _filled(before, stamp) + body + _filled(after, stamp)
    good = False
    sent = [_decoded(m, signature.encoding) for m in _marked(given, signature.prefix)]
    for secret in (signature.secret, signature.previous):
        if not secret:
            continue  # an empty secret is known to everyone
        made = hmac.digest(secret.encode(), message, signature.algorithm)
        for each in sent:
            good |= hmac.compare_digest(made, each)
    if not good:
        raise NotSigned("the signature is another")


def _moment(timestamp: Timestamp, headers: Mapping[str, str], now: datetime) -> str:
    """The time that was signed, as it was written."""
    given = headers.get(timestamp.header.lower(), "")
    found = next(_marked(given, timestamp.prefix), None)
    if not found:
        raise NotSigned(f"the header `{timestamp.header}` has no time")
    try:
        if re.fullmatch(r"\d{1,15}(\.\d+)?", found, re.ASCII):
            seconds = float(found)
            seconds = seconds / 1000 if seconds > _MILLISECONDS_FROM else seconds
        else:
            moment = datetime.fromisoformat(found)
            seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError) as error:
        raise NotSigned(f"`{found[:40]}` is no time") from error
    tolerance = parse_period(timestamp.tolerance) if timestamp.tolerance else TOLERANCE_SECONDS
    if abs(now.timestamp() - seconds) > tolerance:
        raise NotSigned(f"it was signed at {found[:40]}, which is too far from now")
    return found


def _marked(given: str, prefix: str) -> Iterator[str]:
    """What stands behind a prefix, of all that a header has.

    >>> list(_marked("t=1,v1=ab, v1=cd", "v1="))
    ['ab', 'cd']
    """
    if not prefix:
        yield given.strip()
        return
    for part in re.split(r"[,\s]+", given):
        if part.startswith(prefix):
            yield part.removeprefix(prefix)


def _decoded(found: str, encoding: str) -> bytes:
    """The bytes of a signature; none: it is not written as it should be."""
    try:
        if encoding == "hex":
            return bytes.fromhex(found)
        return base64.b64decode(found, validate=True)
    except ValueError:
        return b""


def _filled(part: str, values: Mapping[str, str]) -> bytes:
    for name, value in values.items():
        part = part.replace(name, value)
    return part.encode()
