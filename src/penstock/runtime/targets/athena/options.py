"""The options of the `athena` target: a lake's files, and the catalog table that Athena reads."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from penstock.runtime.option_text import OptionText
from penstock.runtime.targets.base import Gap
from penstock.runtime.targets.lake.options import (
    FileSize,
    LakeCapabilities,
    LakePath,
    LakeTargetOptions,
    SortColumn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PLAIN_PARTS = frozenset({"smallint", "integer", "bigint", "varchar", "date"})
"""Types of partition columns whose values mean the same in the catalog and in a folder's name."""

PIECEMEAL = Gap(
    "never",
    "PSK-TGT-016",
    "is published partition by partition: a query of Athena that runs meanwhile may see some "
    "partitions new and others old; `format: iceberg` is published in one step",
)


class TablePath(LakePath):
    """`s3://BUCKET/PREFIX`: Athena reads nothing else."""

    __slots__ = ()

    @classmethod
    def checked(cls, text: str) -> str:
        """The text itself, if it is in a bucket.

        Raises:
            ValueError: it is not.
        """
        if not text.startswith(("s3://", "${")):
            raise ValueError(f"`{text}` is not an s3:// address; write s3://BUCKET/PREFIX")
        return LakePath.checked(text) if text.startswith("s3://") else text


class CatalogName(OptionText):
    """The name of a database or table of the Glue Data Catalog.

    https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html
    """

    __slots__ = ()

    @classmethod
    def checked(cls, text: str) -> str:
        """The text itself, if Athena takes it as a name.

        Raises:
            ValueError: it does not.
        """
        if not re.fullmatch(r"[a-z0-9_]{1,255}", text):
            raise ValueError(
                f"`{text}` is no name in the catalog: lower-case letters, digits and underscores"
            )
        return text


@dataclass(frozen=True, slots=True)
class AthenaCapabilities(LakeCapabilities):
    """Partitions of plain files are noted in the catalog, where fewer types make sense."""

    def partition_column(self, text: str, form: str | None) -> tuple[str, frozenset[str]]:
        """As the lake's; of plain files only of types that the catalog has values of."""
        column, kinds = LakeCapabilities.partition_column(self, text, form)
        return column, kinds if form == "iceberg" else kinds & PLAIN_PARTS

    def remark(self, options: Mapping[str, Any], partition_by: Sequence[str]) -> Gap | None:
        """Plain files with partitions are not published in one step."""
        return PIECEMEAL if partition_by and options.get("format") != "iceberg" else None


_LAKE = LakeTargetOptions.capabilities


@dataclass(frozen=True, slots=True)
class AthenaTargetOptions:
    """A table of the Glue Data Catalog over files of a bucket, as Athena reads it.

    Iceberg tables are committed in one step. Tables of plain files have the versions of a `lake`,
    and are published to the catalog partition by partition: a query that runs meanwhile may see
    some partitions new and others old.

    Attributes:
        table: its name in the catalog.
        database: of the catalog; it must be there.
        path: `s3://BUCKET/PREFIX`.
        format: plain Parquet or ORC, or Iceberg, which needs the extra `iceberg`.
        workgroup: in which others query the table. Architecture 1 makes one, with a limit of what a
            query scans.
        partition_projection: have Athena compute the partitions from ranges, which each run sets,
            instead of looking them up: for many partitions of whole numbers, dates, or few texts.
        compression: of the files.
        target_file_size: as of a `lake`.
        sort_by: as of a `lake`.
        region: of the catalog; default: as the AWS variables say.
    """

    table: CatalogName
    database: CatalogName
    path: TablePath
    format: Literal["parquet", "orc", "iceberg"] = "parquet"
    workgroup: str = "primary"
    partition_projection: bool = False
    compression: Literal["zstd", "snappy", "gzip", "none"] = "zstd"
    target_file_size: FileSize | None = None
    sort_by: list[SortColumn] = field(default_factory=list)
    region: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
    capabilities: ClassVar[AthenaCapabilities] = AthenaCapabilities(
        modes=_LAKE.modes,
        partition_by=True,
        partition_types=_LAKE.partition_types,
        formats={"parquet": None, "orc": None, "iceberg": None},
        joins=_LAKE.joins,
    )

    def __post_init__(self) -> None:
        if self.partition_projection and self.format == "iceberg":
            raise ValueError("`partition_projection` is for plain files; Iceberg needs none")

    def of_lake(self) -> dict[str, Any]:
        """The options of the lake beneath."""
        names = ("path", "format", "compression", "target_file_size", "sort_by")
        return {name: getattr(self, name) for name in names}
