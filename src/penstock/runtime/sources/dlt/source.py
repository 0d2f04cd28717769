"""The `dlt` source: what a resource of the dlt package yields, as it yields it.

dlt extracts, and no more: neither its normalizer, which makes tables of what is nested, nor its
destinations take part. The records are written down first, one a line, then read as NDJSON files
are: with the schema's types, rejected records and new columns as of any other source.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.program import canonical
from penstock.runtime.engines.base import FileFormat, InputFile
from penstock.runtime.identity import digest
from penstock.runtime.ledger.base import Watermark
from penstock.runtime.sources.base import STATE, Inferred, Slice
from penstock.runtime.sources.dlt.asking import ANSWER, ask
from penstock.runtime.sources.dlt.options import DltSourceOptions
from penstock.runtime.sources.landing import Landing
from penstock.runtime.sources.shapes import FOLDER, refuse_late_columns, shapes
from penstock.runtime.widening import TAKES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from penstock.program import Column, Read
    from penstock.runtime.engines.base import Engine, Extracted
    from penstock.runtime.sources.shapes import Shape, Shaped

SAMPLE_ROWS = 1000
"""How many records a schema is found in."""
_FORMAT = FileFormat("ndjson")


class DltSource:
    """Reads a resource.

    Identity of a slice: the content of its records, and the state that they were read from. So
    the resource is read when a run is planned, as an HTTP API is.

    Attributes:
        reached: what the resource remembers, once it was read: for the ledger.
        kept_back: it remembers something, and was not asked to go on from there.
    """

    record_format = "ndjson"

    def __init__(self, read: Read, root: Path) -> None:
        self._read = read
        self._root = root
        self._options = DltSourceOptions(**read.options)
        self._landing = Landing(root, read.dataset)
        self._cache = root.joinpath(*FOLDER, f"{read.dataset}.json")
        self._before: str | None = None
        self.reached: Watermark | None = None
        self.kept_back = False

    def resume(self, state: str | None) -> None:
        """What the resource remembered when it was read last; to be told before `plan`."""
        self._before = state

    def check(self) -> None:
        """Whether the first records are there."""
        self._sample()

    def plan(self) -> Slice:
        """Read everything, and write it down."""
        folder, files = self._reading(self._before)
        start = [] if self._before is None else [self._before]
        bounds = {"state": self._before, "folder": folder.name}
        return Slice(digest([*start, *(f.identity for f in files)]), tuple(files), bounds)

    def extract(self, part: Slice, engine: Engine, relation: str, *, keep: bool) -> Extracted:
        """Make `relation` of the records that were written down.

        Where they are not on this machine, which another than the planning one may be, they are
        read anew from the same state.

        Raises:
            SourceUnavailable: what the resource reads is out of reach.
            StepFailed: a record has a key that came after the Program was compiled.
        """
        files = self._there(part)
        if self._read.schema_evolution in TAKES:
            from penstock.runtime.engines.duckdb.shape_looking import look

            refuse_late_columns(
                self._cache,
                files,
                _FORMAT,
                self._read.schema,
                lambda some: look(some, _FORMAT, self._read.schema, grow=False),
            )
        return engine.read_files(
            relation,
            files,
            _FORMAT,
            self._read.schema,
            evolution=self._read.schema_evolution,
            keep=keep,
        )

    def infer(self) -> Inferred:
        """The columns of the first records."""
        from penstock.runtime.engines.duckdb.sniffing import sniff

        files = self._sample()
        return Inferred(sniff(files, _FORMAT), f"the first records of {self._options.source}")

    def shapes(
        self, schema: Sequence[Column], *, grow: bool, some: Sequence[InputFile] = ()
    ) -> list[Shaped]:
        """The different columns of what was read last, or of the first records.

        Args:
            some: look at these files only.
        """
        from penstock.runtime.engines.duckdb.shape_looking import look

        def looking(files: Iterable[InputFile]) -> Iterator[Shape]:
            yield from look(files, _FORMAT, schema, grow=grow)

        files = some or self._last() or self._sample()
        return shapes(self._cache, files, _FORMAT, schema, looking, grow=grow)

    def note(self) -> str | None:
        """What the report says: a resource that remembers, and may not."""
        if not self.kept_back:
            return None
        return (
            f"`{self._read.dataset}` remembers how far it was read, and each run reads all of it: "
            "`incremental: state` has it go on from there"
        )

    # -- readings

    def _there(self, part: Slice) -> list[InputFile]:
        """The files of a slice, on this machine."""
        found = all(Path(f.path).is_file() for f in part.files)
        if "folder" not in part.bounds and found:  # cut by a column, and remembering nothing
            return list(part.files)
        folder = self._landing.path / str(part.bounds.get("folder", "-"))
        if found and folder.joinpath(ANSWER).is_file():
            self._remember(_answer(folder))
            return list(part.files)
        return self._reading(part.bounds.get("state"))[1]

    def _reading(self, state: str | None) -> tuple[Path, list[InputFile]]:
        folder = self._landing.new()
        answer = ask(self._options, self._root, folder, state=state)
        folder.joinpath("asked.json").write_bytes(canonical(self._asked()))
        self._remember(answer)
        return folder, self._files(folder, answer)

    def _remember(self, answer: dict[str, Any]) -> None:
        if self._read.incremental == "state":
            self.reached = Watermark("", STATE, answer["state"] or "{}")
        else:
            self.kept_back = answer["state"] is not None and self._read.incremental == "none"

    def _last(self) -> list[InputFile]:
        """What was read last, if anything was, of the resource as it is named now."""
        for folder in reversed(self._landing.readings()):
            try:
                asked = json.loads(folder.joinpath("asked.json").read_bytes())
                found = self._files(folder, _answer(folder)) if asked == self._asked() else []
            except (OSError, ValueError, KeyError):  # it was killed
                continue
            if found:
                return found
        return []

    def _sample(self) -> list[InputFile]:
        folder = self._landing.sample()
        answer = ask(self._options, self._root, folder, state=None, most=SAMPLE_ROWS)
        return self._files(folder, answer)

    def _files(self, folder: Path, answer: dict[str, Any]) -> list[InputFile]:
        name = self._options.resource or self._options.source.rpartition(":")[2]
        return [
            InputFile(
                str(folder / f["name"]), f"{name} part {i}", int(f["size"]), str(f["identity"])
            )
            for i, f in enumerate(answer["files"], 1)
        ]

    def _asked(self) -> list[str | None]:
        return [self._options.source, self._options.resource]


def _answer(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(folder.joinpath(ANSWER).read_text(encoding="utf-8"))
    return found
