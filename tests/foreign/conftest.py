"""Spark beside Penstock: `make foreign` puts it into `.cache/spark`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SPARK = HERE.parents[1] / ".cache" / "spark"


class Spark:
    """One Spark session, asked line by line."""

    def __init__(self, process):
        self._process = process

    def __call__(self, sql, catalog=None):
        """Run SQL; gives its rows, each value as text.

        Args:
            catalog: the SQLite catalog of an Iceberg table.
        """
        asked = {"sql": sql, "catalog": catalog and str(catalog)}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, f"{sql}\n{answer['error']}"
        return [tuple(row) for row in answer["rows"]]


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """Spark with Delta and Iceberg.

    That it is missing is no reason to skip: these tests run where they are asked for by name.
    """
    python, jars = SPARK / "bin" / "python", SPARK / "jars"
    assert (SPARK / ".ready").exists(), "Spark is not there: `make foreign` fetches it"
    work = tmp_path_factory.mktemp("spark")
    command = [str(python), str(HERE / "spark_session.py"), str(work), str(jars)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with (
        (work / "log").open("w") as log,
        subprocess.Popen(command, stderr=log, cwd=work, **pipes) as process,
    ):
        yield Spark(process)
        process.stdin.close()
