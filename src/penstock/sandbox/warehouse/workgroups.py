"""Redshift Serverless's workgroups and namespaces: what is made is remembered, and found again.

The warehouse itself (`database.py`) is there without them; Terraform asks for their ARNs.
https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from typing import TYPE_CHECKING, Any

from penstock.sandbox.warehouse.events import ACCOUNT
from penstock.sandbox.warehouse.refusal import Refusal

if TYPE_CHECKING:
    Answer = tuple[int, list[tuple[str, str]], bytes]

PREFIX = "RedshiftServerless."
_ASKED = re.compile(r"(Create|Get)(Namespace|Workgroup)")


class Workgroups:
    """Answers requests."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._made: dict[tuple[str, str, str], dict[str, Any]] = {}

    def __call__(self, environ: dict[str, Any]) -> Answer | None:
        """A part of the sandbox's application; None: the request is another service's."""
        name = environ.get("HTTP_X_AMZ_TARGET", "")
        if not name.startswith(PREFIX):
            return None
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            found = _ASKED.fullmatch(name.removeprefix(PREFIX))
            if found is None:
                raise Refusal(f"the sandbox does not answer {name.removeprefix(PREFIX)}")
            action = self._create if found[1] == "Create" else self._get
            kind = found[2].lower()
            told = {kind: action(kind, json.loads(body or b"{}"), _region(environ))}
        except Refusal as refusal:
            answer = {"__type": refusal.kind, "message": refusal.message}
            return 400, _headers(), json.dumps(answer).encode()
        return 200, _headers(), json.dumps(told).encode()

    def close(self) -> None:
        """Nothing is open between requests."""

    def _create(self, kind: str, asked: dict[str, Any], region: str) -> dict[str, Any]:
        name = str(asked.get(f"{kind}Name", ""))
        with self._guard:
            if kind == "workgroup":
                self._found("namespace", asked.get("namespaceName", ""), region)
            if (region, kind, name) in self._made:
                raise Refusal(f"The {kind} {name} already exists.", "ConflictException")
            id_ = str(uuid.uuid4())
            arn = f"arn:aws:redshift-serverless:{region}:{ACCOUNT}:{kind}/{id_}"
            own = {f"{kind}Id": id_, f"{kind}Arn": arn, "status": "AVAILABLE"}
            made = {k: v for k, v in asked.items() if k not in {"tags", "adminUserPassword"}} | own
            self._made[region, kind, name] = made
        return made

    def _get(self, kind: str, asked: dict[str, Any], region: str) -> dict[str, Any]:
        with self._guard:
            return self._found(kind, asked.get(f"{kind}Name", ""), region)

    def _found(self, kind: str, name: str, region: str) -> dict[str, Any]:
        if (region, kind, name) not in self._made:
            raise Refusal(f"The {kind} {name} was not found.", "ResourceNotFoundException")
        return self._made[region, kind, name]


def _region(environ: dict[str, Any]) -> str:
    """The region that a signature names."""
    found = re.search(
        r"Credential=[^/]+/[0-9]+/([a-z0-9-]+)/", environ.get("HTTP_AUTHORIZATION", "")
    )
    return found[1] if found else "us-east-1"


def _headers() -> list[tuple[str, str]]:
    return [("Content-Type", "application/x-amz-json-1.1")]
