"""Options of the `rest` source."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from penstock.runtime.option_text import OptionText
from penstock.runtime.periods import Period  # noqa: TC001  # pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Mapping

FORBID: dict[str, Any] = {"extra": "forbid"}
T = TypeVar("T")


class Url(OptionText):
    """An address of a server that speaks HTTP."""

    __slots__ = ()

    @classmethod
    def checked(cls, text: str) -> str:
        """The address as it is.

        Raises:
            ValueError: it does not begin with `https://` or `http://` and a host.
        """
        scheme, _, rest = text.partition("://")
        if text.startswith("${") or (scheme in {"http", "https"} and rest.strip("/")):
            return text
        raise ValueError(f"`{text}` is not an address such as `https://api.example.com/orders`")


@dataclass(frozen=True, slots=True)
class PageNumber:
    """Pages by number, up to the first without records.

    Attributes:
        param: the query parameter of the number.
        start: the number of the first page.
        size_param: the query parameter of how many records a page is to have.
        size: how many.
        pages: keys that lead to the number of pages in the body; default: up to an empty page.
    """

    param: str = "page"
    start: int = 1
    size_param: str | None = None
    size: int | None = None
    pages: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    def __post_init__(self) -> None:
        _together(self.size_param, self.size)


@dataclass(frozen=True, slots=True)
class Offset:
    """Pages by the number of records before them, up to the first without records.

    Attributes:
        param: the query parameter of the number.
        size_param: the query parameter of how many records a page is to have.
        size: how many.
        total: keys that lead to the number of records in the body; default: up to an empty page.
    """

    param: str = "offset"
    size_param: str | None = None
    size: int | None = None
    total: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    def __post_init__(self) -> None:
        _together(self.size_param, self.size)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Each page tells a cursor that asks for the next one; the last has none.

    Attributes:
        path: keys that lead to the cursor in the body: `meta.next_cursor`.
        param: the query parameter that it goes into.
    """

    path: str
    param: str = "cursor"

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID


@dataclass(frozen=True, slots=True)
class Paginate:
    """How to get the next page: one of these. Without any there is one page.

    Attributes:
        page: by its number.
        offset: by the number of records before it.
        cursor: by a cursor in the body.
        next: keys that lead to the address of the next page in the body: `links.next`.
        link: the relation of the `Link` header that has its address: `next`.
    """

    page: PageNumber | None = None
    offset: Offset | None = None
    cursor: Cursor | None = None
    next: str | None = None
    link: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    def __post_init__(self) -> None:
        _one_of(self, "page", "offset", "cursor", "next", "link")


@dataclass(frozen=True, slots=True)
class Basic:
    """A user and a password.

    Attributes:
        user: the user.
        password: a `${secret.NAME}`.
    """

    user: str
    password: str = ""

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header or in the query.

    Attributes:
        value: a `${secret.NAME}`.
        header: the header that has it, such as `X-Api-Key`.
        param: the query parameter that has it.
    """

    value: str
    header: str | None = None
    param: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    def __post_init__(self) -> None:
        _one_of(self, "header", "param")


@dataclass(frozen=True, slots=True)
class OAuth2:
    """A token for a client's credentials (RFC 6749, 4.4).

    Attributes:
        token_url: where the token is asked for.
        client_id: the client.
        client_secret: a `${secret.NAME}`.
        scope: what the token is to be good for.
        send: `header`: the client proves itself by HTTP Basic; `body`: in the form.
    """

    token_url: Url
    client_id: str
    client_secret: str
    scope: str | None = None
    send: Literal["header", "body"] = "header"

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID


@dataclass(frozen=True, slots=True)
class Auth:
    """How to log in: one of these.

    Attributes:
        bearer: a token, a `${secret.NAME}`.
        basic: a user and a password.
        api_key: a key in a header or in the query.
        oauth2: client credentials.
    """

    bearer: str | None = None
    basic: Basic | None = None
    api_key: ApiKey | None = None
    oauth2: OAuth2 | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    def __post_init__(self) -> None:
        _one_of(self, "bearer", "basic", "api_key", "oauth2")


@dataclass(frozen=True, slots=True)
class Since:
    """Query parameters that ask for what is new, beside `incremental: {column: …}`.

    Attributes:
        param: the parameter of the first value to read.
        until: the parameter of the first value not to read, in a backfill with `--to`.
        format: how a time is written: `2026-01-31T06:00:00Z`, `2026-01-31`, seconds since 1970, or
            as it is in the column.
        initial: what the first run asks for; default: everything.
    """

    param: str
    until: str | None = None
    format: Literal["iso", "date", "unix", "text"] = "iso"
    initial: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID


@dataclass(frozen=True, slots=True)
class RestSourceOptions:
    """Records of an HTTP API that answers in JSON.

    Attributes:
        url: address of the first page.
        method: default `GET`.
        params: query parameters of each page.
        headers: of each request.
        body: sent as JSON, with `POST`.
        auth: how to log in.
        records: keys that lead to the records in the body: `data.items`; default: the body is one.
        paginate: how to get the next page; default: there is one.
        since: how to ask for what is new only.
        requests_per_second: requests are not made faster than this.
        retries: how often a request that failed for the moment is made again: no answer, 429, 5xx.
        timeout: how long the server may keep silent; default 60 seconds.
        max_wait: how long a `Retry-After` may ask to wait; default 10 minutes.
        max_pages: a reading of more pages ends the run; default 10,000.
        max_bytes: one of more bytes too; default 10 GB.
    """

    url: Url
    method: Literal["GET", "POST"] = "GET"
    params: dict[str, str | int | float | bool] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    auth: Auth | None = None
    records: str | None = None
    paginate: Paginate | None = None
    since: Since | None = None
    requests_per_second: float | None = None
    retries: int = 5
    timeout: Period | None = None
    max_wait: Period | None = None
    max_pages: int = 10_000
    max_bytes: int = 10 * 10**9

    __pydantic_config__: ClassVar[dict[str, Any]] = FORBID

    def __post_init__(self) -> None:
        if self.requests_per_second is not None and self.requests_per_second <= 0:
            raise ValueError("`requests_per_second` is above 0")
        if not 0 <= self.retries <= 100:
            raise ValueError("`retries` is from 0 to 100")
        if self.max_pages < 1 or self.max_bytes < 1:
            raise ValueError("`max_pages` and `max_bytes` are at least 1")
        if self.body is not None and self.method != "POST":
            raise ValueError("a `body` goes with `method: POST`")


_NESTED: dict[str, Any] = {
    "auth": Auth,
    "basic": Basic,
    "api_key": ApiKey,
    "oauth2": OAuth2,
    "paginate": Paginate,
    "page": PageNumber,
    "offset": Offset,
    "cursor": Cursor,
    "since": Since,
}


def built(kind: type[T], given: Mapping[str, Any]) -> T:
    """Options as a Program has them, plain data, as what declares them."""
    names = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    made = {
        key: built(_NESTED[key], value)
        if key in _NESTED and key in names and isinstance(value, dict)
        else value
        for key, value in given.items()
    }
    return kind(**made)


def _one_of(options: Any, *keys: str) -> None:
    given = [k for k in keys if getattr(options, k) is not None]
    if len(given) != 1:
        words = " and ".join(f"`{g}`" for g in given) or "none"
        raise ValueError(f"it takes exactly one of {', '.join(keys)}, and here is {words}")


def _together(param: str | None, size: int | None) -> None:
    if (param is None) != (size is None):
        raise ValueError("`size_param` and `size` go together")
    if size is not None and size < 1:
        raise ValueError("a page has at least one record")
