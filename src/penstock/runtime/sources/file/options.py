"""Options of the `file` source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class FileSourceOptions:
    """Files of the local file system.

    Attributes:
        path: a path or glob, relative to the pipeline folder; `**` goes through folders.
        format: default: from the suffix.
        options: of the format.
    """

    path: str
    format: Literal["csv", "ndjson", "parquet"] | None = None
    options: dict[str, Any] = field(default_factory=dict)
