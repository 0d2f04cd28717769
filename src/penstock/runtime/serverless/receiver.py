"""The receiver: a request that API Gateway hands over, put into the inbox, then answered.

It answers 2xx only after the event is durable. What starts a run is the object, or the clock: a
receiver runs nothing, so that a sender does not wait for a pipeline.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import time
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

from penstock.errors import PenstockError, RunError
from penstock.program import Program
from penstock.runtime import aws
from penstock.runtime.references import SECRET_PREFIX, secrets_of, with_secrets
from penstock.runtime.serverless import secrets
from penstock.runtime.sources.webhook import inbox
from penstock.runtime.sources.webhook.options import built
from penstock.runtime.sources.webhook.receiving import Answer, Door, Request, receive
from penstock.runtime.storage import open_store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.program import Read
    from penstock.runtime.sources.webhook.options import Signature

CODE = "PSK-FN-021"
ARNS = "PENSTOCK_SECRET_ARNS"
FRESH_SECONDS = 60.0
"""A secret is not fetched again before: whoever signs wrongly must not make us ask."""
_LOG = logging.getLogger("penstock")


def handle(event: Any, _context: Any = None) -> dict[str, Any]:
    """Answer a request of API Gateway (both formats), in the form that it understands."""
    aws.quieten()
    try:
        request = request_of(event)
        doors = _doors()
    except (PenstockError, OSError) as error:
        told = error.message if isinstance(error, PenstockError) else str(error)
        status = 503 if getattr(error, "transient", False) else 500
        if isinstance(error, BadRequest):
            status = 400
        return _answered(Answer(status, {"error": _public(status, told)}, told), event)
    return _answered(receive(doors, request), event)


class BadRequest(RunError):
    """What came is no request of API Gateway, or its body cannot be decoded."""

    default_code = CODE


def request_of(event: Any) -> Request:
    """The request in an event of API Gateway.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html

    Raises:
        BadRequest: it is none.
    """
    context = event.get("requestContext") if isinstance(event, dict) else None
    if not isinstance(context, dict):
        raise BadRequest(
            "the receiver was called with an event that is no request of API Gateway",
            hint="it takes requests in the formats 1.0 and 2.0",
        )
    http = context.get("http")
    second = isinstance(http, dict)
    method = http.get("method") if isinstance(http, dict) else event.get("httpMethod")
    path = event.get("rawPath") if second else event.get("path")
    if not isinstance(method, str) or not isinstance(path, str):
        raise BadRequest("the event has no method, or no path")
    stage = context.get("stage")
    if isinstance(stage, str) and stage != "$default":  # a part of the path in some formats
        path = path.removeprefix(f"/{stage}") if path.startswith(f"/{stage}/") else path
    return Request(method.upper(), path or "/", _headers(event), _body(event))


def _headers(event: Mapping[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in (event.get("headers") or {}).items():
        found[str(name).lower()] = str(value)
    for name, values in (event.get("multiValueHeaders") or {}).items():
        if isinstance(values, list):
            found[str(name).lower()] = ",".join(map(str, values))
    return found


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not isinstance(body, str):
        raise BadRequest("the body of the event is no text")
    if not event.get("isBase64Encoded"):
        try:
            return body.encode()
        except UnicodeEncodeError as error:
            raise BadRequest("the body of the event is not Unicode") from error
    try:
        return base64.b64decode(body, validate=True)
    except ValueError as error:
        raise BadRequest("the body of the event is not base64, which it says to be") from error


@cache
def _doors() -> tuple[Door, ...]:
    """The webhook sources of the Program, opened once for as long as the process lives."""
    _LOG.setLevel(os.environ.get("PENSTOCK_LOG_LEVEL", "INFO"))
    return doors_of(os.environ)


def doors_of(environment: Mapping[str, str]) -> tuple[Door, ...]:
    """What the variables name.

    Raises:
        RunError: a variable is missing, or the Program has no webhook source.
        Unavailable: the Program cannot be read.
    """
    url = _needed(environment, "PENSTOCK_PROGRAM")
    root = Path(environment.get("PENSTOCK_ROOT") or Path(gettempdir()) / "penstock")
    folder, _, name = url.rpartition("/")
    try:
        program = Program.from_json(json.loads(open_store(folder, root).read(name)))
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(f"{url} is no Program: {error}", code=CODE) from error
    pipeline = _needed(environment, "PENSTOCK_PIPELINE")
    if program.pipeline != pipeline:
        raise RunError(
            f"PENSTOCK_PROGRAM is that of `{program.pipeline}`, not of `{pipeline}`",
            code=CODE,
            hint="both come from one build; apply it again",
        )
    found = tuple(_door(r, environment, root) for r in program.reads if r.connector == "webhook")
    if not found:
        raise RunError(
            f"`{pipeline}` has no source with `connector: webhook`",
            code=CODE,
            hint="the receiver is built for pipelines that have one; apply the build again",
        )
    return found


def _door(read: Read, environment: Mapping[str, str], root: Path) -> Door:
    options = built(read.options)
    if not options.inbox:
        _needed(environment, inbox.VARIABLE)
    place = inbox.place(options, environment)
    store = open_store(place, root, region=options.region)
    return Door(read.dataset, options, store, _Signing(read, environment).signature)


class _Signing:
    """How the events of one source are signed."""

    def __init__(self, read: Read, environment: Mapping[str, str]) -> None:
        self._given = read.options.get("signature")
        self._environment = environment
        self._found: Signature | None = None
        self._at = 0.0

    def signature(self, anew: bool) -> Signature | None:
        """With the values of the secrets; fetched anew only where that can change something."""
        if self._given is None:
            return None
        old = time.monotonic() - self._at > FRESH_SECONDS
        if self._found is None or (anew and old and self._fetched()):
            values = self._values()
            options = with_secrets({"signature": self._given}, values)
            self._found = built({"path": "/", **options}).signature
            self._at = time.monotonic()
        return self._found

    def _fetched(self) -> list[str]:
        """Names of the secrets that are kept in Secrets Manager."""
        wanted = secrets_of(self._given)
        return [n for n in wanted if SECRET_PREFIX + n.upper() not in self._environment]

    def _values(self) -> dict[str, str]:
        """The environment, and in it the secrets that it names by their ARN."""
        names = self._fetched()
        found = secrets.fetch(self._environment.get(ARNS), only=names) if names else {}
        values = {SECRET_PREFIX + name.upper(): value for name, value in found.items()}
        return {**self._environment, **values}


def _needed(environment: Mapping[str, str], name: str) -> str:
    if not environment.get(name):
        raise RunError(
            f"the variable {name} is not set",
            code=CODE,
            hint="the build's Terraform sets it; apply it again",
        )
    return environment[name]


def _answered(answer: Answer, event: Any) -> dict[str, Any]:
    context = event.get("requestContext") if isinstance(event, dict) else None
    told = {
        "event": "received" if answer.status < 300 else "refused",
        "status": answer.status,
        "key": answer.document.get("key"),
        "reason": answer.reason or answer.document.get("status"),
        "request_id": context.get("requestId") if isinstance(context, dict) else None,
    }
    level = logging.ERROR if answer.status >= 500 else logging.INFO
    _LOG.log(level, json.dumps(told))
    return {
        "statusCode": answer.status,
        "headers": {"content-type": "application/json"},
        "isBase64Encoded": False,
        "body": json.dumps(answer.document),
    }


def _public(status: int, told: str) -> str:
    """What a sender is told: not how we are set up."""
    return told if status < 500 else "try again later"
