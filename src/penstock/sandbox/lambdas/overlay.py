"""moto's Lambda, made to run functions."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from penstock.sandbox.lambdas.function import described, refusal
from penstock.sandbox.lambdas.pool import Throttled

if TYPE_CHECKING:
    from penstock.sandbox.lambdas.calls import Calls

MOST_TAIL = 4096  # bytes of X-Amz-Log-Result
MOST_SYNCHRONOUS = 6 * 1024 * 1024  # bytes, request and answer
MOST_ASYNCHRONOUS = 1024 * 1024


def install(calls: Calls) -> None:
    """Replace moto's invocations, which need Docker, with ours."""
    from moto.awslambda.exceptions import LambdaClientError
    from moto.awslambda.models import LambdaBackend

    class TooManyRequests(LambdaClientError):  # type: ignore[misc]  # moto is not followed
        code = 429

        def __init__(self, throttled: Throttled) -> None:
            super().__init__("TooManyRequestsException", str(throttled))

    class Refused(LambdaClientError):  # type: ignore[misc]  # moto is not followed
        code = 400

        def __init__(self, what: str) -> None:
            super().__init__("InvalidParameterValueException", what)

    class TooLarge(LambdaClientError):  # type: ignore[misc]  # moto is not followed
        code = 413

        def __init__(self, size: int, most: int) -> None:
            super().__init__(
                "RequestEntityTooLargeException",
                f"Request must be smaller than {most} bytes for the InvokeFunction operation "
                f"(it has {size})",
            )

    def invoke(
        self: Any,
        function_name: str,
        qualifier: str | None,
        body: Any,
        headers: Any,
        response_headers: dict[str, Any],
    ) -> bytes:
        found = self.get_function(function_name, qualifier)
        payload = body if isinstance(body, bytes) else (body or "").encode()
        payload = payload or b"{}"
        _checked(payload, Refused)
        kind = headers.get("X-Amz-Invocation-Type") or "RequestResponse"
        most = MOST_ASYNCHRONOUS if kind == "Event" else MOST_SYNCHRONOUS
        if len(payload) > most:
            raise TooLarge(len(payload), most)
        function = described(found)
        if told := refusal(function):
            raise Refused(told)
        if kind == "DryRun":
            return b""
        context = headers.get("X-Amz-Client-Context")
        if kind == "Event":
            response_headers["x-amzn-RequestId"] = calls.later(found, payload, context)
            return b""
        try:
            outcome = calls.now(function, payload, context)
        except Throttled as throttled:
            raise TooManyRequests(throttled) from None
        response_headers["x-amzn-RequestId"] = outcome.request_id
        response_headers["X-Amz-Executed-Version"] = function.version
        if outcome.error:
            response_headers["x-amz-function-error"] = outcome.error
        tail = "".join(f"{line}\n" for line in outcome.lines).encode()[-MOST_TAIL:]
        response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
        response_headers["Content-Length"] = str(len(outcome.payload))
        return outcome.payload

    LambdaBackend.invoke = invoke


def _checked(payload: bytes, refused: Any) -> None:
    try:
        json.loads(payload)
    except ValueError as error:
        raise refused(f"Could not parse request body into json: {error}") from None
