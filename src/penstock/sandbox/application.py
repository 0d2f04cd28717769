"""The WSGI application: what is asked of the sandbox itself, what the overlay adds, then moto."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Start = Callable[..., Any]
    Answer = tuple[int, list[tuple[str, str]], bytes]
    # Gives an answer, or None: it is not for this part.
    Part = Callable[[dict[str, Any]], Answer | None]

OWN = "/_sandbox/"


class Refusal(Exception):
    """The sandbox does not do what it was asked.

    Attributes:
        code: of the diagnostic.
    """

    def __init__(self, message: str, code: str = "PSK-SBX-003", hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.code, self.hint = message, code, hint


class Application:
    """Routes requests."""

    def __init__(
        self,
        moto: Callable[[dict[str, Any], Start], Iterable[bytes]],
        questions: dict[str, Callable[[dict[str, Any]], dict[str, Any]]],
        parts: Iterable[Part],
    ) -> None:
        self._moto = moto
        self._questions = questions
        self._parts = tuple(parts)

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """WSGI."""
        path = environ.get("PATH_INFO", "")
        name = path.removeprefix(OWN)
        if path.startswith(OWN) and name in self._questions:
            return _give(start, self._own(name, environ))
        for part in self._parts:
            answer = part(environ)
            if answer is not None:
                return _give(start, answer)
        return self._moto(environ, start)

    def _own(self, name: str, environ: dict[str, Any]) -> Answer:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            told, status = self._questions[name](json.loads(body) if body else {}), 200
        except Refusal as refusal:
            told = {"message": refusal.message, "code": refusal.code, "hint": refusal.hint}
            status = 400
        return status, [("Content-Type", "application/json")], json.dumps(told).encode()


def _give(start: Start, answer: Answer) -> list[bytes]:
    from http import HTTPStatus

    status, headers, body = answer
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    named = [(k, v) for k, v in headers if k.lower() != "content-length"]
    start(f"{status} {phrase}", [*named, ("Content-Length", str(len(body)))])
    return [body]
