"""A merge of 66,000 rows into six million: Delta against deltalake's own, Iceberg against a merge
in DuckDB and an overwrite of what it touches; in turn, in one run, the same rows at the end.
"""

from __future__ import annotations

import shutil
import statistics
import sys
from pathlib import Path

import duckdb
from measure import PENSTOCK, timed

HERE = Path(__file__).parent
CHANGED = 66_000
PIPELINE = """\
name: merges
sources:
  items:
    connector: file
    path: data/items.parquet
    schema: {{k: bigint, part: integer, amount: "decimal(12,2)", note: varchar, at: timestamptz}}
targets:
  table: {{from: items, connector: lake, path: lake/table, format: {form}, mode: merge, keys: [k]}}
"""
COLUMNS = (
    "k::BIGINT AS k, (k % 16)::INTEGER AS part, (k % 99999 / 100.0)::DECIMAL(12,2) AS amount, "
    "md5(k::VARCHAR) AS note, TIMESTAMPTZ '2026-01-01 00:00:00+00' + INTERVAL (k % 86400) SECOND AS at"
)


def write(path: Path, first: int, rows: int, note: str = "") -> None:
    """Rows of consecutive keys, as Parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(
        f"COPY (SELECT * REPLACE (note || '{note}' AS note) FROM (SELECT {COLUMNS} "
        f"FROM range({first}, {first + rows}) r(k))) TO '{path}' (COMPRESSION zstd)"
    )


def rows_of(form: str, table: Path) -> tuple[int, int]:
    """How many rows a table has, and a sum over their hashes."""
    if form == "delta":
        from deltalake import DeltaTable

        files = DeltaTable(str(table)).file_uris()
    else:
        import merges_by_hand

        files = [t.file.file_path for t in merges_by_hand.iceberg(table).scan().plan_files()]
    chosen = 'hash(k, part, amount, note, epoch_us("at"))'
    sql = f"SELECT count(*), bit_xor({chosen}) FROM read_parquet({files}, union_by_name = true)"
    found = duckdb.connect().execute(sql.replace("file://", "")).fetchone()
    assert found is not None
    return found


def main(folder: Path, rows: int, pairs: int) -> None:
    """Print the ratios."""
    write(folder / "base.parquet", 0, rows)
    # Two thirds change rows that are there, spread over a tenth of the keys; one third is new.
    write(folder / "changes.parquet", rows - CHANGED * 2 // 3, CHANGED, " changed")
    for form in ("delta", "iceberg"):
        ratios = []
        for pair in range(pairs):
            work = folder / "work"
            shutil.rmtree(work, ignore_errors=True)
            pipeline = work / "pipeline"
            (pipeline / "data").mkdir(parents=True)
            (pipeline / "pipeline.yaml").write_text(PIPELINE.format(form=form))
            items = pipeline / "data" / "items.parquet"
            run = [*PENSTOCK, "--quiet", "run", str(pipeline)]
            hand = [sys.executable, str(HERE / "merges_by_hand.py"), form, str(work / "hand")]
            shutil.copy(folder / "base.parquet", items)
            timed(run, work)
            timed([*hand, "first", str(folder / "base.parquet")], work)
            shutil.copy(folder / "changes.parquet", items)
            ours = timed(run, work)
            theirs = timed([*hand, "merge", str(folder / "changes.parquet")], work)
            one, two = rows_of(form, pipeline / "lake/table"), rows_of(form, work / "hand")
            if one != two:
                raise SystemExit(f"{form}: the rows differ: {one} and {two}")
            ratios.append(ours[0] / theirs[0])
            print(
                f"{form} merge, pair {pair + 1}: penstock {ours[0]:.1f} s, {ours[2]:,.0f} MB; by "
                f"hand {theirs[0]:.1f} s, {theirs[2]:,.0f} MB; ratio {ratios[-1]:.2f}",
                flush=True,
            )
        print(f"{form} merge: ratio {statistics.median(ratios):.2f}; bound 1.20", flush=True)
    shutil.rmtree(folder)
