"""The data files of an Iceberg table: how they are noted, and read without deleted rows."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any

from penstock.runtime.targets.lake.iceberg_types import partition_value
from penstock.runtime.targets.lake.partitioning import parse_term

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.targets.lake.snapshot import Change, LakeFile


def data_file(io: Any, metadata: Any, url: str, file: LakeFile, change: Change) -> Any:
    """What a snapshot notes of a Parquet file, its statistics read from its footer.

    Args:
        metadata: of the table as the commit makes it.
        url: of the file.
    """
    import pyarrow.parquet as pq
    from pyiceberg.io.pyarrow import (
        compute_statistics_plan,
        data_file_statistics_from_parquet_metadata,
        parquet_path_to_id_mapping,
    )
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
    from pyiceberg.typedef import Record

    with io.new_input(url).open() as stream:
        footer = pq.read_metadata(stream)
    schema = metadata.schema()
    statistics = data_file_statistics_from_parquet_metadata(
        parquet_metadata=footer,
        stats_columns=compute_statistics_plan(schema, metadata.properties),
        parquet_column_mapping=parquet_path_to_id_mapping(schema),
    )
    kinds = {c.name: c.type for c in change.columns}
    terms = [parse_term(t) for t in change.partition_by]
    values = [partition_value(file.partition[str(t)], t, kinds[t.column]) for t in terms]
    return DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=url,
        file_format=FileFormat.PARQUET,
        partition=Record(*values),
        file_size_in_bytes=file.bytes,
        sort_order_id=None,
        spec_id=metadata.default_spec_id,
        equality_ids=None,
        key_metadata=None,
        **statistics.to_serialized_dict(),
    )


def without_deleted(table: Any, snapshot_id: int, task: Any, cache: Path) -> Path:
    """A Parquet file with the rows of a data file that no delete file names; made once."""
    import pyarrow.parquet as pq
    from pyiceberg.expressions import AlwaysTrue
    from pyiceberg.io.pyarrow import ArrowScan, schema_to_pyarrow

    name = hashlib.sha256(f"{snapshot_id} {task.file.file_path}".encode()).hexdigest()[:32]
    target = cache / f"{name}.parquet"
    if target.exists():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    schema = table.metadata.schema()
    scan = ArrowScan(table.metadata, table.io, schema, AlwaysTrue())
    temporary = cache / f".{name}.{secrets.token_hex(4)}"
    with pq.ParquetWriter(temporary, schema_to_pyarrow(schema)) as out:
        for batch in scan.to_record_batches([task]):
            out.write_batch(batch.cast(schema_to_pyarrow(schema)))
    temporary.replace(target)
    return target
