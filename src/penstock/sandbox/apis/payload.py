"""What a function gets of a request, and what its answer means: payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from penstock.sandbox.state import ACCOUNT

# Content types whose body is given as text. AWS does not say which these are: functions look at
# `isBase64Encoded`.
TEXT = ("text/", "application/json", "application/javascript", "application/xml")


def event(
    environ: dict[str, Any],
    body: bytes,
    *,
    api: Any,
    route: Any,
    stage: Any,
    path: str,
    variables: dict[str, str],
) -> dict[str, Any]:
    """A request as an event.

    Args:
        environ: of WSGI.
        body: the request's.
        api: moto's.
        route: moto's.
        stage: moto's.
        path: with the stage in front, unless that is `$default`.
        variables: of the path.
    """
    now = time.time()
    headers = _headers(environ)
    host = api.api_endpoint.removeprefix("https://")
    told: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route.route_key,
        "rawPath": path,
        "rawQueryString": environ.get("QUERY_STRING", ""),
        "headers": headers,
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": api.api_id,
            "domainName": host,
            "domainPrefix": api.api_id,
            "http": {
                "method": environ["REQUEST_METHOD"],
                "path": path,
                "protocol": environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
                "sourceIp": environ.get("REMOTE_ADDR", ""),
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex[:15] + "=",
            "routeKey": route.route_key,
            "stage": stage.name,
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if cookie := headers.pop("cookie", ""):
        told["cookies"] = [each.strip() for each in cookie.split(";")]
    query: dict[str, str] = {}
    for name, value in parse_qsl(told["rawQueryString"], keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    more = {
        "queryStringParameters": query,
        "pathParameters": variables,
        "stageVariables": stage.stage_variables,
    }
    told |= {name: given for name, given in more.items() if given}
    if body:
        told["body"], told["isBase64Encoded"] = _body(body, headers.get("content-type", ""))
    return told


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    found = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            found[name.replace("_", "-").lower()] = environ[name]
    return found


def _body(body: bytes, kind: str) -> tuple[str, bool]:
    if kind.lower().startswith(TEXT):
        try:
            return body.decode(), False
        except UnicodeDecodeError:
            pass
    return base64.b64encode(body).decode(), True


def answer(payload: bytes) -> tuple[int, list[tuple[str, str]], bytes] | None:
    """A function's answer as a response; None: it is none that API Gateway takes."""
    try:
        told = json.loads(payload or b"null")
    except ValueError:
        return None
    if not isinstance(told, dict) or "statusCode" not in told:
        # `If your function returns valid JSON and no statusCode`, that is the body.
        return 200, [("Content-Type", "application/json")], payload
    try:
        status = int(told["statusCode"])
        given = told.get("body")
        text = "" if given is None else given if isinstance(given, str) else json.dumps(given)
        body = base64.b64decode(text) if told.get("isBase64Encoded") else text.encode()
        headers = [(str(name), str(value)) for name, value in (told.get("headers") or {}).items()]
        headers += [("Set-Cookie", str(each)) for each in told.get("cookies") or []]
    except (ValueError, TypeError, AttributeError):
        return None
    if not 100 <= status <= 599:
        return None
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain;charset=UTF-8"))
    return status, headers, body
