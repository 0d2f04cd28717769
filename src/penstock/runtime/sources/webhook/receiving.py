"""What is answered to a request: success only once its event is durable.

Nothing here knows of Lambda or of a server: a request is a method, a path, headers and bytes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.errors import PenstockError
from penstock.runtime.sources.webhook import inbox
from penstock.runtime.sources.webhook.signing import NotSigned, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.runtime.sources.webhook.options import Signature, WebhookSourceOptions
    from penstock.runtime.storage import Store

METHODS = ("POST", "PUT")


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        headers: names in lower case; several of one name are joined by commas.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered.

    Attributes:
        document: the body, as JSON.
        reason: for the log only.
    """

    status: int
    document: Mapping[str, Any]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """Where the events of one source come in.

    Attributes:
        signature: gives how they are signed, with the values of the secrets; `True`: they are to
            be fetched anew, for they may have been changed.
    """

    dataset: str
    options: WebhookSourceOptions
    store: Store
    signature: Callable[[bool], Signature | None]


def receive(doors: Sequence[Door], request: Request, *, now: datetime | None = None) -> Answer:
    """Check a request and put its event into the inbox.

    Never raises for what a sender or the storage does.
    """
    moment = now or datetime.now(UTC)
    door = next((d for d in doors if _leads(d.options.path, request.path)), None)
    if door is None:
        return _refused(404, "nothing is received at this path")
    if request.method not in METHODS:
        return _refused(405, f"events are sent by {' or '.join(METHODS)}")
    if len(request.body) > door.options.max_bytes:
        return _refused(413, f"a request has at most {door.options.max_bytes:,} bytes")
    try:
        _check_signature(door, request, moment)
        return _put(door, request, moment)
    except NotSigned as error:
        return Answer(401, {"error": "the request is not signed as it should be"}, str(error))
    except PenstockError as error:  # storage, or a secret that cannot be had
        return Answer(503, {"error": "try again later"}, f"{error.code}: {error.message}")


def _check_signature(door: Door, request: Request, moment: datetime) -> None:
    signature = door.signature(False)
    if signature is None:
        return
    try:
        verify(signature, request.headers, request.body, moment)
    except NotSigned:
        renewed = door.signature(True)
        if renewed is None or renewed == signature:
            raise
        verify(renewed, request.headers, request.body, moment)


def _put(door: Door, request: Request, moment: datetime) -> Answer:
    options, dataset = door.options, door.dataset
    kept = {n.lower() for n in options.headers}
    envelope: dict[str, Any] = {"_received_at": moment.astimezone(UTC).isoformat()}
    document: Any = None
    try:
        document, found = inbox.records(request.body, request.headers.get("content-type", ""))
        key = _key(options, request, document)
        envelope["_idempotency_key"] = key
        if kept:
            envelope["_headers"] = {n: request.headers.get(n) for n in sorted(kept)}
        data = inbox.lines(found, envelope)
        status = "received"
    except inbox.NotAnEvent as error:
        if options.bad_json == "refuse":
            return _refused(400, str(error))
        key = _key(options, request, document)
        data = inbox.raw(request.body)
        status = "set aside"
    if inbox.put(door.store, dataset, key, data):
        return Answer(200, {"status": status, "key": key})
    # The key says that it is the same event, whatever a sender changes when it sends it again.
    other = not inbox.same(door.store, dataset, key, data)
    reason = "known, with another content, which is not kept" if other else ""
    return Answer(200, {"status": "known", "key": key}, reason)


def _key(options: WebhookSourceOptions, request: Request, document: Any) -> str:
    """What names the event: its own id, or a hash of its content."""
    found: Any = None
    if options.key is not None and options.key.header is not None:
        found = request.headers.get(options.key.header.lower())
    elif options.key is not None and options.key.pointer is not None:
        found = inbox.at(document, options.key.pointer)
    if isinstance(found, (str, int)) and not isinstance(found, bool) and str(found).strip():
        return str(found)
    return f"sha256:{hashlib.sha256(request.body).hexdigest()}"


def _leads(pattern: str, path: str) -> bool:
    """Whether a path is the one of a source; a part in braces is any one part.

    >>> _leads("/hooks/{team}", "/hooks/blue/"), _leads("/hooks", "/hooks/blue")
    (True, False)
    """
    wanted = "/".join(
        "[^/]+" if re.fullmatch(r"\{[^{}]+\}", part) else re.escape(part)
        for part in pattern.rstrip("/").split("/")
    )
    return re.fullmatch(wanted, path.rstrip("/")) is not None


def _refused(status: int, why: str) -> Answer:
    return Answer(status, {"error": why}, why)
