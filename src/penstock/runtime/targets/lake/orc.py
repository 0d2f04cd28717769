"""ORC files for readers that know Parquet only: converted once, kept beside the pipeline."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from penstock.errors import MissingExtra, SourceUnavailable

if TYPE_CHECKING:
    from pathlib import Path


def as_parquet(source: Path, copy: Path) -> Path:
    """A Parquet file with the rows of an ORC file; data files never change, so one copy does.

    Raises:
        MissingExtra: pyarrow is not installed.
        SourceUnavailable: the file is gone or is no ORC file.
    """
    target = copy.with_name(f"{copy.name}.{source.stat().st_size}.parquet")
    if target.exists():
        return target
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
        from pyarrow import orc
    except ImportError as error:
        raise MissingExtra("pyarrow", "orc", wanted_by="reading ORC files") from error
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        file = orc.ORCFile(source)
        with pq.ParquetWriter(temporary, file.schema, compression="zstd") as out:
            for number in range(file.nstripes):
                out.write_batch(file.read_stripe(number))
    except (OSError, pa.ArrowException) as error:
        temporary.unlink(missing_ok=True)
        raise SourceUnavailable(f"{source} cannot be read as ORC: {error}") from error
    temporary.replace(target)
    return target
