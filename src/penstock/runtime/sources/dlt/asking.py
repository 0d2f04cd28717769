"""Has a process read a dlt resource, and waits for what it answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import Span
from penstock.errors import MissingExtra, PenstockError, SourceUnavailable, StepFailed
from penstock.runtime.references import environment, without_secrets
from penstock.runtime.sources.dlt.faults import CODE_ENDED

if TYPE_CHECKING:
    from penstock.runtime.sources.dlt.options import DltSourceOptions

ANSWER = "answer.json"


def ask(
    options: DltSourceOptions, root: Path, folder: Path, *, state: str | None, most: int = 0
) -> dict[str, Any]:
    """Have the resource's records written to `folder`, which is made.

    Args:
        state: what the resource remembers, as it was given before.
        most: read no more records than these; 0: all.

    Returns:
        `files` (name, size, identity) and `state`.

    Raises:
        MissingExtra: dlt is not installed.
        SourceUnavailable: what it reads is out of reach, or too large.
        StepFailed: the resource raised (at the user's line), or is none.
    """
    folder.mkdir(parents=True)
    own = folder / "dlt"
    question = {
        "root": str(root.resolve()),
        "source": options.source,
        "resource": options.resource,
        "arguments": options.arguments,
        "max_bytes": options.max_bytes,
        "folder": str(folder.resolve()),
        "state": state,
        "most": most,
    }
    process = subprocess.Popen(  # noqa: S603  # our own interpreter, no shell
        # -P: the folder of the script holds no modules for the user's code.
        [sys.executable, "-P", str(Path(__file__).with_name("child.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=root,
        env=_environment(root, own),
        start_new_session=True,  # it ends with the run, not by signals that are for the run
    )
    assert process.stdin is not None
    try:
        with suppress(BrokenPipeError):  # it ended before it was asked: told below
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
        code = process.wait()
    finally:
        process.kill()
        process.wait()
        with suppress(BrokenPipeError):
            process.stdin.close()
        shutil.rmtree(own, ignore_errors=True)
    place = folder / ANSWER
    if not place.is_file():
        raise StepFailed(
            f"`{options.source}` ended its process (exit code {code})",
            code=CODE_ENDED,
            hint="a resource yields its records; see what it wrote to stderr",
        )
    answer: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    if "error" in answer:
        shutil.rmtree(folder, ignore_errors=True)
        raise _error(answer["error"])
    return answer


def _environment(root: Path, own: Path) -> dict[str, str]:
    """The run's own variables; dlt tells nobody of it, and has its files in the run's folder."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "PYTHONDONTWRITEBYTECODE": "1",
        # https://dlthub.com/docs/reference/telemetry
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "DLT_DATA_DIR": str(own.resolve()),
        "DLT_LOCAL_DIR": str(own.resolve()),
        "DLT_PROJECT_DIR": str(root.resolve()),
    }


def _error(told: dict[str, Any]) -> PenstockError:
    span = Span(*told["span"]) if told["span"] else None
    if told["code"] == MissingExtra.default_code:
        return MissingExtra("dlt", "dlt", wanted_by="the connector `dlt`")
    kind = SourceUnavailable if told["transient"] else StepFailed
    message = without_secrets(told["message"], environment())
    return kind(message, code=told["code"], hint=told["hint"], span=span)
