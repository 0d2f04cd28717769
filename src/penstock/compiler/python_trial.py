"""Finds what a Python step returns by trying it on no rows, in a process of its own.

The user's code runs apart from the compiler: it may print, hang, exit or crash.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.compiler.python_source import Fault
from penstock.program import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

TIMEOUT_SECONDS = 60.0
_DECLARE = "declare what it returns under `schema`"


def try_function(
    root: Path,
    file: str,
    function: str,
    columns: Mapping[str, str],
    *,
    timeout: float = TIMEOUT_SECONDS,
) -> tuple[tuple[Column, ...] | None, Fault | None]:
    """The schema of what a function returns for an empty batch, or why it cannot be found.

    Args:
        root: the pipeline folder; the process runs in it.
        file: relative to the folder.
        columns: of the function's input, with their types.
        timeout: seconds.
    """
    with tempfile.TemporaryDirectory(prefix="penstock-trial-") as folder:
        answer = Path(folder, "answer.json")
        question = {
            "root": str(root.resolve()),
            "file": file,
            "function": function,
            "columns": dict(columns),
            "answer": str(answer),
        }
        try:
            done = subprocess.run(  # noqa: S603  # our own interpreter, no shell
                # The file, not the module: importing the compiler takes longer than the trial.
                # -P: its folder is not where the user's code looks for modules.
                [sys.executable, "-P", str(Path(__file__).with_name("python_probe.py"))],
                input=json.dumps(question),
                text=True,
                capture_output=True,
                timeout=timeout,
                cwd=root,
                # Bytecode of the user's files does not belong into the pipeline folder.
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                check=False,
            )
        except subprocess.TimeoutExpired:
            message = f"`{function}` did not end within {timeout:.0f} seconds on an empty batch"
            return None, Fault("PSK-PY-004", message, _DECLARE)
        if not answer.is_file():
            return None, _crashed(function, done)
        return _read(json.loads(answer.read_text(encoding="utf-8")), function)


def _crashed(function: str, done: subprocess.CompletedProcess[str]) -> Fault:
    last = (done.stderr.strip().splitlines() or [""])[-1]
    message = f"`{function}` ended the process on an empty batch (exit code {done.returncode})"
    return Fault("PSK-PY-004", f"{message}: {last}" if last else message, _DECLARE)


def _read(answer: dict[str, Any], function: str) -> tuple[tuple[Column, ...] | None, Fault | None]:
    if "schema" not in answer:
        hint = answer["hint"] or f"make it work on no rows, or {_DECLARE}"
        message = f"{answer['message']} (it was tried on an empty batch)"
        return None, Fault(answer["code"], message, hint, answer["line"], file=answer["file"])
    try:
        return tuple(Column(n, types.normalize(t)) for n, t in answer["schema"]), None
    except ValueError as error:
        return None, Fault("PSK-PY-005", f"`{function}` returned a column: {error}", _DECLARE)
