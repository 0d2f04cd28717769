"""Partitioned files written in little memory: the same rows, in no more files than elsewhere."""

from __future__ import annotations

import pytest

from penstock.runtime.engines.base import FileFormat, WriteSpec
from penstock.runtime.engines.duckdb.engine import DuckDBEngine


@pytest.mark.parametrize("memory", [None, 512])
@pytest.mark.parametrize("partitions", [3, 150])
def test_partitions_in_little_memory(tmp_path, memory, partitions):
    limit = memory * 1024**2 if memory else None
    engine = DuckDBEngine(work=tmp_path / "work", memory_bytes=limit, threads=1)
    try:
        rows = 250_000
        engine.create(
            "t",
            f"SELECT range % {partitions} AS p, range AS n FROM range({rows})",
            materialize=True,
        )
        spec = WriteSpec(
            folder=tmp_path / "out", stem="x", format=FileFormat("parquet"), partition_by=("p",)
        )
        spec.folder.mkdir()
        written = engine.write_files("SELECT * FROM t", spec)
        assert sum(f.rows for f in written) == rows
        assert {f.partition["p"] for f in written} == {str(p) for p in range(partitions)}
        if partitions == 3:
            assert len(written) == partitions
    finally:
        engine.close()
