"""The sandbox's Athena on Trino: `make athena` fetches it and says so to the tests."""

from __future__ import annotations

import pytest
from athena import ENGINE

from penstock.runtime import registry
from penstock.sandbox.athena.trino import release


@pytest.fixture(scope="session", autouse=True)
def trino():
    """That it is missing is no reason to skip: these tests run where they are asked for by name."""
    assert release.is_there(), "Trino is not there: `make athena` fetches it"
    assert ENGINE == "trino", "DuckDB would answer: `make athena` sets PENSTOCK_TEST_ATHENA=trino"


@pytest.fixture
def engine(tmp_path):
    made = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=1)
    yield made
    made.close()
