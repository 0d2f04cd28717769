"""Options of the `file` source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal


@dataclass(frozen=True, slots=True)
class FormatOptions:
    """How the files are written; all but `null_values` are of CSV.

    Attributes:
        null_values: texts that are read as NULL; default: the empty text.
        skip: lines before the header.
        comment: lines that start with it are passed over.
    """

    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header: bool | None = None
    null_values: list[str] | None = None
    skip: int | None = None
    comment: str | None = None
    date_format: str | None = None
    timestamp_format: str | None = None
    decimal_separator: str | None = None
    thousands_separator: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class FileSourceOptions:
    """Files of the local file system.

    Attributes:
        path: a path or glob, relative to the pipeline folder; `**` goes through folders.
        format: default: from the suffix.
        options: how the files are written.
    """

    path: str
    format: Literal["csv", "ndjson", "parquet"] | None = None
    options: FormatOptions = field(default_factory=FormatOptions)

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
