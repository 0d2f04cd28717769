"""The TPC-H job as a good engineer writes it for PySpark alone: no checks, no accounting.

Usage: spark_by_hand.py DATA_FOLDER OUTPUT_FOLDER THREADS MEMORY
"""

from __future__ import annotations

import sys

from pyspark import StorageLevel
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as f


def main(data: str, out: str, threads: str, memory: str) -> None:
    """Run the job."""
    spark = (
        SparkSession.builder.master(f"local[{threads}]")
        .config("spark.driver.memory", memory)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", str(2 * int(threads)))
        .getOrCreate()
    )
    spark.sparkContext.setLogLevel("OFF")
    keys = ["l_orderkey", "l_linenumber"]
    latest = Window.partitionBy(*keys).orderBy(f.col("l_receiptdate").desc())
    items = (
        spark.read.parquet(f"{data}/lineitem.parquet", f"{data}/lineitem_again.parquet")
        .where("l_quantity > 0")
        .withColumn("l_shipmode", f.lower(f.trim("l_shipmode")))
        .withColumn("l_shipinstruct", f.lower(f.trim("l_shipinstruct")))
        .withColumn("rank", f.row_number().over(latest))
        .where("rank = 1")
        .drop("rank")
    )
    orders = spark.read.parquet(f"{data}/orders.parquet").select(
        "o_orderkey", "o_custkey", "o_orderdate", "o_orderpriority"
    )
    customer = spark.read.parquet(f"{data}/customer.parquet").select(
        "c_custkey", "c_mktsegment", "c_nationkey"
    )
    shipped = (
        items.join(orders, f.col("o_orderkey") == f.col("l_orderkey"))
        .join(customer, f.col("c_custkey") == f.col("o_custkey"))
        .drop("o_orderkey", "o_custkey", "c_custkey")
        .withColumn("net", f.expr("l_extendedprice * (1 - l_discount)"))
        .withColumn("month", f.date_format("l_shipdate", "yyyy-MM"))
        .persist(StorageLevel.MEMORY_AND_DISK)
    )
    zstd = {"compression": "zstd"}
    by_month = shipped.repartition("month").write.partitionBy("month")
    by_month.options(**zstd).parquet(f"{out}/shipped")
    revenue = shipped.groupBy("month", "c_mktsegment").agg(
        f.count("*").alias("items"),
        f.sum("l_quantity").alias("quantity"),
        f.sum("net").alias("revenue"),
    )
    revenue.write.options(**zstd).parquet(f"{out}/revenue")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
