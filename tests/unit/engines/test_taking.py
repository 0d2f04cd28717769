"""A relation that several datasets need at once goes into the database once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest


def test_side_by_side(tmp_path):
    pytest.importorskip("pgserver")
    pytest.importorskip("psycopg")
    from penstock.runtime.engines.postgres.engine import PostgresEngine

    engine = PostgresEngine(work=tmp_path)
    try:
        engine.create("flown", "SELECT range AS i FROM range(100000)", materialize=True)
        together = Barrier(4)

        def take(_):
            together.wait()
            engine.transformer.take(["flown"])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(take, range(4)))
        assert engine.transformer.rows("SELECT count(*) AS n FROM flown") == [{"n": 100_000}]
    finally:
        engine.close()
