"""Runs a user's program over Arrow record batches: an IPC stream on its stdin, one on its stdout.

The stream's format is that of https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import tempfile
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

from penstock.errors import StepFailed, Unavailable
from penstock.runtime.arrow_types import arrow_schema, conform
from penstock.runtime.python_step import require_pyarrow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from penstock.program import Column

CODE_MISSING = "PSK-CMD-001"
CODE_ENDED = "PSK-CMD-002"
CODE_RESULT = "PSK-CMD-003"
LOOK_SECONDS = 0.2
"""How often a wait for the program looks whether the run is to end."""
GRACE_SECONDS = 5.0
"""What a program that is told to end has until it is killed."""
TOLD_LINES = 20
"""The last lines of stderr that a failure shows."""


def run_command(
    root: Path,
    command: Sequence[str],
    batches: Iterable[Any],
    schema: Sequence[Column],
    *,
    dataset: str,
) -> Iterator[Any]:
    """The rows that a program gives, as Arrow tables of exactly `schema`, while it makes them.

    Args:
        root: the pipeline folder, in which it starts.
        command: the program and its arguments; no shell reads them.
        batches: the input: at least one `pyarrow.RecordBatch`, which may be empty.
        dataset: for messages.

    Raises:
        Unavailable: there is no such program, or it may not be started.
        StepFailed: it ended with another code than 0, by a signal, or gave something that is no
            Arrow stream with the columns of `schema`.
    """
    require_pyarrow()
    with tempfile.TemporaryFile() as said:
        process = _started(root, command, said, dataset)
        feeding = _Feeding(process, batches)
        try:
            feeding.start()
            yield from _tables(process, schema, dataset, command, said)
            _ended(process, dataset, command, said)
        except StepFailed:
            feeding.check()  # without its input it fails, and that is not its fault
            raise
        finally:
            _killed(process)
            feeding.join()
            if process.stdout is not None:
                process.stdout.close()
        feeding.check()


class _Feeding(threading.Thread):
    """Writes the input, while the output is read: else both might wait for ever."""

    def __init__(self, process: subprocess.Popen[bytes], batches: Iterable[Any]) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._batches = batches
        self._error: BaseException | None = None

    def run(self) -> None:
        import pyarrow as pa

        stdin = self._process.stdin
        assert stdin is not None
        try:
            with stdin:
                incoming = iter(self._batches)
                first = next(incoming)
                with pa.ipc.new_stream(stdin, first.schema) as stream:
                    stream.write_batch(first)
                    for batch in incoming:
                        stream.write_batch(batch)
        except BrokenPipeError:
            pass  # it has read what it wants; its exit code tells whether all is well
        except BaseException as error:  # noqa: BLE001 - raised again where the step runs
            self._error = error
            _killed(self._process)

    def check(self) -> None:
        """Raise what ended the input early."""
        if self._error is not None:
            raise self._error


class _Output:
    """The program's stdout as a file that wakes up while it waits: a run may be interrupted."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._selector = selectors.DefaultSelector()
        self._selector.register(pipe, selectors.EVENT_READ)
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        found = bytearray()
        while size < 0 or len(found) < size:
            while not self._selector.select(LOOK_SECONDS):
                pass
            some = os.read(self._pipe.fileno(), 1 << 16 if size < 0 else size - len(found))
            if not some:
                break
            found += some
        return bytes(found)

    def close(self) -> None:
        self.closed = True
        self._selector.close()


def _started(
    root: Path, command: Sequence[str], said: IO[bytes], dataset: str
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - the user's own program
            command,
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            start_new_session=True,  # Ctrl-C comes to the run, which ends the program
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in an argument
        why = getattr(error, "strerror", None) or error
        missing = isinstance(error, FileNotFoundError)
        found = "it is not installed" if missing else f"it cannot be started: {why}"
        raise Unavailable(
            f"`{dataset}` is made by `{command[0]}`: {found}",
            code=CODE_MISSING,
            hint="install it, or name it by its path from the pipeline's folder, such as ./step",
        ) from error


def _tables(
    process: subprocess.Popen[bytes],
    schema: Sequence[Column],
    dataset: str,
    command: Sequence[str],
    said: IO[bytes],
) -> Iterator[Any]:
    import pyarrow as pa

    wanted = arrow_schema(schema)
    assert process.stdout is not None
    output = _Output(process.stdout)
    try:
        stream = pa.ipc.open_stream(pa.PythonFile(output, mode="r"))
        for batch in stream:
            table = conform(batch, wanted, schema, dataset)
            if table.num_rows:
                yield table
        rest = output.read(64)
    except (pa.ArrowInvalid, OSError) as error:
        _ended(process, dataset, command, said)  # why it gave nothing that can be read
        raise _not_arrow(dataset, command, str(error)) from error
    finally:
        output.close()
    if rest:
        raise _not_arrow(dataset, command, f"{rest[:32]!r} stands after its end")


def _not_arrow(dataset: str, command: Sequence[str], what: str) -> StepFailed:
    return StepFailed(
        f"`{dataset}`: what `{command[0]}` wrote to stdout is no Arrow IPC stream: {what}",
        code=CODE_RESULT,
        hint="write the stream to stdout, and nothing else; messages go to stderr",
    )


def _ended(
    process: subprocess.Popen[bytes], dataset: str, command: Sequence[str], said: IO[bytes]
) -> None:
    """Wait for the end.

    Raises:
        StepFailed: it is a bad one.
    """
    assert process.stdout is not None
    while True:
        try:
            code = process.wait(LOOK_SECONDS)
            break
        except subprocess.TimeoutExpired:
            os.set_blocking(process.stdout.fileno(), False)
            process.stdout.read()  # what it still has to say would keep it from its end
    if code == 0:
        return
    how = f"ended with exit code {code}" if code > 0 else f"was ended by {_name(-code)}"
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    told = "".join(f"\n    {line[:500]}" for line in lines[-TOLD_LINES:])
    raise StepFailed(
        f"`{dataset}`: `{command[0]}` {how}" + (f"; the last it said:{told}" if told else ""),
        code=CODE_ENDED,
        hint="a program that has done its work ends with 0",
    )


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _killed(process: subprocess.Popen[bytes]) -> None:
    """End the program, if it runs, and what it started and left behind."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_SECONDS)
