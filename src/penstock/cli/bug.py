"""A bug of ours: one line for the reader, the traceback in a file, and how to report it."""

from __future__ import annotations

import platform
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_CODE = 1
ISSUES = "the project's issue tracker"


def report_bug(bug: BaseException, args: Sequence[str]) -> int:
    """Save the traceback and say where. Returns the exit code."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    head = (
        f"penstock {__version__}, Python {platform.python_version()}, {platform.platform()}\n"
        f"arguments: {list(args)}\n\n"
    )
    text = head + "".join(traceback.format_exception(bug))
    folder = Path(".penstock")
    place = folder if folder.is_dir() else Path(tempfile.gettempdir())
    path = place / f"penstock-bug-{stamp}.txt"
    try:
        path.write_text(text)
        saved = f"the traceback is in {path}"
    except OSError:
        saved = "the traceback could not be saved:\n" + text
    click.echo(
        f"bug[PSK-BUG-001]: {type(bug).__name__}: {bug} — this is a fault of Penstock, not yours; "
        f"{saved}; please send it to {ISSUES}",
        err=True,
    )
    return EXIT_CODE
