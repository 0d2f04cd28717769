"""One request after another to an HTTP API: how to log in, how fast, and what is tried again.

urllib3 makes the connections: it is what requests and boto3 stand on, and takes 0.1 s to import. A
client for APIs (dlt's) brings pagings of its own, and reads a page before it could be written down
as it came. What is tried again is decided here, so that it can be told.
"""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit
from urllib.request import getproxies, proxy_bypass

from penstock.errors import MissingExtra, SourceUnavailable
from penstock.runtime.periods import parse_period

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.runtime.sources.rest.options import OAuth2, RestSourceOptions

CODE_REACH = "PSK-SRC-121"
CODE_LOGIN = "PSK-SRC-122"
CODE_REFUSED = "PSK-SRC-123"
CODE_BUSY = "PSK-SRC-124"
CODE_LARGE = "PSK-SRC-125"
TIMEOUT_SECONDS = 60
CONNECT_SECONDS = 10
MAX_WAIT_SECONDS = 600
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60
PART = 1 << 16
SHOWN = 300
_FOR_THE_MOMENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class Client:
    """Asks one API, as a source's options say. Close it."""

    def __init__(
        self, options: RestSourceOptions, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        try:
            import urllib3
        except ImportError as error:
            raise MissingExtra("urllib3", "rest", wanted_by="reading an HTTP API") from error
        self._options = options
        self._sleep = sleep
        self._library = urllib3
        silence = parse_period(options.timeout or f"{TIMEOUT_SECONDS} s")
        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, silence), read=silence)
        self._pool = _pool(urllib3, options.url, timeout)
        self._max_wait = parse_period(options.max_wait or f"{MAX_WAIT_SECONDS} s")
        self._token: str | None = None
        self._good_until = 0.0
        self._next = 0.0
        self.bytes = 0

    def close(self) -> None:
        """Close its connections."""
        self._pool.clear()

    def get(self, url: str, to: Path) -> Any:
        """Write an answer to a file as it came; gives its headers.

        Raises:
            SourceUnavailable: there is none, or it is no success; the file is not there then.
        """
        body, headers = None, dict(self._options.headers)
        headers.setdefault("Accept", "application/json")
        if self._options.body is not None:
            body = json.dumps(self._options.body).encode()
            headers.setdefault("Content-Type", "application/json")
        renewed = False
        while True:
            proof = self._proof()
            answer = self._tried(
                self._options.method, url, headers | proof, body, lambda a: self._saved(a, to)
            )
            if answer.status == 401 and self._token and not renewed:
                self._token, renewed = None, True  # it was taken back before its time
                continue
            self._successful(answer, url)
            return answer.headers

    # -- one request, and what is tried again

    def _tried(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        take: Callable[[Any], None],
    ) -> Any:
        """An answer that is a success, or will be none however often it is asked for."""
        place = _place(url)
        for attempt in range(self._options.retries + 1):
            wait = min(FIRST_PAUSE_SECONDS * 2**attempt, LONGEST_PAUSE_SECONDS)
            before = self.bytes
            try:
                answer = self._asked(method, url, headers, body)
                try:
                    if answer.status == 200 or answer.status not in _FOR_THE_MOMENT:
                        take(answer)
                        return answer
                    told = f"{answer.status} {answer.reason or ''}".strip()
                    asked = self._retry_after(answer.headers.get("Retry-After"))
                finally:
                    answer.close()
            except self._library.exceptions.HTTPError as error:
                self.bytes = before  # what had come of this answer is thrown away
                told, asked = _reason(error), None
            if asked is not None and asked > self._max_wait:
                raise SourceUnavailable(
                    f"{place} asks to wait {asked:,.0f} seconds ({told})",
                    code=CODE_BUSY,
                    hint="run later, ask less often (`requests_per_second`), or wait longer "
                    "(`max_wait`)",
                )
            if attempt < self._options.retries:
                self._sleep(wait if asked is None else asked)
        times = f"{self._options.retries + 1} times" if self._options.retries else "once"
        raise SourceUnavailable(
            f"{place} gives no answer, asked {times}: {told}",
            code=CODE_REACH,
            hint="check `url`, or run again when the server is well; `retries` says how often",
        )

    def _asked(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Any:
        rate = self._options.requests_per_second
        if rate is not None:
            now = time.monotonic()
            if now < self._next:
                self._sleep(self._next - now)
            self._next = max(now, self._next) + 1 / rate
        return self._pool.urlopen(
            method,
            url,
            headers=headers,
            body=body,
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=True,
        )

    def _retry_after(self, text: str | None) -> float | None:
        """Seconds that a `Retry-After` header asks to wait: a number, or a date."""
        if not text:
            return None
        try:
            return max(0.0, float(self._library.Retry().parse_retry_after(text)))
        except self._library.exceptions.InvalidHeader:
            return None

    def _saved(self, answer: Any, to: Path) -> None:
        if answer.status != 200:
            answer.told = answer.read(SHOWN, decode_content=True).decode("utf-8", "replace")
            return
        part = to.with_name(to.name + ".part")
        with part.open("wb") as file:
            for data in answer.stream(PART, decode_content=True):
                self.bytes += len(data)
                if self.bytes > self._options.max_bytes:
                    raise SourceUnavailable(
                        f"{_place(self._options.url)} gives more than "
                        f"{self._options.max_bytes:,} bytes",
                        code=CODE_LARGE,
                        hint="ask for less, or raise `max_bytes`",
                    )
                file.write(data)
        part.replace(to)

    def _successful(self, answer: Any, url: str) -> None:
        if answer.status == 200:
            return
        place, status = _place(url), f"{answer.status} {answer.reason or ''}".strip()
        told = " ".join(str(getattr(answer, "told", "")).split())
        said = f"{status}: {told}" if told else status
        if answer.status in {401, 403}:
            raise SourceUnavailable(
                f"{place} refuses the login: {said}",
                code=CODE_LOGIN,
                hint="check `auth` and what the key or token may do",
            )
        if 300 <= answer.status < 400:
            to = _place(answer.headers.get("Location", ""))
            hint = f"it sends to {to}: name that under `url`; a login is not taken elsewhere"
        elif answer.status == 404:
            hint = "check `url`"
        else:
            hint = "check `url`, `params` and `headers`"
        raise SourceUnavailable(f"{place} answers {said}", code=CODE_REFUSED, hint=hint)

    # -- logins

    def _proof(self) -> dict[str, str]:
        """Headers that log in; a key in the query is part of the address."""
        auth = self._options.auth
        if auth is None:
            return {}
        if auth.bearer is not None:
            return {"Authorization": f"Bearer {auth.bearer}"}
        if auth.basic is not None:
            return {"Authorization": _basic(auth.basic.user, auth.basic.password)}
        if auth.oauth2 is not None:
            if self._token is None or time.monotonic() > self._good_until:
                self._renew(auth.oauth2)
            return {"Authorization": f"Bearer {self._token}"}
        assert auth.api_key is not None
        return {auth.api_key.header: auth.api_key.value} if auth.api_key.header else {}

    def _renew(self, auth: OAuth2) -> None:
        """Ask for a token (RFC 6749, 4.4.2), with a proof in the header (2.3.1) or in the form."""
        form = {"grant_type": "client_credentials"}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        if auth.scope:
            form["scope"] = auth.scope
        if auth.send == "body":
            form |= {"client_id": auth.client_id, "client_secret": auth.client_secret}
        else:
            headers["Authorization"] = _basic(auth.client_id, auth.client_secret)
        data: list[bytes] = []
        answer = self._tried(
            "POST", auth.token_url, headers, urlencode(form).encode(),
            lambda a: data.append(a.read(decode_content=True)),
        )  # fmt: skip
        try:
            found = json.loads(data[-1])
            self._token = str(found["access_token"])
            self._good_until = time.monotonic() + float(found.get("expires_in", 3600)) - 30
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            text = data[-1][:SHOWN].decode(errors="replace") if answer.status != 200 else ""
            said = f": {answer.status}: {' '.join(text.split())}" if text else ""
            raise SourceUnavailable(
                f"{_place(auth.token_url)} gives no token{said}",
                code=CODE_LOGIN,
                hint="check `client_id`, `client_secret`, `scope`, and `send: body`",
            ) from error


def same_server(one: str, other: str) -> bool:
    """Whether two addresses are of one server, so that a login of one is meant for the other.

    >>> same_server("https://a.com/x", "https://a.com:443/y"), same_server("https://a", "http://a")
    (True, False)
    """
    return _origin(one) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _pool(library: Any, url: str, timeout: Any) -> Any:
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy and not proxy_bypass(parts.hostname or ""):
        return library.ProxyManager(proxy, timeout=timeout)
    return library.PoolManager(timeout=timeout)


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _place(url: str) -> str:
    """An address without its query, which may hold a key."""
    parts = urlsplit(url)
    host = f"{parts.hostname or ''}:{parts.port}" if parts.port else parts.hostname or ""
    return f"{parts.scheme}://{host}{parts.path}"


def _reason(error: Exception) -> str:
    """Why there was no answer, without the address of the object that could not give one."""
    said = str(error.args[-1] if error.args else error)
    return said.partition(">: ")[2] or said.partition(">, ")[2] or said or type(error).__name__
