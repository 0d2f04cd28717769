"""Which page comes after a page: five ways that APIs tell it, and an end to those that never do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from penstock.errors import StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.runtime.sources.rest.options import RestSourceOptions

CODE_PAGE = "PSK-SRC-126"
CODE_REPEATS = "PSK-SRC-127"
_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s";,]+))*)')
_RELATION = re.compile(r';\s*rel\s*=\s*"?([^";,]+)"?', re.IGNORECASE)


class Pages:
    """The addresses of the pages, one after the other.

    Args:
        extra: query parameters beside those of the options: of the window, of the login.
    """

    def __init__(self, options: RestSourceOptions, extra: Mapping[str, Any]) -> None:
        self._options = options
        self._extra = extra
        self._number = 0
        self._records = 0
        self._seen: set[str] = set()
        self._before: str | None = None

    def first(self) -> str:
        """The address of the first page."""
        paging = self._options.paginate
        more: dict[str, Any] = {}
        if paging is not None and paging.page is not None:
            self._number = paging.page.start
            more = self._size(paging.page) | {paging.page.param: self._number}
        elif paging is not None and paging.offset is not None:
            more = self._size(paging.offset) | {paging.offset.param: 0}
        return self._address(more)

    def after(self, body: Any, content: str, link: str, here: str) -> str | None:
        """The address of the page after one; None: there is none.

        Args:
            content: the same for the same content.
            link: the `Link` headers of the answer.
            here: the address of the page.

        Raises:
            StepFailed: the API gives the same page, or cursor, for ever.
        """
        paging = self._options.paginate
        if paging is None:
            return None
        if paging.page is not None or paging.offset is not None:
            return self._counted(body, content)
        if paging.cursor is not None:
            cursor = at(body, paging.cursor.path)
            if cursor is None or cursor in {"", False}:
                return None
            self._once(str(cursor), f"the cursor `{_short(str(cursor))}`")
            return self._address({paging.cursor.param: cursor})
        found = at(body, paging.next) if paging.next else related(link, paging.link or "next")
        if not isinstance(found, str) or not found.strip():
            return None
        url = urljoin(here, found.strip())
        self._once(url, "the address of a next page")
        return with_params(url, self._key())

    def _counted(self, body: Any, content: str) -> str | None:
        """By number or offset. A page with fewer records than asked for may not be the last one."""
        paging = self._options.paginate
        assert paging is not None
        count = len(records_of(body, self._options.records))
        if count == 0:
            return None
        if content == self._before:
            raise StepFailed(
                f"{self._options.url} gives the same page again, whatever is asked for",
                code=CODE_REPEATS,
                hint="is this the parameter that the API pages by?",
            )
        self._before = content
        self._records += count
        if paging.page is not None:
            pages = at(body, paging.page.pages) if paging.page.pages else None
            self._number += 1
            if isinstance(pages, int) and self._number >= paging.page.start + pages:
                return None
            return self._address(self._size(paging.page) | {paging.page.param: self._number})
        assert paging.offset is not None
        total = at(body, paging.offset.total) if paging.offset.total else None
        if isinstance(total, int) and self._records >= total:
            return None
        return self._address(self._size(paging.offset) | {paging.offset.param: self._records})

    def _once(self, key: str, what: str) -> None:
        if key in self._seen:
            raise StepFailed(
                f"{self._options.url} gives {what} twice: its pages would never end",
                code=CODE_REPEATS,
                hint="nothing was published; check `paginate`, or tell those who run the API",
            )
        self._seen.add(key)

    def _size(self, paging: Any) -> dict[str, Any]:
        return {paging.size_param: paging.size} if paging.size_param else {}

    def _key(self) -> dict[str, Any]:
        auth = self._options.auth
        key = auth.api_key if auth is not None else None
        return {key.param: key.value} if key is not None and key.param else {}

    def _address(self, more: Mapping[str, Any]) -> str:
        return with_params(
            self._options.url, {**self._options.params, **self._extra, **more, **self._key()}
        )


def with_params(url: str, params: Mapping[str, Any]) -> str:
    """An address with these query parameters; others that it has stay.

    >>> with_params("https://a/x?b=1&c=2", {"c": 3, "d": True})
    'https://a/x?b=1&c=3&d=true'
    """
    if not params:
        return url
    parts = urlsplit(url)
    kept = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in params]
    told = [(k, str(v).lower() if isinstance(v, bool) else str(v)) for k, v in params.items()]
    return urlunsplit(parts._replace(query=urlencode([*kept, *told])))


def at(body: Any, path: str | None) -> Any:
    """What keys lead to; None: they do not.

    >>> at({"a": {"b": [1]}}, "a.b"), at([1], "a")
    ([1], None)
    """
    for key in path.split(".") if path else ():
        body = body.get(key) if isinstance(body, dict) else None
    return body


def records_of(body: Any, path: str | None) -> list[Any]:
    """The records of a page."""
    found = at(body, path)
    return found if isinstance(found, list) else [] if found is None else [found]


def related(header: str, relation: str) -> str | None:
    """The address that a `Link` header (RFC 8288) gives for a relation.

    >>> related('<https://a/?p=1>; rel="prev", </?p=3>; rel=next', "next")
    '/?p=3'
    """
    for address, params in _LINK.findall(header):
        found = _RELATION.search(params)
        if found and relation.lower() in found[1].lower().split():
            return str(address)
    return None


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"
