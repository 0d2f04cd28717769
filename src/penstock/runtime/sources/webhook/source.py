"""The `webhook` source: the events that a receiver has put into the inbox, as the files they are.

Each is read once, by the name of its object, as the `file` and `s3` sources read each file once.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.errors import SourceUnavailable
from penstock.program import Column
from penstock.runtime.identity import digest
from penstock.runtime.sources.base import Inferred, Slice
from penstock.runtime.sources.file.source import FileSource
from penstock.runtime.sources.shapes import Shape, Shaped
from penstock.runtime.sources.webhook import inbox
from penstock.runtime.sources.webhook.options import built
from penstock.runtime.storage import is_remote, open_store
from penstock.runtime.widening import TAKES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.program import Read
    from penstock.runtime.engines.base import Engine, Extracted, InputFile


_ENVELOPE = (
    Column("_received_at", "timestamptz"),
    Column("_idempotency_key", "varchar"),
    Column("_number", "bigint"),
    Column("_headers", "json"),
)


class WebhookSource:
    """Reads an inbox, which may be empty: nobody has to have sent anything."""

    record_format = "ndjson"
    unread = ("signature",)
    """Options that only the receiver needs: whoever reads has no need of their secrets."""

    def __init__(self, read: Read, root: Path) -> None:
        options = built(read.options)
        self._place = inbox.place(options, os.environ)
        self._dataset = read.dataset
        self._rule = read.schema_evolution
        self._envelope = _ENVELOPE if options.headers else _ENVELOPE[:-1]
        self._store = open_store(self._place, root, region=options.region)
        path = f"{self._place}/{read.dataset}/*{inbox.SUFFIX}"
        given: dict[str, Any] = {"path": path, "format": "ndjson"}
        self._files: FileSource
        if is_remote(self._place):
            from penstock.runtime.sources.s3.source import S3Source

            if options.region:
                given["region"] = options.region
            self._files = S3Source(replace(read, options=given), root)
        else:
            self._files = FileSource(replace(read, options=given), root)

    def check(self) -> None:
        """Whether the inbox can be looked into; that it is empty is no fault."""
        self._empty()

    def plan(self) -> Slice:
        """The events there are now."""
        return Slice(digest([])) if self._empty() else self._files.plan()

    def extract(self, part: Slice, engine: Engine, relation: str, *, keep: bool) -> Extracted:
        """Make `relation` of the slice's events.

        Raises:
            SourceUnavailable: one is gone.
            StepFailed: it has a key that came after the Program was compiled.
        """
        return self._files.extract(part, engine, relation, keep=keep)

    def infer(self) -> Inferred:
        """The columns of the events that are there.

        Raises:
            SourceUnavailable: none is.
        """
        if self._empty():
            raise SourceUnavailable(
                f"no event of `{self._dataset}` has come yet, so that its columns are not known",
                code="PSK-SRC-141",
                hint="declare its `schema`",
            )
        found = self._files.infer()
        kinds = {c.name: c for c in _ENVELOPE}
        return replace(found, schema=tuple(kinds.get(c.name, c) for c in found.schema))

    def shapes(
        self, schema: Sequence[Column], *, grow: bool, some: Sequence[InputFile] = ()
    ) -> list[Shaped]:
        """The different columns that the events have.

        What the inbox adds is a part of every event that will come, so that it is told where
        none has come yet.

        Args:
            some: look at these events only.
        """
        declared = {c.name.casefold() for c in schema}
        ours = tuple(c for c in self._envelope if c.name not in declared)
        asked = schema if self._rule == "strict" else (*schema, *ours)
        found = [] if self._empty() else self._files.shapes(asked, grow=grow, some=some)
        if self._rule == "strict":
            return found
        names = {c.name for c in _ENVELOPE} - declared
        found = [
            replace(s, shape=replace(s.shape, columns=tuple(
                c for c in s.shape.columns if c.name not in names
            )))
            for s in found
        ]  # fmt: skip
        if self._rule in TAKES and ours:
            found.insert(0, Shaped("the inbox", Shape((*schema, *ours)), ordered=False))
        return found

    def _empty(self) -> bool:
        found = self._store.list(self._dataset)
        return not any(entry.path.endswith(inbox.SUFFIX) for entry in found)
