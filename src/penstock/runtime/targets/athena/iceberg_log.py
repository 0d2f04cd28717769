"""The log of Iceberg tables whose current metadata is noted in the Glue Data Catalog.

A commit replaces the catalog's `metadata_location` if the table is still the version that was
read; what Athena itself writes to the table goes the same way.
https://iceberg.apache.org/docs/latest/aws/#optimistic-locking
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.errors import LoadFailed
from penstock.runtime import aws
from penstock.runtime.targets.athena.catalogue import CODE, WHAT
from penstock.runtime.targets.lake.iceberg import IcebergLog
from penstock.runtime.targets.lake.iceberg_catalog import s3_properties

if TYPE_CHECKING:
    from penstock.runtime.targets.athena.options import AthenaTargetOptions
    from penstock.runtime.targets.lake.options import LakeTargetOptions
    from penstock.runtime.targets.lake.place import Place


class GlueIcebergLog(IcebergLog):
    """The versions of an Iceberg table of the catalog."""

    def __init__(
        self, lake: LakeTargetOptions, options: AthenaTargetOptions, place: Place, name: str
    ) -> None:
        super().__init__(lake, place, name)
        self._athena = options
        self._opened: Any = None

    @property
    def _identifier(self) -> tuple[str, str]:
        return self._athena.database, self._athena.table

    def _catalog(self, *, create: bool) -> Any:  # noqa: ARG002  # it is always there
        if self._opened is None:
            from pyiceberg.catalog.glue import GlueCatalog

            region = self._athena.region
            client = aws.client("glue", region=region, wanted_by="an `athena` target")
            self._opened = GlueCatalog("penstock", client, **s3_properties())
        return self._opened

    def _table(self) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError
        from pyiceberg.exceptions import NoSuchIcebergTableError, NoSuchPropertyException

        try:
            return super()._table()
        except (NoSuchIcebergTableError, NoSuchPropertyException) as error:
            raise LoadFailed(
                f"the catalog's table `{'.'.join(self._identifier)}` is no Iceberg table",
                code=CODE,
                hint="name another table, or drop that one",
            ) from error
        except ClientError as error:
            about = error.response.get("Error", {})
            raise aws.Refused(WHAT, about.get("Code", ""), about.get("Message", "")) from error
        except BotoCoreError as error:
            raise aws.unreachable(WHAT, error) from error
