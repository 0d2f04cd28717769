"""Options of the `file` source."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import PurePath
from typing import Any, ClassVar, Literal

from penstock.runtime.formats import LATER, LATER_PACKED, format_of

_ONE_CHARACTER = ("comment", "decimal_separator", "thousands_separator")


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """How the files are written. `null_values` is of CSV and NDJSON, the others of CSV only.

    Attributes:
        delimiter: what divides fields, up to four characters; default: a comma (a tab for
            `.tsv`).
        quote: what a field that holds delimiters or line ends stands between; empty: nothing.
        escape: what makes the next quote part of the text; default: the quote itself, doubled.
        header: whether the first line names the columns (default). Without, columns are in the
            order of the schema.
        null_values: texts that are read as NULL; default: the empty text.
        encoding: of the text.
        skip: lines before the header.
        comment: lines that start with this character are passed over.
        date_format: such as `%d/%m/%Y`; default: ISO 8601, `2013-12-31`.
        timestamp_format: such as `%d/%m/%Y %H:%M`; default: ISO 8601, without an offset in UTC.
        decimal_separator: `.` (default) or `,`.
        thousands_separator: what groups digits; default: nothing does.
    """

    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header: bool | None = None
    null_values: list[str] | None = None
    encoding: Literal["utf-8", "utf-16", "latin-1"] | None = None
    skip: int | None = None
    comment: str | None = None
    date_format: str | None = None
    timestamp_format: str | None = None
    decimal_separator: Literal[".", ","] | None = None
    thousands_separator: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ValueError: in the reader's words.
        """
        if self.encoding not in {None, "utf-8"}:
            raise ValueError(
                f"`encoding: {self.encoding}` is not read by this version of Penstock; convert "
                "the files to UTF-8 first (iconv does)"
            )
        if self.skip is not None and self.skip < 0:
            raise ValueError(f"`skip` counts lines; it cannot be {self.skip}")
        if self.delimiter is not None and not 1 <= len(self.delimiter.encode()) <= 4:
            raise ValueError("`delimiter` is one to four characters")
        for name in ("quote", "escape", *_ONE_CHARACTER):
            value = getattr(self, name)
            if value is not None and len(value.encode()) > 1:
                raise ValueError(f"`{name}` is one character, not `{value}`")
        if self.thousands_separator and self.thousands_separator == (self.decimal_separator or "."):
            raise ValueError("`thousands_separator` and `decimal_separator` cannot be the same")
        if self.quote and self.quote == self.delimiter:
            raise ValueError("`quote` and `delimiter` cannot be the same")
        for name in ("date_format", "timestamp_format"):
            value = getattr(self, name)
            if value is not None and "%" not in value:
                raise ValueError(f"`{name}` is written with `%`: %Y-%m-%d, not `{value}`")

    def given(self) -> dict[str, Any]:
        """The options that are given."""
        every = {f.name: getattr(self, f.name) for f in fields(self)}
        return {k: v for k, v in every.items() if v is not None}


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
    format: (
        Literal["csv", "ndjson", "parquet", "json", "orc", "excel", "xml", "fixed_width"] | None
    ) = None
    options: FormatOptions = field(default_factory=FormatOptions)

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Refuse what cannot be read.

        Raises:
            ValueError: in the reader's words.
        """
        if not self.path.strip():
            raise ValueError("`path` is empty; it names a file, or files by a pattern")
        if "://" in self.path:
            raise ValueError(f"`{self.path}` is not a local path; `connector: s3` reads buckets")
        if PurePath(self.path).suffix.lower() in LATER_PACKED:
            raise ValueError(
                f"`{PurePath(self.path).suffix}` files are not read by this version of Penstock; "
                "gz and zst are"
            )
        if self.format in LATER:
            raise ValueError(
                f"`format: {self.format}` is not read by this version of Penstock; csv, ndjson "
                "and parquet are"
            )
        if self.format is None and format_of(self.path)[0] is None:
            raise ValueError(
                f"the suffix of `{self.path}` tells no format; say `format: csv`, `ndjson` or "
                "`parquet`"
            )
        allowed = {"csv": None, "ndjson": {"null_values", "encoding"}, "parquet": set[str]()}
        of_format = allowed[self.kind]
        wrong = [k for k in self._given() if of_format is not None and k not in of_format]
        if wrong:
            raise ValueError(f"`options.{wrong[0]}` is of CSV, and these files are {self.kind}")

    @property
    def kind(self) -> str:
        """`csv`, `ndjson` or `parquet`."""
        return self.format or format_of(self.path)[0] or "csv"

    def _given(self) -> dict[str, Any]:
        # In a Program the options are plain data.
        if isinstance(self.options, FormatOptions):
            return self.options.given()
        plain: dict[str, Any] = self.options or {}
        return {k: v for k, v in plain.items() if v is not None}

    def format_options(self) -> dict[str, Any]:
        """The options that are given, or that the name says."""
        from penstock.runtime.formats import tab_separated

        found = self._given()
        if self.kind == "csv" and tab_separated(self.path):
            found.setdefault("delimiter", "\t")
        return found
