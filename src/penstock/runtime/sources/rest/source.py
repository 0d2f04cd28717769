"""The `rest` source: records of an HTTP API that answers in JSON, page after page.

Each answer is written down as it came before anything is made of it, below `.penstock/landed/`.
Then the pages are read as JSON files are, so that a record that cannot be read is rejected with its
text, and a page can be looked at. The last few readings are kept.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from penstock.errors import SourceUnavailable, StepFailed
from penstock.runtime.engines.base import FileFormat, InputFile
from penstock.runtime.identity import digest
from penstock.runtime.sources.base import Inferred, Slice
from penstock.runtime.sources.landing import Landing
from penstock.runtime.sources.rest.client import CODE_LARGE, CODE_LOGIN, Client, same_server
from penstock.runtime.sources.rest.options import RestSourceOptions, built
from penstock.runtime.sources.rest.paging import CODE_PAGE, Pages, at
from penstock.runtime.sources.shapes import FOLDER, refuse_late_columns, shapes
from penstock.runtime.widening import TAKES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Column, Read
    from penstock.runtime.engines.base import Engine, Extracted
    from penstock.runtime.sources.shapes import Shape, Shaped


class RestSource:
    """Reads what an API gives.

    Identity of a slice: the content of its pages. So they are all asked for when a run is planned;
    what has not changed since makes no new run. An API that writes the time into its answers makes
    one each time.
    """

    record_format = "json"

    def __init__(self, read: Read, root: Path) -> None:
        self._read = read
        self._options = built(RestSourceOptions, read.options)
        self._landing = Landing(root, read.dataset)
        self._root = root
        self._cache = root.joinpath(*FOLDER, f"{read.dataset}.json")
        path = {"row_path": self._options.records} if self._options.records else {}
        self._format = FileFormat("json", path)
        self._bounds: Mapping[str, Any] = {}

    def within(self, bounds: Mapping[str, Any]) -> None:
        """The bounds of the next plan: what `since` asks for. The run loop cuts what comes."""
        self._bounds = bounds

    def check(self) -> None:
        """Whether the first page is there."""
        self._sample()

    def plan(self) -> Slice:
        """Ask for every page, and write each down."""
        files = tuple(self._pages(self._landing.new(), self._options.max_pages))
        return Slice(digest(f.identity for f in files), files)

    def extract(self, part: Slice, engine: Engine, relation: str, *, keep: bool) -> Extracted:
        """Make `relation` of the pages that were written down.

        Raises:
            SourceUnavailable: they are not there any more.
            StepFailed: a record has a key that came after the Program was compiled.
        """
        from pathlib import Path

        gone = next((f for f in part.files if not Path(f.path).is_file()), None)
        if gone is not None:
            raise SourceUnavailable(
                f"`{gone.name}` was written down and is gone",
                hint="run again: it is asked for anew",
            )
        if self._read.schema_evolution in TAKES:
            from penstock.runtime.engines.duckdb.shape_looking import look

            refuse_late_columns(
                self._cache,
                part.files,
                self._format,
                self._read.schema,
                lambda some: look(some, self._format, self._read.schema, grow=False),
            )
        return engine.read_files(
            relation,
            part.files,
            self._format,
            self._read.schema,
            evolution=self._read.schema_evolution,
            keep=keep,
        )

    def infer(self) -> Inferred:
        """The columns of the first page."""
        from penstock.runtime.engines.duckdb.sniffing import sniff

        files = self._sample()
        return Inferred(sniff(files, self._format), f"the first page of {self._options.url}")

    def shapes(self, schema: Sequence[Column], *, grow: bool) -> list[Shaped]:
        """The different columns of the pages that were read last, or of the first page."""
        from penstock.runtime.engines.duckdb.shape_looking import look

        def looking(some: Iterable[InputFile]) -> Iterator[Shape]:
            yield from look(some, self._format, schema, grow=grow)

        files = self._last() or self._sample()
        return shapes(self._cache, files, self._format, schema, looking, grow=grow)

    # -- pages

    def _pages(self, folder: Path, most: int, *, all_of_them: bool = True) -> Iterator[InputFile]:
        """The pages, each written down before it is given."""
        folder.mkdir(parents=True)
        pages = Pages(self._options, self._window())
        url: str | None = pages.first()
        with closing(Client(self._options)) as client:
            number = 0
            while url is not None:
                number += 1
                if number > most:
                    raise SourceUnavailable(
                        f"{self._options.url} gives more than {most:,} pages",
                        code=CODE_LARGE,
                        hint="ask for less, or raise `max_pages`",
                    )
                file, body, headers = self._page(client, url, folder, number)
                yield file
                here, url = url, None
                if all_of_them:
                    link = headers.get("Link", "")
                    url = pages.after(body, file.identity, link, here)
                if url is not None and not same_server(url, self._options.url):
                    raise SourceUnavailable(
                        f"{self._options.url} says that its next page is on another server",
                        code=CODE_LOGIN,
                        hint="nothing was sent there: a login is not taken to other servers",
                    )

    def _page(
        self, client: Client, url: str, folder: Path, number: int
    ) -> tuple[InputFile, Any, Any]:
        to = folder / f"{number:06d}.json"
        headers = client.get(url, to)
        data = to.read_bytes()
        name = f"{self._options.url.partition('?')[0]} page {number}"
        try:
            body = json.loads(data)
        except ValueError as error:
            raise StepFailed(
                f"`{name}` is not JSON: {error}",
                code=CODE_PAGE,
                hint=f"what came is in {to.relative_to(self._root)}",
            ) from error
        if self._options.records and at(body, self._options.records) is None:
            keys = ", ".join(body) if isinstance(body, dict) else "none: it is no object"
            raise StepFailed(
                f"`{name}` has no records at `{self._options.records}`",
                code=CODE_PAGE,
                hint=f"its keys: {keys}",
            )
        identity = hashlib.sha256(data).hexdigest()
        return InputFile(str(to), name, len(data), identity), body, headers

    def _last(self) -> list[InputFile]:
        """The pages of the reading before, if there was one."""
        for folder in reversed(self._landing.readings()):
            pages = sorted(folder.glob("*.json"))
            if pages:
                name = self._options.url.partition("?")[0]
                return [
                    InputFile(str(p), f"{name} page {i}", p.stat().st_size, _identity(p))
                    for i, p in enumerate(pages, 1)
                ]
        return []

    def _sample(self) -> list[InputFile]:
        """The first page, as it is now."""
        return list(self._pages(self._landing.sample(), 1, all_of_them=False))

    # -- what is new

    def _window(self) -> dict[str, str]:
        """The query parameters that ask for what is inside the bounds."""
        since = self._options.since
        if since is None:
            return {}
        found = {}
        start = self._bounds.get("from") or self._bounds.get("above")
        if start is not None:
            found[since.param] = written(str(start), str(self._bounds["type"]), since.format)
        elif since.initial is not None:
            found[since.param] = since.initial
        end = self._bounds.get("to")
        if since.until and end is not None:
            found[since.until] = written(str(end), str(self._bounds["type"]), since.format)
        return found


def written(value: str, type_: str, form: str) -> str:
    """A bound as an API wants it.

    >>> written("2026-01-31 06:00:00+00:00", "timestamptz", "iso")
    '2026-01-31T06:00:00Z'
    >>> written("2026-01-31", "date", "unix"), written("17", "bigint", "iso")
    ('1769817600', '17')
    """
    if form == "text" or type_ not in {"date", "timestamp", "timestamptz"}:
        return value
    moment = datetime.fromisoformat(value)
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    if form == "date" or (form == "iso" and type_ == "date"):
        return date(moment.year, moment.month, moment.day).isoformat()
    if form == "unix":
        return str(int(moment.timestamp()))
    return moment.replace(tzinfo=None).isoformat() + "Z"


def _identity(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
