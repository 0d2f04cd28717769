"""Run as a script: tries a Python step on no rows, in a process of its own.

Reads its question as JSON from stdin and writes its answer as JSON to the file that the question
names, because what the user's code prints goes to stdout and stderr.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from penstock.errors import PenstockError
from penstock.runtime.python_step import probe


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """The schema, or what went wrong."""
    try:
        schema = probe(
            Path(question["root"]), question["file"], question["function"], question["columns"]
        )
    except PenstockError as error:
        span = error.span
        return {
            "code": error.code,
            "message": error.message,
            "hint": error.hint,
            "file": span.file if span else None,
            "line": span.line if span else None,
        }
    return {"schema": schema}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    Path(asked["answer"]).write_text(json.dumps(answer(asked)), encoding="utf-8")
