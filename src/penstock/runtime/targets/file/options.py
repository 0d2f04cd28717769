"""The options of the `file` target: one file, at the very path named."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from penstock.runtime.targets.base import Gap, TargetCapabilities

HISTORY_GAP = Gap("never", "PSK-TGT-124", "a single file keeps no older versions")


@dataclass(frozen=True, slots=True)
class FileTargetOptions:
    """One file of the local file system, replaced whole by each run.

    Attributes:
        path: relative to the pipeline folder.
        format: default: from the path's suffix.
        compression: default: from the suffix (`.gz`, `.zst`), for Parquet zstd.
        options: of the format; for CSV: header, delimiter, quote, escape, null_value,
            date_format, timestamp_format.
    """

    path: str
    format: Literal["csv", "ndjson", "parquet"] | None = None
    compression: Literal["zstd", "gzip", "snappy", "none"] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
    capabilities: ClassVar[TargetCapabilities] = TargetCapabilities(
        modes=("overwrite",),
        formats={"csv": None, "ndjson": None, "parquet": None},
        history=HISTORY_GAP,
    )
