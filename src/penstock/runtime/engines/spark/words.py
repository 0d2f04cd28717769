"""Spark's errors in the reader's words."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from penstock.errors import Interrupted, PenstockError, StepFailed

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def told(doing: str = "") -> Iterator[None]:
    """Raise what Spark raises as an error of ours.

    Raises:
        Interrupted: its jobs were cancelled.
        StepFailed: anything else.
    """
    try:
        yield
    except PenstockError:
        raise
    except Exception as error:  # py4j's and Java's own kinds
        text = str(error)
        if "cancelled" in text and "job" in text.lower():
            raise Interrupted("interrupted") from error
        before = f"{doing}: " if doing else ""
        raise StepFailed(f"{before}Spark says: {_plain(error, text)}") from error


def _plain(error: Exception, text: str) -> str:
    """The message without Java's stack."""
    java = getattr(error, "java_exception", None)
    if java is not None and java.getCause() is not None:
        text = str(java.getCause().getMessage() or text)
    found = [line for line in text.strip().splitlines() if line.strip()]
    return re.sub(r"\s+", " ", found[0]) if found else type(error).__name__
