"""Files that hold another format than the pipeline says, known by their first bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import StepFailed

if TYPE_CHECKING:
    from penstock.runtime.engines.base import InputFile

CODE_OTHER = "PSK-SRC-039"
LOOK = 8
"""Bytes that tell a format."""
# No text starts with these: each has bytes that are no characters.
_MAGIC = {
    b"PAR1\x15": "a Parquet file",
    b"PK\x03\x04": "a zip file or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old .xls workbook, or one that is protected with a password",
}


def named(head: bytes) -> str | None:
    r"""What starts with these bytes, in words; None: it may be text.

    >>> named(b"PAR1\x15\x04"), named(b"PAR1,PAR2")
    ('a Parquet file', None)
    """
    return next((what for magic, what in _MAGIC.items() if head.startswith(magic)), None)


def first_bytes(path: str) -> bytes:
    """The bytes that tell a file's format."""
    with open(path, "rb") as stream:  # noqa: PTH123 - as DuckDB names it
        return stream.read(LOOK)


def refuse_other(file: InputFile, head: bytes, form: str) -> None:
    """Make sure that these are not the first bytes of another format.

    Raises:
        StepFailed: they are.
    """
    if what := named(head):
        raise other(file, what, form)


def other(file: InputFile, what: str, form: str) -> StepFailed:
    """The error for a file that is something else."""
    return StepFailed(
        f"`{file.name}` is {what}, and it is read as {form}",
        code=CODE_OTHER,
        hint="say its `format`, or name the right files in `path`; nothing of it was taken in",
    )
