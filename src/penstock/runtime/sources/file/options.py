"""Options of the `file` source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from penstock.runtime.option_text import OptionText

MOST_WIDE = 1_000_000


class Sign(OptionText):
    r"""One character that divides, quotes or marks: `;`, or `\t` for a tab."""

    __slots__ = ()

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


class Encoding(OptionText):
    """The name of an encoding of text, as Python knows it."""

    __slots__ = ()

    @classmethod
    def checked(cls, text: str) -> str:
        """The name.

        Raises:
            ValueError: there is no encoding of text of this name.
        """
        try:
            "".encode(text)
        except LookupError as error:
            hint = "; try latin-1, cp1252, utf-16, shift_jis or gb18030"
            raise ValueError(f"there is no encoding `{text}`{hint}") from error
        return text


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """How the files are written. Those without a format named are of CSV and fixed width.

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
        encoding: of text: `latin-1`, `cp1252`, `shift_jis`; default UTF-8, and UTF-16 where a
            byte order mark says so.
        row_path: of JSON: the keys that lead to the records, `data.items`; default: they stand at
            the top, in an array or one after another.
        row: of XML: the elements that are records; default: the children of the root.
        sheet: of Excel: a sheet's name, or its number from 1; default: the first.
        widths: of fixed width: column and width in characters, in the order of the line:
            `{id: 5, name: 20}`.
        members: of zip: which files in it, as a glob; default: all.
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

    encoding: Encoding | None = None
    row_path: str | None = None
    row: str | None = None
    sheet: int | str | None = None
    widths: dict[str, int] | None = None
    members: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        for column, width in (self.widths or {}).items():
            if not 0 < width <= MOST_WIDE:
                raise ValueError(f"the width of `{column}` is to be 1 to {MOST_WIDE:,}")


@dataclass(frozen=True, slots=True)
class FileSourceOptions:
    """Files of the local file system.

    Attributes:
        path: a path or glob, relative to the pipeline folder; `**` goes through folders, hidden
            files and folders are passed over. gz, zst, bz2 and zip are unpacked.
        format: default: from the suffix.
        options: how the files are written.
    """

    path: str
    format: (
        Literal["csv", "ndjson", "json", "parquet", "orc", "excel", "xml", "fixed_width"] | None
    ) = None
    options: FormatOptions = field(default_factory=FormatOptions)

    of_files: ClassVar[bool] = True
    """A slice of it may be some of its files."""
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        widths = (
            self.options.widths
            if isinstance(self.options, FormatOptions)
            else self.options.get("widths")
        )
        if self.format == "fixed_width" and not widths:
            raise ValueError("fixed width needs `options: {widths: {id: 5, name: 20}}`")
