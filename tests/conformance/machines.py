"""The engines of the suite: each gives the rows of a query in its own SQL, as text."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import nasty
import pyarrow.parquet as pq
from values import told

from penstock.dialects.portable.engine import ENGINES

HERE = Path(__file__).parent


class Failed(Exception):
    """The query failed while it ran."""


class Duck:
    """DuckDB, in this process."""

    name = "duckdb"

    def __init__(self, data: Path) -> None:
        self._data = data
        self._open()

    def _open(self) -> None:
        import duckdb

        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET threads = 1")
        for path in sorted(self._data.glob("*.parquet")):
            self._connection.execute(f"CREATE TABLE {path.stem} AS FROM '{path}'")

    def rows(self, sql: str) -> list[list[str]]:
        """The rows of a query.

        Raises:
            Failed: it failed.
        """
        import duckdb

        try:
            rows = self._connection.execute(sql).fetchall()
        except duckdb.Error as error:
            if isinstance(error, (duckdb.InternalException, duckdb.FatalException)):
                # A fault of its own; it answers nothing more.
                self._connection.close()
                self._open()
            raise Failed(str(error)) from error
        # Its driver alone hands such dates over, as text: the portable language ends before them.
        times = [str(c[1]).startswith(("DATE", "TIMESTAMP")) for c in self._connection.description]
        if any(t and isinstance(v, str) for row in rows for v, t in zip(row, times, strict=True)):
            raise Failed("a date outside the years 1 to 9999")
        return [[told(v) for v in row] for row in rows]

    def close(self) -> None:
        """End it."""
        self._connection.close()


class Embedded:
    """The PostgreSQL 16 of the package pgserver."""

    def __init__(self, folder: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it asks for a folder that only desktops have
            import pgserver

            self._server = pgserver.get_server(folder)

    def cleanup(self) -> None:
        """Stop it."""
        self._server.cleanup()


class Installed:
    """The PostgreSQL of a folder with `initdb` and `pg_ctl` in it."""

    def __init__(self, folder: str, programs: Path) -> None:
        self._programs = programs
        self._folder = folder
        # It refuses to be run by root.
        self._as = {"user": "nobody", "group": "nogroup"} if os.geteuid() == 0 else {}
        if self._as:
            shutil.chown(folder, **self._as)
        self._run("initdb", "-U", "postgres", "--auth=trust", "-E", "UTF8", "--locale=C")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        self._run("pg_ctl", "-w", "-o", options, "-l", f"{folder}/log", "start")

    def _run(self, program: str, *words: str) -> None:
        command = [self._programs / program, "-D", f"{self._folder}/data", *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self._folder, **self._as)

    def cleanup(self) -> None:
        """Stop it."""
        self._run("pg_ctl", "-m", "immediate", "stop")


class Postgres:
    """PostgreSQL, a server of its own; `PENSTOCK_TEST_POSTGRES` names another's programs."""

    name = "postgres"

    def __init__(self, data: Path) -> None:
        import psycopg

        self._folder = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
        programs = os.environ.get("PENSTOCK_TEST_POSTGRES")
        self._server = (
            Installed(self._folder, Path(programs)) if programs else Embedded(self._folder)
        )
        self._connection = psycopg.connect(
            host=self._folder, user="postgres", dbname="postgres", autocommit=True
        )
        self._connection.execute("SET timezone = 'UTC'")
        self._install()
        spell = ENGINES["postgres"].type_name
        for path in sorted(data.glob("*.parquet")):
            table = pq.read_table(path)
            columns = ", ".join(
                f'"{f.name}" {spell(nasty.type_name(f.type))}' for f in table.schema
            )
            self._connection.execute(f"CREATE TABLE {path.stem} ({columns})")
            with (
                self._connection.cursor() as cursor,
                cursor.copy(f"COPY {path.stem} FROM STDIN") as copy,
            ):
                for row in table.to_pylist():
                    copy.write_row(tuple(row.values()))
            self._connection.execute(f"ANALYZE {path.stem}")

    def _install(self) -> None:
        from penstock.runtime.engines.postgres import helpers

        self._connection.execute(helpers.SETUP)

    def rows(self, sql: str) -> list[list[str]]:
        """The rows of a query.

        Raises:
            Failed: it failed.
        """
        import psycopg

        try:
            return [[told(v) for v in row] for row in self._connection.execute(sql).fetchall()]
        except psycopg.Error as error:
            raise Failed(str(error)) from error

    def close(self) -> None:
        """End it."""
        self._connection.close()
        self._server.cleanup()
        shutil.rmtree(self._folder, ignore_errors=True)


class Spark:
    """PySpark 3.5, a process of its own.

    Args:
        interpreted: it makes no Java of its plans: for thousands of queries over a few rows.
    """

    name = "spark"
    python = Path(sys.executable)

    def __init__(self, data: Path, *, interpreted: bool = False) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in `close`
        self._process = subprocess.Popen(
            [self.python, HERE / "spark_server.py", data],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=data,
            env=os.environ | ({"SPARK_INTERPRETED": "yes"} if interpreted else {}),
        )

    def rows(self, sql: str) -> list[list[str]]:
        """The rows of a query.

        Raises:
            Failed: it failed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(sql) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            raise AssertionError(f"Spark ended:\n{self._log.read()[-3000:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["rows"]

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._log.close()


class Spark41(Spark):
    """PySpark 4.1, which `make conformance` has in an environment of its own: the same SQL."""

    python = Path(os.environ.get("PENSTOCK_TEST_SPARK41") or HERE.parents[1] / ".cache/spark41")
    python /= "bin/python"


MACHINES = {"duckdb": Duck, "postgres": Postgres, "spark": Spark, "spark41": Spark41}


def asked() -> list[str]:
    """The engines that are compared: those of `CONFORMANCE_ENGINES`, or all that this machine has.

    It has Spark 4.1 only after `make conformance`.
    """
    chosen = os.environ.get("CONFORMANCE_ENGINES")
    if chosen:
        return chosen.split(",")
    return [name for name in MACHINES if name != "spark41" or Spark41.python.exists()]


def start(name: str, data: Path, *, interpreted: bool = False):
    """An engine with the nasty tables; `interpreted`: Spark, if it is that."""
    kind = MACHINES[name]
    return kind(data, interpreted=interpreted) if issubclass(kind, Spark) else kind(data)


if __name__ == "__main__":
    sys.exit("see run.py")
