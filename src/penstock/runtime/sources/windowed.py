"""A source read by a column: what it gives, cut to the rows that a run is to read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.errors import RowsUnaccounted
from penstock.runtime import window as windows

if TYPE_CHECKING:
    from penstock.runtime.engines.base import Engine, Extracted
    from penstock.runtime.ledger.base import Watermark
    from penstock.runtime.sources.base import Inferred, Slice, Source
    from penstock.runtime.window import Window


class WindowedSource:
    """Wraps a source. One that honours the bounds is asked for the rows inside and no other.

    Attributes:
        reached: after `extract`: how far the source is read.
        outside: after `extract`: rows that were given and are not inside; a source that honours
            the bounds gives none.
        missing: after `extract`: rows inside that have no value to go by.
    """

    def __init__(
        self, source: Source, dataset: str, window: Window, before: Watermark | None
    ) -> None:
        self._source = source
        self._dataset = dataset
        self.window = window
        self.before = before
        self.reached = before
        self.outside = 0
        self.missing = 0

    def check(self) -> None:
        """Whether there is something to read."""
        self._source.check()

    def plan(self) -> Slice:
        """What there is to read now, whatever is inside."""
        self.tell_bounds()
        return replace(self._source.plan(), bounds=self.window.as_bounds())

    def tell_bounds(self) -> None:
        """Tell the source what is inside; to be done before `extract` where nothing is planned."""
        tell = getattr(self._source, "within", None)
        if tell is not None:
            tell(self.window.as_bounds())

    @property
    def condition(self) -> str | None:
        """SQL condition of the rows inside; None: every row is."""
        return None if self.window.open else self.window.condition()

    def infer(self) -> Inferred:
        """The schema of what is there."""
        return self._source.infer()

    def extract(self, part: Slice, engine: Engine, relation: str, *, keep: bool) -> Extracted:
        """Make `relation` of the rows inside; the others count as not read."""
        if self.window.open or getattr(self._source, "honours_bounds", False):
            found = self._source.extract(part, engine, relation, keep=True)
            self._look(engine, relation)
            return found
        whole = f"{relation}__whole"
        found = self._source.extract(part, engine, whole, keep=True)
        try:
            inside = self.window.condition()
            sql = f"SELECT * FROM {whole} WHERE {inside}"
            engine.create(relation, sql, materialize=keep)
            rows = _count(engine, f"SELECT count(*) AS n FROM {relation}")
            self.outside = _count(engine, f"SELECT count(*) AS n FROM {whole} WHERE NOT ({inside})")
            if rows + self.outside != found.rows_out:
                raise RowsUnaccounted(
                    f"`{self._dataset}` gave {found.rows_out:,} rows, of which {rows:,} are "
                    f"inside what is to be read and {self.outside:,} outside",
                    hint="the input changed while it was read; nothing was published",
                )
            self._look(engine, relation)
        finally:
            engine.drop(whole)
        return replace(found, rows_in=found.rows_in - self.outside, rows_out=rows)

    def _look(self, engine: Engine, relation: str) -> None:
        """See how far the rows go, and how many have no place."""
        column = '"' + self.window.column.replace('"', '""') + '"'
        sql = f"SELECT count(*) AS n FROM {relation} WHERE {column} IS NULL"
        self.missing = _count(engine, sql)
        self.reached = windows.reached(engine, relation, self.window, self.before)

    def note(self) -> str | None:
        """What the report says of rows without a value."""
        if not self.missing or not self.window.nulls:
            return None
        what = "row has" if self.missing == 1 else "rows have"
        return (
            f"`{self._dataset}`: {self.missing:,} {what} no `{self.window.column}` to go by, and "
            "every run reads them"
        )


def _count(engine: Engine, sql: str) -> int:
    return int(engine.rows(sql)[0]["n"])
