"""The options of the `redshift` target."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.runtime.option_text import OptionText
from penstock.runtime.targets.base import Gap, TargetCapabilities

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HISTORY_GAP = Gap("never", "PSK-TGT-140", "a table of a warehouse keeps no older versions")
_PARTS = frozenset(
    """boolean smallint integer bigint decimal varchar date timestamp timestamptz
    time""".split()  # noqa: SIM905
)


class StagingPath(OptionText):
    """`s3://BUCKET/PREFIX`."""

    __slots__ = ()

    @classmethod
    def checked(cls, text: str) -> str:
        """The text itself, if rows can be staged there.

        Raises:
            ValueError: it is no s3:// address.
        """
        if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]*(/[^'\\\s]*)?", text):
            raise ValueError(f"`{text}` is not an s3:// address; write s3://BUCKET/PREFIX")
        return text


class Role(OptionText):
    """`default`, or the ARN of a role."""

    __slots__ = ()

    @classmethod
    def checked(cls, text: str) -> str:
        """The text itself, if it names a role.

        Raises:
            ValueError: it does not.
        """
        if not re.fullmatch(r"default|arn:aws[a-z-]*:iam::[^'\\\s]+", text):
            raise ValueError(f"`{text}` is no role: write `default`, or the role's ARN")
        return text


@dataclass(frozen=True, slots=True)
class RedshiftCapabilities(TargetCapabilities):
    """Also the columns that the keys of the table name."""

    def option_columns(
        self, options: Mapping[str, Any]
    ) -> Iterable[tuple[tuple[str | int, ...], str]]:
        """The columns of `sort_key` and `dist_key`."""
        for i, text in enumerate(options.get("sort_key") or ()):
            yield ("sort_key", i), text
        if options.get("dist_key"):
            yield ("dist_key",), options["dist_key"]


@dataclass(frozen=True, slots=True)
class RedshiftTargetOptions:
    """A table of Amazon Redshift: rows are staged on S3, and loaded by one transaction.

    The table is made when it is missing, and takes up new columns and wider types. Each commit is
    noted in the table `TABLE__penstock` beside it, in the same transaction.

    Attributes:
        table: its name; Redshift folds names to lower case.
        database: of the workgroup or cluster.
        schema_name: the schema the table is in; it must be there.
        workgroup: of Redshift Serverless; or
        cluster: the identifier of a provisioned cluster.
        user: the database user, of a cluster without `secret`.
        secret: a `${secret.NAME}`: the ARN of a secret of AWS Secrets Manager with user and
            password. Without it the IAM identity asks for a temporary login.
        iam_role: the role by which COPY reads the staged files: by default the warehouse's own
            (`default`), else an ARN.
        staging: `s3://BUCKET/PREFIX`, in the region of the warehouse: where rows are staged, and
            removed when they are loaded. Functions have their work bucket by default.
        sort_key: columns by which the rows are sorted, when the table is made.
        dist_key: the column by which the rows are spread over the nodes, when the table is made;
            by default Redshift chooses.
        region: default: as the AWS variables say.
    """

    table: str
    database: str
    schema_name: str = "public"
    workgroup: str | None = None
    cluster: str | None = None
    user: str | None = None
    secret: str | None = None
    iam_role: Role | None = None
    staging: StagingPath | None = None
    sort_key: list[str] = field(default_factory=list)
    dist_key: str | None = None
    region: str | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}
    capabilities: ClassVar[TargetCapabilities] = RedshiftCapabilities(
        modes=("append", "overwrite", "overwrite_partitions", "merge"),
        partition_by=True,
        partition_types=_PARTS,
        history=HISTORY_GAP,
        joins=frozenset({"append", "overwrite", "overwrite_partitions", "merge"}),
    )

    def __post_init__(self) -> None:
        given = [k for k in ("workgroup", "cluster") if getattr(self, k) is not None]
        if len(given) != 1:
            words = " and ".join(f"`{g}`" for g in given) or "none"
            raise ValueError(f"it takes exactly one of workgroup, cluster, and here is {words}")
        if self.cluster is None and self.user is not None:
            raise ValueError("`user` is for a `cluster`; a workgroup knows the IAM identity")

    @property
    def location(self) -> str:
        """`database.schema.table`."""
        return f"{self.database}.{self.schema_name}.{self.table}"
