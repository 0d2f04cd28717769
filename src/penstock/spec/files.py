"""Reads the text of a definition's file, or says why it cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.diagnostics import Diagnostic, Span

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 4_000_000


class Unreadable(Exception):
    """A file cannot be read; `diagnostic` says why.

    Attributes:
        text: what can be read of it, for the line that is shown.
    """

    def __init__(
        self, code: str, message: str, hint: str | None, span: Span | None = None, text: str = ""
    ) -> None:
        super().__init__(message)
        self.diagnostic = Diagnostic(code, message, span, hint)
        self.text = text


def read_definition_file(root: Path, name: str) -> str:
    """The text of a YAML file of the folder, without a byte order mark.

    Raises:
        Unreadable: it is missing, not a file, too large, or not UTF-8.
    """
    path = root / name
    if not path.exists():
        hint = "name a pipeline folder, or make one with `penstock init NAME`"
        raise Unreadable("PSK-YAML-012", f"there is no {name} in {root}", hint)
    try:
        if path.stat().st_size > MAX_BYTES:
            message = f"{name} is larger than {MAX_BYTES:,} bytes"
            raise Unreadable("PSK-YAML-004", message, "data belongs into data files")
        raw = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Unreadable("PSK-YAML-012", f"{name} cannot be read: {reason}", None) from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8-sig", "replace")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8"
        span = Span(name, line, column, line, column + 1)
        text = raw.decode("utf-8-sig", "replace")
        raise Unreadable("PSK-YAML-011", message, "save the file as UTF-8", span, text) from error
