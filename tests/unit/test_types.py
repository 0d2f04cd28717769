"""One spelling for each type; every type of DuckDB finds one that holds its values."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.types import ALL, SCALARS, from_duckdb, normalize, parse

DECIMALS = st.integers(1, 38).flatmap(
    lambda p: st.integers(0, p).map(lambda s: f"decimal({p},{s})")
)
NAMES = st.one_of(
    st.sampled_from(["a", "B", "select", "at", "order", "with space", 'quo"te', "日本", "1st"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=6),
)  # fmt: skip
TYPES = st.recursive(
    st.one_of(st.sampled_from(SCALARS), DECIMALS),
    lambda t: st.one_of(
        t.map(lambda x: f"{x}[]"),
        st.tuples(t, t).map(lambda p: f"map({p[0]}, {p[1]})"),
        st.lists(st.tuples(NAMES, t), min_size=1, max_size=3, unique_by=lambda f: f[0].lower()).map(
            lambda fs: (
                "struct("
                + ", ".join(f'"{n.replace(chr(34), chr(34) * 2)}" {t}' for n, t in fs)
                + ")"
            )
        ),
    ),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as con:
        yield con


def described(con: duckdb.DuckDBPyConnection, type_name: str) -> str:
    return con.execute(f"DESCRIBE SELECT NULL::{type_name} AS x").fetchone()[1]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("INT", "integer"), ("int8", "bigint"), ("string", "varchar"), ("text", "varchar"),
        ("float8", "double"), ("FLOAT", "double"), ("Double Precision", "double"),
        ("timestamp with time zone", "timestamptz"), ("bool", "boolean"), ("varchar(20)", "varchar"),
        ("numeric(8, 2)", "decimal(8,2)"), ("decimal(5)", "decimal(5,0)"), ("int[][]", "integer[][]"),
        ('struct(a int, "b c" string[])', 'struct(a integer, "b c" varchar[])'),
        ("MAP( varchar,int )", "map(varchar, integer)"),
        ('struct("select" int)', 'struct("select" integer)'), ('struct("a" int)', "struct(a integer)"),
    ],
)  # fmt: skip
def test_other_spellings(text: str, canonical: str):
    assert normalize(text) == canonical


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("intger", "did you mean `integer`?"), ("timstamptz", "did you mean `timestamptz`?"),
        ("strng", "did you mean `varchar`?"), ("zzz", "types: boolean, smallint"),
        ("decimal", "needs its precision and scale"), ("decimal(40,2)", "from 1 to 38"),
        ("decimal(4,5)", "may not exceed"), ("decimal(x)", "a whole number is expected"),
        ("integer)", "`)` is not expected"), ("decimal(8,2", "`)` is missing"),
        ("integer[3]", "`]` is missing"), ("struct(a)", "a type's name is missing"),
        ("struct(a int, A int)", "two fields named `A`"), ("map(int)", "`,` is missing"),
        ("", "a type is missing"), ("integer" + "[]" * 40, "nested deeper"),
        ("struct(a " * 40 + "int" + ")" * 40, "nested deeper"), ("interval", "no type named"),
    ],
)  # fmt: skip
def test_what_is_not_a_type(text: str, said: str):
    with pytest.raises(ValueError, match=re.escape(said)):
        normalize(text)


@pytest.mark.parametrize(
    ("duck", "ours"),
    [
        ("TINYINT", "smallint"), ("UTINYINT", "smallint"), ("USMALLINT", "integer"),
        ("UINTEGER", "bigint"), ("UBIGINT", "decimal(20,0)"), ("HUGEINT", "decimal(38,0)"),
        ("FLOAT", "double"), ("UUID", "varchar"), ("ENUM('a', 'b)')", "varchar"),
        ("TIMESTAMP_NS", "timestamp"), ("TIMESTAMP WITH TIME ZONE", "timestamptz"),
        ("INTEGER[3]", "integer[]"), ('STRUCT(a HUGEINT, "from" FLOAT[])', 'struct(a decimal(38,0), "from" double[])'),
        ('"NULL"', "varchar"), ("JSON", "json"),
    ],
)  # fmt: skip
def test_types_of_duckdb(con: duckdb.DuckDBPyConnection, duck: str, ours: str):
    assert from_duckdb(duck) == ours
    if duck != '"NULL"':
        assert from_duckdb(described(con, duck)) == ours


@pytest.mark.parametrize("duck", ["INTERVAL", "UNION(a INTEGER)", "BIT", "TIME WITH TIME ZONE"])
def test_types_of_duckdb_that_have_no_counterpart(duck: str):
    with pytest.raises(ValueError, match="has no counterpart"):
        from_duckdb(duck)


@given(TYPES)
def test_canonical_types_are_types_of_duckdb(type_name: str):
    canonical = normalize(type_name)
    assert normalize(canonical) == canonical == str(parse(canonical))
    with duckdb.connect() as con:
        assert from_duckdb(described(con, canonical)) == canonical


@given(st.text(max_size=30))
def test_any_text_is_a_type_or_refused(text: str):
    try:
        canonical = normalize(text)
    except ValueError:
        return
    assert normalize(canonical) == canonical


def test_every_type_is_named():
    assert {"decimal", "struct", "map", "integer"} <= set(ALL)
