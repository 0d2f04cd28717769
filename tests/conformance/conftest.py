"""The engines of the suite, each with the nasty tables."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def nasty_data(tmp_path_factory):
    """The folder of the nasty tables, as Parquet."""
    import nasty

    folder = tmp_path_factory.mktemp("nasty")
    nasty.write(folder)
    return folder


@pytest.fixture(scope="module", params=["duckdb", "postgres", "spark", "spark41"])
def machine(request, nasty_data):
    """One engine after the other; a module's tests share it."""
    import machines

    if request.param not in machines.asked():
        pytest.skip("CONFORMANCE_ENGINES leaves it out")
    if request.param == "postgres":
        pytest.importorskip("pgserver")
        pytest.importorskip("psycopg")
    if request.param == "spark":
        pytest.importorskip("pyspark")
    if request.param == "spark41" and not machines.Spark41.python.exists():
        pytest.skip("there is no Spark 4.1; `make conformance` fetches it")
    started = machines.start(request.param, nasty_data)
    yield started
    started.close()
