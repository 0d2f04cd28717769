"""Run as a script: reads a dlt resource in a process of its own, and writes down what it gives.

dlt keeps its settings in the environment and in one container of the process, and the resource is
the user's code, which may exit, crash or print. So neither is in the process of the run. The
question comes as one line of JSON on stdin, which stays open: where it ends, the run is dead, and
so is this process. The answer is a file, for what the code prints goes to stderr.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import PenstockError, SourceUnavailable, StepFailed
from penstock.runtime.json_text import NoJson, text
from penstock.runtime.sources.dlt.faults import CODE_LARGE, CODE_RECORD, told
from penstock.runtime.sources.dlt.resolving import found, require_dlt

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE_BYTES = 64 << 20
"""About how large a file becomes before the next one is begun."""
ARROW_ROWS = 10_000


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """What was written down, and what the resource remembers; or what went wrong."""
    root = Path(question["root"])
    try:
        return _read(question, root)
    except PenstockError as error:
        return _in_json(error)
    except BaseException as error:  # noqa: BLE001  # whatever the user's code raises, exit too
        return _in_json(told(error, question["source"], root))


def _read(question: dict[str, Any], root: Path) -> dict[str, Any]:
    require_dlt()
    from dlt.common import json as dlt_json
    from dlt.common.configuration.container import Container
    from dlt.common.pipeline import StateInjectableContext

    resource = found(root, question["source"], question["resource"], question["arguments"])
    before = question["state"]
    state: Any = dlt_json.typed_loads(before) if before else {}
    writer = _Writer(Path(question["folder"]), question["max_bytes"], question["source"])
    with Container().injectable_context(StateInjectableContext(state=state)):
        items = iter(resource)
        try:
            for record in _records(items):
                writer.write(record)
                if question["most"] and writer.rows >= question["most"]:
                    break
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
            writer.close()
    return {
        "files": writer.files,
        "state": dlt_json.typed_dumps(_ordered(state), sort_keys=True) if state else None,
    }


def _ordered(state: Any) -> Any:
    """A state that is the same for the same: dlt makes its list of hashes out of a set."""
    if isinstance(state, list):
        return [_ordered(v) for v in state]
    if not isinstance(state, dict):
        return state
    return {
        k: sorted(v) if k == "unique_hashes" and isinstance(v, list) else _ordered(v)
        for k, v in state.items()
    }


def _records(items: Iterator[Any]) -> Iterator[Any]:
    """Each record; what stands in Arrow tables or data frames is taken out of them."""
    for item in items:
        module = type(item).__module__.partition(".")[0]
        if module == "pandas" and hasattr(item, "columns"):
            import pyarrow as pa

            item = pa.Table.from_pandas(item, preserve_index=False)  # noqa: PLW2901
            module = "pyarrow"
        if module == "pyarrow":
            for start in range(0, item.num_rows, ARROW_ROWS):
                yield from item.slice(start, ARROW_ROWS).to_pylist()
        else:
            yield item


class _Writer:
    """Writes records, one a line, to files of a size that can be read side by side."""

    def __init__(self, folder: Path, max_bytes: int, source: str) -> None:
        self._folder = folder
        self._left = max_bytes
        self._most = max_bytes
        self._source = source
        self._file: Any = None
        self._hash: Any = None
        self.files: list[dict[str, Any]] = []
        self.rows = 0

    def write(self, record: Any) -> None:
        """Write one. As in dlt, what is no object is one with the key `value`."""
        if hasattr(record, "model_dump"):
            record = record.model_dump()
        elif not isinstance(record, dict):
            record = {"value": record}
        try:
            line = text(record).encode() + b"\n"
        except (NoJson, UnicodeEncodeError) as error:
            raise StepFailed(
                f"`{self._source}` gives a record that cannot be written down: {error}",
                code=CODE_RECORD,
                hint="give texts, numbers, dates, times, lists and objects of these",
            ) from error
        self._left -= len(line)
        if self._left < 0:
            raise SourceUnavailable(
                f"`{self._source}` gives more than {self._most:,} bytes",
                code=CODE_LARGE,
                hint="ask for less, or raise `max_bytes`",
            )
        if self._file is None:
            self._open()
        self._file.write(line)
        self._hash.update(line)
        self.files[-1]["size"] += len(line)
        self.rows += 1
        if self.files[-1]["size"] >= FILE_BYTES:
            self.close()

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self._file.close()
            self.files[-1]["identity"] = self._hash.hexdigest()
            self._file = None

    def _open(self) -> None:
        name = f"{len(self.files) + 1:06d}.ndjson"
        self._file = self._folder.joinpath(name).open("wb")
        self._hash = hashlib.sha256()
        self.files.append({"name": name, "size": 0})


def _in_json(error: PenstockError) -> dict[str, Any]:
    span = error.span
    return {
        "error": {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "transient": error.transient,
            "span": None
            if span is None
            else [span.file, span.line, span.column, span.end_line, span.end_column],
        }
    }


def _end_with_the_run() -> None:
    """End when nobody listens any more: stdin is open for as long as the run lives."""
    while sys.stdin.buffer.read(1 << 10):
        pass
    os._exit(1)


def main() -> None:
    """Read the question, answer it, and end at once, whatever threads there are."""
    os.dup2(2, 1)  # stdout is the run's, and for results only
    asked = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    to = Path(asked["folder"], "answer.json")
    part = to.with_name("answer.part")
    part.write_text(json.dumps(answer(asked)), encoding="utf-8")
    part.replace(to)
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
