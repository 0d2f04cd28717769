"""ORC files, by way of Parquet: DuckDB reads no ORC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import MissingExtra
from penstock.runtime.engines.duckdb.textfiles import broken, opened

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.runtime.engines.base import InputFile


def to_parquet(file: InputFile, path: Path, *, most: int | None = None) -> None:
    """Write the rows of an ORC file as Parquet, stripe by stripe.

    Args:
        most: 0: the columns are enough.

    Raises:
        MissingExtra: pyarrow is not installed.
        StepFailed: the file is broken.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
        from pyarrow import orc
    except ImportError as error:
        raise MissingExtra("pyarrow", "python", wanted_by=f"reading `{file.name}`") from error
    where = "its end"
    with opened(file.path) as stream:
        try:
            found = orc.ORCFile(stream)
            with pq.ParquetWriter(path, found.schema, compression="lz4") as writer:
                for i in range(0 if most == 0 else found.nstripes):
                    where = f"stripe {i + 1} of {found.nstripes}"
                    writer.write_batch(found.read_stripe(i))
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            reason = str(error).partition("\n")[0]
            raise broken(file, f"{where} cannot be read: {reason}") from error
