"""Takes requests for HTTP APIs, and has their functions answer them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock.sandbox.apis import payload, routing
from penstock.sandbox.application import OWN
from penstock.sandbox.lambdas.function import described
from penstock.sandbox.lambdas.pool import Throttled
from penstock.sandbox.state import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.sandbox.application import Answer
    from penstock.sandbox.lambdas.calls import Calls
    from penstock.sandbox.world import World

PLACE = f"{OWN}apis/"
MOST_BYTES = 10 * 1024 * 1024
"""Of a request and of an answer: `Payload size` of
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html."""


class Gateway:
    """The HTTP APIs of all regions."""

    def __init__(self, world: World, calls: Calls) -> None:
        self._world = world
        self._calls = calls

    def __call__(self, environ: dict[str, Any]) -> Answer | None:
        """Answer a request; None: it is not for an API."""
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith(PLACE):
            return None
        name, _, rest = path.removeprefix(PLACE).partition("/")
        api = next((each for each in _apis() if each.api_id == name), None)
        if api is None:
            return _says(404, "Not Found")
        size = int(environ.get("CONTENT_LENGTH") or 0)
        if size > MOST_BYTES:
            return _says(413, "Request Entity Too Large")
        body = environ["wsgi.input"].read(size)
        return self._answer(api, environ, "/" + rest.encode("latin-1").decode(), body)

    def addresses(self) -> list[dict[str, str]]:
        """Every route: `api` (its name), `route`, `url`."""
        found = []
        for api in _apis():
            for stage in api.stages.values():
                place = "" if stage.name == routing.DEFAULT else f"/{stage.name}"
                for route in api.routes.values():
                    path = route.route_key.partition(" ")[2] or "/"
                    url = f"{self._world.url}{PLACE}{api.api_id}{place}{path}"
                    found.append({"api": api.name, "route": route.route_key, "url": url})
        return sorted(found, key=lambda each: (each["api"], each["route"]))

    def _answer(self, api: Any, environ: dict[str, Any], path: str, body: bytes) -> Answer:
        stage, inside = _stage(api, path)
        found = stage and routing.chosen(
            list(api.routes.values()), environ["REQUEST_METHOD"], inside
        )
        if not found:
            return _says(404, "Not Found")
        route, variables = found
        integration = api.integrations.get((route.target or "").removeprefix("integrations/"))
        if told := _refused(route, integration):
            self._world.problem(f"{api.name}, {route.route_key}: {told}")
            return _says(501, told)
        event = payload.event(
            environ, body, api=api, route=route, stage=stage, path=path, variables=variables
        )
        return self._call(api, route, integration.integration_uri, event)

    def _call(self, api: Any, route: Any, uri: str, event: dict[str, Any]) -> Answer:
        from moto.awslambda.models import lambda_backends

        arn = uri.partition("/functions/")[2].removesuffix("/invocations") or uri
        try:
            function = lambda_backends[ACCOUNT][arn.split(":")[3]].get_function(arn)
            outcome = self._calls.now(described(function), json.dumps(event).encode())
        except Throttled:
            return _says(503, "Service Unavailable")
        except Exception as error:  # noqa: BLE001  # whoever called is told no more than by AWS
            self._world.problem(f"{api.name}, {route.route_key}: {error or repr(error)}")
            return _says(500, "Internal Server Error")
        told = payload.answer(outcome.payload) if outcome.error is None else None
        if told is None or len(told[2]) > MOST_BYTES:
            return _says(500, "Internal Server Error")
        return told


def _apis() -> Iterator[Any]:
    from moto.apigatewayv2.models import apigatewayv2_backends

    for backend in list(apigatewayv2_backends[ACCOUNT].values()):
        yield from list(backend.apis.values())


def _stage(api: Any, path: str) -> tuple[Any, str]:
    """The stage that a path names, and the path inside it."""
    first, _, rest = path.removeprefix("/").partition("/")
    if first in api.stages and first != routing.DEFAULT:
        return api.stages[first], f"/{rest}"
    return api.stages.get(routing.DEFAULT), path


def _refused(route: Any, integration: Any) -> str | None:
    if route.authorization_type not in (None, "NONE") or route.api_key_required:
        return f"the sandbox does not check {route.authorization_type or 'API keys'}"
    if integration is None or integration.integration_type != "AWS_PROXY":
        return "the sandbox has functions answer HTTP APIs, and nothing else"
    if integration.integration_subtype or integration.payload_format_version != "2.0":
        return "the sandbox calls functions with payload format 2.0 only"
    return None


def _says(status: int, message: str) -> Answer:
    body = json.dumps({"message": message}).encode()
    return status, [("Content-Type", "application/json")], body
