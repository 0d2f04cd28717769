"""Options of the `file` source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypedDict


class FormatOptions(TypedDict, total=False):
    """How the files are written; all but `null_values` are of CSV.

    `skip`: lines before the header. `comment`: lines that start with it are passed over.
    """

    __pydantic_config__ = {"extra": "forbid"}  # type: ignore[misc]  # noqa: RUF012

    delimiter: str
    quote: str
    escape: str
    header: bool
    null_values: list[str]
    skip: int
    comment: str
    date_format: str
    timestamp_format: str
    decimal_separator: str
    thousands_separator: str


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
