"""The engines of the suite, each with the nasty tables."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import machines
import suite


@pytest.fixture(scope="session")
def nasty_data(tmp_path_factory):
    """The folder of the nasty tables, as Parquet."""
    import nasty

    folder = tmp_path_factory.mktemp("nasty")
    nasty.write(folder)
    return folder


# Those that are not asked are no tests at all: CI takes a test that is skipped for a failure.
# A module says `INTERPRETED = True` where `make test` need not have Spark compile its queries.
@pytest.fixture(scope="module", params=machines.asked())
def machine(request, nasty_data):
    """One engine after the other; a module's tests share it."""
    if request.param == "postgres":
        pytest.importorskip("pgserver")
        pytest.importorskip("psycopg")
    if request.param == "spark":
        pytest.importorskip("pyspark")
    interpreted = getattr(request.module, "INTERPRETED", False) and not suite.WHOLE
    started = machines.start(request.param, nasty_data, interpreted=interpreted)
    yield started
    started.close()
