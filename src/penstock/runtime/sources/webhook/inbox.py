"""The inbox: one object for each request, put where none is, so that a repeated one is known.

An object is named by a hash of the event's key and has a record a line, as an NDJSON file has:
what was sent, and with it when, by which key, and the headers that are kept.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock.runtime.json_text import NoJson, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.runtime.sources.webhook.options import WebhookSourceOptions
    from penstock.runtime.storage import Store

VARIABLE = "PENSTOCK_INBOX"
DEFAULT = ".penstock/inbox"
SUFFIX = ".ndjson"
ENVELOPE = ("_received_at", "_idempotency_key", "_number", "_headers")
_LINES = ("ndjson", "jsonl", "json-seq", "jsonlines")


class NotAnEvent(ValueError):
    """A body that is no JSON, or not of records."""


def place(options: WebhookSourceOptions, environment: Mapping[str, str]) -> str:
    """Where the inbox is: as the definition says, or the environment, or in the folder."""
    found = options.inbox or environment.get(VARIABLE) or DEFAULT
    return found.rstrip("/") or "/"


def records(body: bytes, content_type: str) -> tuple[Any, list[dict[str, Any]]]:
    """The document that a body is, and its records: an object, or several in a list or in lines.

    Raises:
        NotAnEvent: it is none of these; says why.
    """
    try:
        said = body.decode("utf-8-sig")
        if any(kind in content_type.lower() for kind in _LINES):
            document: Any = [_read(line) for line in said.splitlines() if line.strip()]
        else:
            document = _read(said)
    except NotAnEvent:
        raise
    except UnicodeDecodeError as error:
        raise NotAnEvent(f"the body is not UTF-8: byte {error.start}") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise NotAnEvent(f"the body is not JSON: {error.msg}, at {where}") from error
    except (ValueError, RecursionError) as error:
        raise NotAnEvent(f"the body is not JSON that can be read: {error}") from error
    found = document if isinstance(document, list) else [document]
    for number, record in enumerate(found, 1):
        if not isinstance(record, dict):
            raise NotAnEvent(f"record {number} of the body is no JSON object")
        taken = {k.casefold() for k in record} & set(ENVELOPE)
        if taken:
            raise NotAnEvent(f"record {number} has the key `{min(taken)}`, which the inbox sets")
    if not found:
        raise NotAnEvent("the body has no records")
    return document, found


def lines(found: list[dict[str, Any]], envelope: Mapping[str, Any]) -> bytes:
    """Records with their envelope, as they are written.

    Raises:
        NotAnEvent: one has a text that no file can hold.
    """
    try:
        return b"".join(
            text({**envelope, "_number": number, **record}).encode() + b"\n"
            for number, record in enumerate(found, 1)
        )
    except (UnicodeEncodeError, NoJson) as error:
        raise NotAnEvent(f"the body has a text that is not Unicode: {error}") from error


def raw(body: bytes) -> bytes:
    """A body that is no event, as the one line that readers reject, with all that it was."""
    said = body.decode("utf-8", "backslashreplace")
    return json.dumps(said).encode() + b"\n"


def put(store: Store, dataset: str, key: str, data: bytes) -> bool:
    """Put an object durably, unless there is one of this key; whether it was put.

    Raises:
        StorageUnavailable: it could not be put.
    """
    return store.put_if_absent(path(dataset, key), data)


def same(store: Store, dataset: str, key: str, data: bytes) -> bool:
    """Whether what is there under a key is what was sent now, its envelope aside.

    Raises:
        SourceUnavailable: it cannot be read.
    """
    return _sent(store.read(path(dataset, key))) == _sent(data)


def path(dataset: str, key: str) -> str:
    """The name of an event's object."""
    return f"{dataset}/{hashlib.sha256(key.encode()).hexdigest()}{SUFFIX}"


def at(document: Any, pointer: str) -> Any:
    """What a JSON pointer (RFC 6901) leads to; None: it leads nowhere.

    >>> at({"a/b": [{"id": 7}]}, "/a~1b/0/id"), at({"a": 1}, "/b")
    (7, None)
    """
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict):
            document = document.get(key)
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document


def _read(said: str) -> Any:
    return json.loads(
        said, parse_float=Decimal, parse_constant=_no_constant, object_pairs_hook=_once
    )


def _no_constant(name: str) -> Any:
    raise NotAnEvent(f"the body is not JSON: {name} is no number")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [k for k, _ in pairs]
        twice = next(k for k in names if names.count(k) > 1)
        raise NotAnEvent(f"an object of the body has the key `{twice}` twice")
    return found


def _sent(data: bytes) -> list[Any]:
    found = [json.loads(line, parse_float=Decimal) for line in data.splitlines()]
    return [
        {k: v for k, v in record.items() if k not in ENVELOPE}
        if isinstance(record, dict)
        else record
        for record in found
    ]
