r"""Text of any encoding as UTF-8, so that a byte with no meaning in it is told, not replaced.

What cannot be decoded is written as bytes that are no UTF-8: the readers reject the record that
holds them, and its raw text shows them as `\x..`.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKS = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}


class Readable(Protocol):
    """Gives bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""


_FIRST = 0xDC00
_CHUNK = 1 << 20


def by_mark(head: bytes) -> str | None:
    r"""The encoding that a byte order mark says.

    >>> by_mark(b"\xff\xfea\x00"), by_mark(b"a,b")
    ('utf-16', None)
    """
    return next((e for mark, e in _MARKS.items() if head.startswith(mark)), None)


def to_utf8(source: Readable, copy: BinaryIO, encoding: str) -> None:
    r"""Copy text as UTF-8.

    >>> import io
    >>> copy = io.BytesIO()
    >>> to_utf8(io.BytesIO(b"caf\xe9 \x81"), copy, "cp1252"); copy.getvalue()
    b'caf\xc3\xa9 \x81'
    """
    if codecs.lookup(encoding).name == "utf-8":  # as it is: the readers tell what is wrong
        while chunk := source.read(_CHUNK):
            copy.write(chunk)
        return
    copy.writelines(text.encode("utf-8", "penstock-keep") for text in _decoded(source, encoding))


def _decoded(source: Readable, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)("penstock-keep")
    while chunk := source.read(_CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _keep(error: UnicodeError) -> tuple[str | bytes, int]:
    """Bytes without a meaning travel as lone surrogates, and leave as what they were."""
    if isinstance(error, UnicodeDecodeError):
        bad = error.object[error.start : error.end]
        return "".join(chr(_FIRST + b) for b in bad), error.end
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = [ord(c) - _FIRST for c in error.object[error.start : error.end]]
    if any(not 0x80 <= s <= 0xFF for s in signs):  # they could be taken for text, or a line end
        return b"\xff", error.end
    kept = bytes(signs)
    try:
        kept.decode()
    except UnicodeDecodeError:
        return kept, error.end
    return b"\xff" + kept, error.end


codecs.register_error("penstock-keep", _keep)
