"""Trino, Athena's engine, with the nasty tables: of the sandbox, with a catalog in a folder.

`make athena` fetches it. The tables are Iceberg's, in Parquet; a view gives a column the type that
Iceberg has not (smallint), so that nothing is computed before a query runs.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import nasty
import pyarrow.parquet as pq
from machines import Failed, told

from penstock.dialects.portable.engine import engine_of
from penstock.sandbox.athena.trino import java, protocol, release

OPTIONS = (
    "-Xmx1500m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:ReservedCodeCacheSize=512m",  # each query is compiled
    "-Duser.timezone=UTC",
    "-Djava.security.manager=allow",
    "--add-opens=java.base/java.nio=ALL-UNNAMED",
)
HEADERS = {
    "X-Trino-User": "tests",
    "X-Trino-Catalog": "data",
    "X-Trino-Schema": "nasty",
    "X-Trino-Time-Zone": "America/New_York",  # a zone that would show: queries are in UTC
    "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
}
ROWS, MANY = 200, 20_000  # of one INSERT


class Trino:
    """One server.

    Args:
        data: a folder of Parquet files, each a table.
    """

    name = "athena"

    def __init__(self, data: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="trino-")
        home = Path(self._folder.name)
        (home / "catalog").mkdir()
        (home / "data" / "tmp").mkdir(parents=True)
        (home / "server.properties").write_text(
            "query.max-length=100000000\n"
            "query.max-memory=900MB\nquery.max-memory-per-node=900MB\n"
            "memory.heap-headroom-per-node=128MB\n"
        )
        (home / "catalog" / "data.properties").write_text(
            "connector.name=iceberg\niceberg.catalog.type=TESTING_FILE_METASTORE\n"
            f"hive.metastore.catalog.dir=file://{home}/data/tables\n"
        )
        self._log = (home / "trino.log").open("w+")
        command = [str(java.find()), *OPTIONS, f"-Djava.io.tmpdir={home}/data/tmp"]
        command += ["-cp", release.class_path(), "SandboxTrino", str(home)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=self._log, stderr=subprocess.STDOUT, cwd=home
        )
        self._url = self._ready()
        self._run("CREATE SCHEMA data.nasty")
        self.load(data)

    def _ready(self) -> str:
        until = time.monotonic() + 180
        while time.monotonic() < until:
            text = Path(self._log.name).read_text(errors="replace")
            found = [x for x in text.splitlines() if x.startswith("READY ")]
            if found:
                return found[0].removeprefix("READY ").strip()
            assert self._process.poll() is None, text[-3000:]
            time.sleep(0.2)
        raise AssertionError("Trino did not start")

    def load(self, data: Path) -> None:
        """Each Parquet file of a folder as a table."""
        engine = engine_of("athena")
        for path in sorted(data.glob("*.parquet")):
            table = pq.read_table(path)
            kinds = {f.name: nasty.type_name(f.type) for f in table.schema}
            stored = {n: "integer" if k == "smallint" else k for n, k in kinds.items()}
            name = path.stem if stored == kinds else f"stored_{path.stem}"
            columns = ", ".join(f'"{n}" {engine.type_name(k)}' for n, k in stored.items())
            # In ORC, its default, it keeps times before 1970 wrong.
            self._run(f"CREATE TABLE {name} ({columns}) WITH (format = 'PARQUET')")
            if table.num_rows > ROWS:
                self._fill(name, kinds, table.to_pylist())
                continue
            rows = [
                "(" + ", ".join(_literal(v, kinds[n]) for n, v in row.items()) + ")"
                for row in table.to_pylist()
            ]
            self._run(f"INSERT INTO {name} VALUES {', '.join(rows)}")
            if name != path.stem:
                taken = ", ".join(
                    f'CAST("{n}" AS {engine.type_name(k)}) AS "{n}"' for n, k in kinds.items()
                )
                self._run(f"CREATE VIEW {path.stem} AS SELECT {taken} FROM {name}")

    def _fill(self, name: str, kinds: dict[str, str], rows: list[dict[str, Any]]) -> None:
        """Insert many rows of simple types as one text: so many literals take minutes."""
        names = [f"c{i}" for i in range(len(kinds))]
        row = ", ".join(f"{n} VARCHAR" for n in names)
        spell = engine_of("athena").type_name
        values = ", ".join(
            f"CAST({n} AS {spell(k)})" for n, k in zip(names, kinds.values(), strict=True)
        )
        for at in range(0, len(rows), MANY):
            part = [
                [None if v is None else str(v) for v in r.values()] for r in rows[at : at + MANY]
            ]
            text = json.dumps(part, ensure_ascii=False).replace("'", "''")
            made = f"CAST(json_parse('{text}') AS ARRAY(ROW({row})))"
            self._run(
                f"INSERT INTO {name} SELECT {values} FROM UNNEST({made}) AS t ({', '.join(names)})"
            )

    def _run(self, sql: str) -> protocol.Result:
        return protocol.run(self._url, sql, HEADERS, lambda: False)

    def rows(self, sql: str) -> list[list[str]]:
        """The rows of a query.

        Raises:
            Failed: it failed.
        """
        try:
            found = self._run(sql)
        except protocol.Failed as error:
            raise Failed(str(error)) from error
        kinds = [c["typeSignature"] for c in found.columns]
        return [[told(_value(v, k)) for v, k in zip(row, kinds, strict=True)] for row in found.rows]

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._log.close()
        self._folder.cleanup()


def _literal(value: Any, kind: str) -> str:
    """A value of a table as SQL."""
    engine = engine_of("athena")
    spelled = engine.type_name(kind)
    if value is None:
        return f"CAST(NULL AS {spelled})"
    if isinstance(value, list):
        items = ", ".join(_literal(v, kind.removesuffix("[]")) for v in value)
        return f"CAST(ARRAY[{items}] AS {spelled})"
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, str):
        text = value.replace("'", "''")
        return f"'{text}'"
    if isinstance(value, float):
        text = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))
        return f"CAST('{text}' AS DOUBLE)"
    if isinstance(value, dt.datetime):
        zone = " UTC" if value.tzinfo is not None else ""
        value = value.replace(tzinfo=None)
        return f"CAST('{value.isoformat(sep=' ', timespec='microseconds')}{zone}' AS {spelled})"
    if isinstance(value, Decimal):
        return f"DECIMAL '{value:f}'"
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, int):
        return str(value)
    raise AssertionError(value)


def _value(value: Any, signature: dict[str, Any]) -> Any:
    """A value of Trino's protocol as Python's."""
    if value is None:
        return None
    raw = signature["rawType"]
    inner = [a["value"] for a in signature.get("arguments", ())]
    if raw in ("double", "real"):
        return float(value)
    if raw == "decimal":
        return Decimal(value)
    if raw == "date":
        return dt.date.fromisoformat(value) if len(value) == 10 else value
    if raw == "timestamp":
        return dt.datetime.fromisoformat(value)
    if raw == "timestamp with time zone":
        day, time, zone = value.split(" ")
        if zone[0] in "+-":
            return dt.datetime.fromisoformat(f"{day} {time}{zone}").astimezone(dt.UTC)
        assert zone == "UTC", value
        return dt.datetime.fromisoformat(f"{day} {time}").replace(tzinfo=dt.UTC)
    if raw == "varbinary":
        import base64

        return base64.b64decode(value)
    if raw == "array":
        return [_value(v, inner[0]) for v in value]
    if raw == "map":
        key = inner[0]["rawType"]
        whole = key in ("integer", "bigint", "smallint")
        return {int(k) if whole else k: _value(v, inner[1]) for k, v in value.items()}
    if raw == "row":
        named = zip(inner, value, strict=True)
        return {f["fieldName"]["name"]: _value(v, f["typeSignature"]) for f, v in named}
    return value
