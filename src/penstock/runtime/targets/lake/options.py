"""The options of the `lake` target: a table of files in a folder or a bucket."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.quantities import size
from penstock.runtime.option_text import OptionText
from penstock.runtime.targets.base import TargetCapabilities
from penstock.runtime.targets.lake.partitioning import TRANSFORMS, parse_term

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SMALLEST = 10**6
_TOO_LARGE = 10**12
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_ORDER = re.compile(r"(.*?\S)(?:\s+(asc|desc))?", re.IGNORECASE)
# The other types have no text that names one value, or would make folders nobody can read.
PARTITION_TYPES = frozenset(
    """boolean smallint integer bigint decimal varchar date timestamp timestamptz
    time""".split()  # noqa: SIM905
)


class FileSize(OptionText):
    """A size in bytes as people write it: `256 MB`, `1 GB`, `64 MiB`."""

    __slots__ = ()

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
    try:
        found = size(text, unit=False)
    except ValueError:
        found = _TOO_LARGE
    if found >= _TOO_LARGE:
        raise ValueError(f"`{text}` is not a file size; write it as `256 MB` or `1 GB`")
    if found < _SMALLEST:
        raise ValueError(f"`{text}` is too small for a file; the least is 1 MB")
    return found


def parse_order(text: str) -> tuple[str, bool]:
    """A column of `sort_by`, and whether it descends.

    Raises:
        ValueError: there is no column in it.

    >>> parse_order("day desc"), parse_order("carrier")
    (('day', True), ('carrier', False))
    """
    found = _ORDER.fullmatch(text.strip())
    if not found:
        raise ValueError(f"`{text}` names no column; write `COLUMN`, or `COLUMN desc`")
    return found[1], (found[2] or "").lower() == "desc"


class LakePath(OptionText):
    """A folder, or a place in a bucket: `lake/delays`, `s3://acme/lake/delays`."""

    __slots__ = ()

    @classmethod
    def checked(cls, text: str) -> str:
        """The text itself, if lakes can be there.

        Raises:
            ValueError: it is a URL of another kind, or names no bucket.
        """
        found = _URL.match(text)
        if not found:
            return text
        if found[1].lower() not in {"s3", "s3a"}:
            raise ValueError(
                f"a lake cannot be at `{found[1]}://`: name a folder, or s3://BUCKET/PREFIX"
            )
        bucket, _, prefix = text[found.end() :].partition("/")
        if not bucket or not prefix.strip("/"):
            raise ValueError(f"`{text}` is not the place of a table: write s3://BUCKET/PREFIX")
        return text


class SortColumn(OptionText):
    """A column of `sort_by`: `day`, `day desc`."""

    __slots__ = ()

    @classmethod
    def checked(cls, text: str) -> str:
        """The text itself, if it names a column."""
        parse_order(text)
        return text


@dataclass(frozen=True, slots=True)
class LakeCapabilities(TargetCapabilities):
    """Also what Iceberg's hidden partitions are made of, and what `sort_by` names."""

    def partition_column(self, text: str, form: str | None) -> tuple[str, frozenset[str]]:
        """`day(seen)` is the column `seen`, in an Iceberg table."""
        term = parse_term(text)
        if form != "iceberg" or term.transform is None:
            return text, self.partition_types
        return term.column, TRANSFORMS[term.transform]

    def option_columns(
        self, options: Mapping[str, Any]
    ) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """The columns of `sort_by`."""
        for i, text in enumerate(options.get("sort_by") or ()):
            yield ("sort_by", i), parse_order(text)[0]


@dataclass(frozen=True, slots=True)
class LakeTargetOptions:
    """A table of partitioned files with versions: plain Parquet or ORC, Delta, Iceberg.

    Attributes:
        path: the table's folder, relative to the pipeline folder, or `s3://BUCKET/PREFIX`.
        format: what kind of table. Delta needs the extra `delta`, Iceberg the extra `iceberg`.
        compression: of the files.
        target_file_size: the size a file should not pass by much; by default `256 MB`, and `64 MB`
            under `mode: merge`, which writes every file with a replaced row anew.
        sort_by: the order of the rows inside the files: columns, each with `desc` or not.
    """

    path: LakePath
    format: Literal["parquet", "orc", "delta", "iceberg"] = "parquet"
    compression: Literal["zstd", "snappy", "gzip", "none"] = "zstd"
    target_file_size: FileSize | None = None
    sort_by: list[SortColumn] = field(default_factory=list)

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
    capabilities: ClassVar[TargetCapabilities] = LakeCapabilities(
        modes=("append", "overwrite", "overwrite_partitions", "merge"),
        partition_by=True,
        partition_types=PARTITION_TYPES,
        formats={"parquet": None, "orc": None, "delta": None, "iceberg": None},
        joins=frozenset({"append", "overwrite", "overwrite_partitions"}),
    )

    def file_size_bytes(self, mode: str) -> int:
        """`target_file_size` in bytes, or what is usual for a mode of loading."""
        return parse_size(self.target_file_size or ("64 MB" if mode == "merge" else "256 MB"))

    @property
    def order(self) -> list[tuple[str, bool]]:
        """`sort_by`: column, whether it descends."""
        return [parse_order(text) for text in self.sort_by]
