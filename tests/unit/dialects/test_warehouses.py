"""Warehouses: declared by themselves, refused where they say nothing, and never loaded unasked."""

from __future__ import annotations

import subprocess
import sys

import pytest

from penstock import dialects
from penstock.dialects.portable import Refusal, compile_query, warehouses
from penstock.dialects.portable.clauselist import clauses
from penstock.dialects.portable.engine import Engine
from penstock.dialects.portable.functions import catalog

SCHEMAS = {"t": {"s": "varchar", "i": "integer", "x": "double", "tz": "timestamptz"}}


@pytest.mark.parametrize("name", warehouses.NAMES)
def test_every_rendering_is_of_an_overload_that_there_is(name):
    known = {(f.name, o.takes) for f in catalog().values() for o in f.overloads}
    known |= {(f.name, ()) for f in catalog().values() if not f.overloads}
    assert set(warehouses.load(name).functions) <= known


@pytest.mark.parametrize("name", warehouses.NAMES)
def test_every_clause_that_is_named_is_one(name):
    assert set(warehouses.load(name).clauses) <= set(clauses())


@pytest.mark.parametrize("name", warehouses.NAMES)
def test_a_warehouse_can_be_compiled_for_and_has_its_own_name(name):
    assert dialects.missing(name) is None
    assert dialects.load(name).engine == warehouses.load(name).engine.name == name


@pytest.mark.parametrize(
    "expression",
    [
        "s LIKE 'a%'",
        "CAST(s AS integer)",
        "CAST(x AS integer)",
        "CAST(tz AS date)",
        "x + 1",
        "i // 2",
        "x % 2",
        "i & 1",
        "i ^ 2",
        "s ->> 'a'",
        "[i]",
        "{'a': i}",
        "MAP {'a': i}",
        "tz + INTERVAL 1 DAY",
        "lower(s)",
        "(SELECT max(i) FROM t)",
    ],
)
def test_an_engine_that_says_nothing_is_refused_what_is_not_plain_sql(monkeypatch, expression):
    from penstock.dialects.portable import engine

    silent = Engine(
        name="silent",
        sql="postgres",
        types=engine.POSTGRES.types,
        list_type="{}[]",
        struct_type="S({})",
        struct_field="{} {}",
        map_type="M({}, {})",
    )
    monkeypatch.setitem(engine.ENGINES, "silent", silent)
    if expression == "s LIKE 'a%'":
        assert "LIKE" in compile_query(f"SELECT {expression} AS v FROM t", SCHEMAS, "silent")
        return
    with pytest.raises(Refusal) as refused:
        compile_query(f"SELECT {expression} AS v FROM t", SCHEMAS, "silent")
    assert refused.value.engines == ("silent",)


def test_a_query_for_duckdb_loads_no_warehouse():
    code = """
import sys
from penstock.dialects.portable import compile_query
compile_query("SELECT lower(s) AS v FROM t", {"t": {"s": "varchar"}}, "duckdb")
print(sorted(m for m in sys.modules if ".warehouses." in m))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
