"""The TPC-H job as a good engineer writes it for DuckDB alone: no checks, no accounting.

Usage: tpch_by_hand.py DATA_FOLDER OUTPUT_FOLDER [MEMORY THREADS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

LINEITEM = {
    "l_orderkey": "BIGINT", "l_partkey": "BIGINT", "l_suppkey": "BIGINT",
    "l_linenumber": "INTEGER", "l_quantity": "DECIMAL(15,2)", "l_extendedprice": "DECIMAL(15,2)",
    "l_discount": "DECIMAL(15,2)", "l_tax": "DECIMAL(15,2)", "l_returnflag": "VARCHAR",
    "l_linestatus": "VARCHAR", "l_shipdate": "DATE", "l_commitdate": "DATE",
    "l_receiptdate": "DATE", "l_shipinstruct": "VARCHAR", "l_shipmode": "VARCHAR",
    "l_comment": "VARCHAR",
}  # fmt: skip
ORDERS = {
    "o_orderkey": "BIGINT", "o_custkey": "BIGINT", "o_orderstatus": "VARCHAR",
    "o_totalprice": "DECIMAL(15,2)", "o_orderdate": "DATE", "o_orderpriority": "VARCHAR",
    "o_clerk": "VARCHAR", "o_shippriority": "INTEGER", "o_comment": "VARCHAR",
}  # fmt: skip
CUSTOMER = {
    "c_custkey": "BIGINT", "c_name": "VARCHAR", "c_address": "VARCHAR", "c_nationkey": "INTEGER",
    "c_phone": "VARCHAR", "c_acctbal": "DECIMAL(15,2)", "c_mktsegment": "VARCHAR",
    "c_comment": "VARCHAR",
}  # fmt: skip


def csv(path: Path, columns: dict[str, str]) -> str:
    """A typed CSV scan."""
    types = ", ".join(f"'{name}': '{kind}'" for name, kind in columns.items())
    return f"read_csv('{path}', auto_detect=false, header=true, columns={{{types}}})"


def main(data: Path, out: Path, memory: str | None = None, threads: str | None = None) -> None:
    """Run the job."""
    out.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = false")
    con.execute(f"SET temp_directory = '{out / 'tmp'}'")
    if memory:
        con.execute(f"SET memory_limit = '{memory}'")
    if threads:
        con.execute(f"SET threads = {threads}")
    con.execute(f"""
        CREATE TABLE lineitem AS
        SELECT * REPLACE (lower(trim(l_shipmode)) AS l_shipmode,
                          lower(trim(l_shipinstruct)) AS l_shipinstruct)
        FROM {csv(data / "lineitem*.csv", LINEITEM)} WHERE l_quantity > 0""")
    con.execute("""
        CREATE TABLE twice AS SELECT l_orderkey, l_linenumber FROM lineitem
        GROUP BY ALL HAVING count(*) > 1""")
    con.execute(f"""
        CREATE TABLE shipped AS
        WITH best AS (
          SELECT * FROM lineitem SEMI JOIN twice USING (l_orderkey, l_linenumber)
          QUALIFY row_number() OVER (PARTITION BY l_orderkey, l_linenumber
                                     ORDER BY l_receiptdate DESC) = 1),
        items AS (SELECT * FROM lineitem ANTI JOIN twice USING (l_orderkey, l_linenumber)
                  UNION ALL SELECT * FROM best)
        SELECT l.*, l_extendedprice * (1 - l_discount) AS net, o_orderdate, o_orderpriority,
               c_mktsegment, c_nationkey, strftime(l_shipdate, '%Y-%m') AS month
        FROM items l
        JOIN {csv(data / "orders.csv", ORDERS)} o ON o_orderkey = l_orderkey
        JOIN {csv(data / "customer.csv", CUSTOMER)} c ON c_custkey = o_custkey""")
    con.execute(f"""COPY shipped TO '{out / "shipped"}'
        (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (month), OVERWRITE)""")
    con.execute(f"""COPY (
          SELECT month, c_mktsegment, count(*) AS items, sum(l_quantity) AS quantity,
                 sum(net) AS revenue
          FROM shipped GROUP BY month, c_mktsegment)
        TO '{out / "revenue.parquet"}' (FORMAT parquet, COMPRESSION zstd)""")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
