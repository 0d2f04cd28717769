"""The 22 queries of TPC-H at scale 0.01: the same rows on every engine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nasty
import pyarrow.parquet as pq
import pytest
from values import same

from penstock.dialects.portable import prepare

QUERIES = Path(__file__).parent / "tpch"
SCALE = "0.01"


@pytest.fixture(scope="module")
def tpch_data(tmp_path_factory):
    """TPC-H's eight tables as Parquet."""
    folder = tmp_path_factory.mktemp("tpch")
    tool = Path(sys.executable).with_name("tpchgen-cli")
    subprocess.run(
        [tool, "parquet", "-s", SCALE, f"--output-dir={folder}"], check=True, capture_output=True
    )
    return folder


def test_all_queries_give_the_same_rows(tpch_data):
    import machines

    schemas = {
        path.stem: {f.name: nasty.type_name(f.type) for f in pq.read_schema(path)}
        for path in tpch_data.glob("*.parquet")
    }
    started = [machines.start(name, tpch_data) for name in machines.there()]
    try:
        wrong = []
        for path in sorted(QUERIES.glob("*.sql")):
            prepared = prepare(path.read_text(), schemas)
            reference = None
            for machine in started:
                rows = machine.rows(prepared.render(machine.name))
                if reference is None:
                    reference = rows
                    assert rows, f"{path.stem} gives no rows: it compares nothing"
                elif len(rows) != len(reference) or not all(
                    same(a, b)
                    for mine, theirs in zip(rows, reference, strict=True)
                    for a, b in zip(mine, theirs, strict=True)
                ):
                    wrong.append(f"{path.stem} on {machine.name}: {rows[:2]} not {reference[:2]}")
        assert not wrong, "\n".join(wrong)
    finally:
        for machine in started:
            machine.close()
