"""The options of the `lake` target: a folder of partitioned Parquet files with a manifest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.runtime.targets.base import Gap, TargetCapabilities

if TYPE_CHECKING:
    from collections.abc import Callable

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)\s*([KMG]I?)?B?", re.IGNORECASE)
_SMALLEST = 10**6
# The other types have no text that names one value, or would make folders nobody can read.
PARTITION_TYPES = frozenset(
    """boolean smallint integer bigint decimal varchar date timestamp timestamptz
    time""".split()  # noqa: SIM905
)


class FileSize(str):
    """A size in bytes as people write it: `256 MB`, `1 GB`, `64 MiB`."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        """How the compiler's models check it. A core schema is plain data: nothing is imported."""
        checked = {"type": "no-info", "function": cls.checked}
        return {"type": "function-after", "function": checked, "schema": handler(str)}

    @classmethod
    def checked(cls, text: str) -> str:
        """The text itself, if it is a size.

        Raises:
            ValueError: it is not, or it is too small to be meant.
        """
        parse_size(text)
        return text


def parse_size(text: str) -> int:
    """Bytes.

    Raises:
        ValueError: it is not a size, or under 1 MB.

    >>> parse_size("256 MB"), parse_size("1.5GiB")
    (256000000, 1610612736)
    """
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"`{text}` is not a file size; write it as `256 MB` or `1 GB`")
    size = int(float(found[1]) * _UNITS[(found[2] or "").upper()])
    if size < _SMALLEST:
        raise ValueError(f"`{text}` is too small for a file; the least is 1 MB")
    return size


def _later(what: str) -> Gap:
    return Gap("notimpl", "PSK-TGT-110", f"this version of Penstock does not write {what} yet")


@dataclass(frozen=True, slots=True)
class LakeTargetOptions:
    """A table in a folder: Hive-partitioned Parquet files, versions, one manifest for readers.

    Attributes:
        path: the table's folder, relative to the pipeline folder.
        format: how the files are written.
        compression: of the files.
        target_file_size: the size a file should not pass by much, such as `256 MB`.
    """

    path: str
    format: Literal["parquet", "orc", "delta", "iceberg"] = "parquet"
    compression: Literal["zstd", "snappy", "gzip", "none"] = "zstd"
    target_file_size: FileSize = FileSize("256 MB")  # noqa: RUF009  # immutable, as every str

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
    capabilities: ClassVar[TargetCapabilities] = TargetCapabilities(
        modes=("append", "overwrite", "overwrite_partitions", "merge"),
        partition_by=True,
        partition_types=PARTITION_TYPES,
        formats={
            "parquet": None,
            "orc": _later("ORC"),
            "delta": _later("Delta tables"),
            "iceberg": _later("Iceberg tables"),
        },
    )

    @property
    def file_size_bytes(self) -> int:
        """`target_file_size` in bytes."""
        return parse_size(self.target_file_size)
