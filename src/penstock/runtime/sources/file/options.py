"""Options of the `file` source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Callable


class Sign(str):
    r"""One character that divides, quotes or marks: `;`, or `\t` for a tab."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        """How the compiler's models check it. A core schema is plain data: nothing is imported."""
        checked = {"type": "no-info", "function": cls.checked}
        return {"type": "function-after", "function": checked, "schema": handler(str)}

    @classmethod
    def checked(cls, text: str) -> str:
        r"""The character itself; `\t` as two characters is taken for a tab.

        Raises:
            ValueError: it is not one character of ASCII, or a line end.
        """
        sign = "\t" if text == "\\t" else text
        if len(sign) != 1 or not sign.isascii() or sign in "\r\n":
            raise ValueError(f"{text!r} is not a single ASCII character")
        return sign


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """How the files are written; all but `null_values` are of CSV.

    Attributes:
        delimiter: what divides fields; default: a comma, a tab in `.tsv` files.
        quote: what fields that hold a delimiter or a line end stand in; default `"`.
        escape: what makes the next quote a part of the text; default: the quote itself, doubled.
        header: whether the first record names the columns; default true. Without one, columns
            are taken by their position.
        null_values: texts that are read as NULL; default: the empty text.
        skip: lines before the header.
        comment: lines that start with it are passed over.
        date_format: as `strptime` writes it: `%d/%m/%Y`; default ISO 8601.
        timestamp_format: as `strptime` writes it; default ISO 8601.
        decimal_separator: default `.`.
        thousands_separator: default: none.
    """

    delimiter: Sign | None = None
    quote: Sign | None = None
    escape: Sign | None = None
    header: bool | None = None
    null_values: list[str] | None = None
    skip: int | None = None
    comment: Sign | None = None
    date_format: str | None = None
    timestamp_format: str | None = None
    decimal_separator: Literal[".", ","] | None = None
    thousands_separator: Literal[",", ".", " ", "'", "_"] | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class FileSourceOptions:
    """Files of the local file system.

    Attributes:
        path: a path or glob, relative to the pipeline folder; `**` goes through folders, hidden
            files and folders are passed over. gz and zst are unpacked.
        format: default: from the suffix.
        options: how the files are written.
    """

    path: str
    format: Literal["csv", "ndjson", "parquet"] | None = None
    options: FormatOptions = field(default_factory=FormatOptions)

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
