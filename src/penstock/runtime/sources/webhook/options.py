"""Options of the `webhook` source, which are those of what receives the requests, too."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.runtime.option_text import OptionText
from penstock.runtime.periods import Period  # noqa: TC001  # pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Mapping

FORBID: dict[str, Any] = {"extra": "forbid"}
MAX_BYTES = 1_000_000
_PATH = re.compile(r"(/[A-Za-z0-9._~{}-]+)+/?|/")


class UrlPath(OptionText):
    """The path of a URL: `/flights`; a part in braces stands for any one part."""

    __slots__ = ()

    @classmethod
    def checked(cls, text: str) -> str:
        """The path as it is.

        Raises:
            ValueError: it is no path of a URL.
        """
        if _PATH.fullmatch(text) or text.startswith("${"):
            return text
        raise ValueError(f"`{text}` is not the path of a URL, such as `/flights`")


@dataclass(frozen=True, slots=True)
class Timestamp:
    """When a request was signed, so that nobody can send it again later.

    Attributes:
        header: the header that says so: seconds or milliseconds since 1970, or ISO 8601.
        prefix: what the time stands behind, in a header with other things: `t=`.
        tolerance: how far it may be from now; default 5 minutes.
    """

    header: str
    prefix: str = ""
    tolerance: Period | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID


@dataclass(frozen=True, slots=True)
class Signature:
    """How a sender proves itself: an HMAC (RFC 2104) of the body.

    Attributes:
        secret: a `${secret.NAME}`.
        previous: a secret that is accepted too, while it is changed; a `${secret.NAME}`.
        header: the header with the signature: `X-Hub-Signature-256`.
        prefix: what the signature stands behind: `sha256=`, `v1=`.
        algorithm: default sha256.
        encoding: of the signature; default hex.
        payload: what is signed; default `{body}`; with a time `{timestamp}.{body}`.
        timestamp: when it was signed.
    """

    secret: str
    header: str
    previous: str | None = None
    prefix: str = ""
    algorithm: Literal["sha256", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    payload: str | None = None
    timestamp: Timestamp | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    def __post_init__(self) -> None:
        if "{body}" not in self.signed:
            raise ValueError("the `payload` of a signature has `{body}` in it")
        if (self.timestamp is not None) != ("{timestamp}" in self.signed):
            raise ValueError(
                "`timestamp` and `{timestamp}` in the `payload` go together: a time that is not "
                "signed proves nothing"
            )

    @property
    def signed(self) -> str:
        """What is signed."""
        return self.payload or ("{body}" if self.timestamp is None else "{timestamp}.{body}")


@dataclass(frozen=True, slots=True)
class Key:
    """What names an event, so that it is taken once however often it is sent.

    Attributes:
        header: a header with its id: `X-GitHub-Delivery`.
        pointer: a JSON pointer (RFC 6901) to its id in the body: `/id`.
    """

    header: str | None = None
    pointer: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    def __post_init__(self) -> None:
        if (self.header is None) == (self.pointer is None):
            raise ValueError("a `key` is in a `header`, or at a `pointer`: one of these")
        if self.pointer is not None and not self.pointer.startswith("/"):
            raise ValueError(f"`{self.pointer}` is not a JSON pointer, such as `/id`")


@dataclass(frozen=True, slots=True)
class WebhookSourceOptions:
    """Events that others send over HTTP; a receiver has put them into an inbox.

    Attributes:
        path: the path of the URL that they are sent to: `/flights`.
        inbox: a folder or `s3://bucket/prefix`; default: what `PENSTOCK_INBOX` says, or
            `.penstock/inbox`.
        signature: how a sender proves itself; without it everyone may send.
        key: what names an event; default, and where a request has none: its content.
        headers: which headers are kept, in the column `_headers`.
        max_bytes: a larger request is refused; default 1 MB.
        bad_json: what becomes of a body that is no JSON: it is refused, or kept for the
            quarantine.
        region: of the bucket; default: `AWS_REGION`, or the profile's.
    """

    path: UrlPath
    inbox: str | None = None
    signature: Signature | None = None
    key: Key | None = None
    headers: list[str] = field(default_factory=list)
    max_bytes: int = MAX_BYTES
    bad_json: Literal["refuse", "quarantine"] = "refuse"
    region: str | None = None

    default_incremental: ClassVar[str] = "files"
    """An event is read once, where nothing else is said."""
    of_files: ClassVar[bool] = True
    """A slice of it may be some of its files."""
    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    def __post_init__(self) -> None:
        if self.max_bytes < 1:
            raise ValueError("`max_bytes` is at least 1")


_NESTED: dict[str, Any] = {"signature": Signature, "timestamp": Timestamp, "key": Key}


def built(given: Mapping[str, Any], kind: Any = WebhookSourceOptions) -> Any:
    """Options as a Program has them, plain data, as what declares them."""
    names = {f.name for f in fields(kind)}
    return kind(
        **{
            key: built(value, _NESTED[key])
            if key in _NESTED and key in names and isinstance(value, dict)
            else value
            for key, value in given.items()
        }
    )
