"""Snowflake's SQL on its emulator fakesnow, over the nasty tables: the rows of the fixtures.

fakesnow is DuckDB under Snowflake's names. It shows that a rendering is Snowflake's SQL and means what
it should by the names that Snowflake documents; what a function of Snowflake does at its edges is
written above the renderings, from its pages, and nothing here has seen it. `unlike.py` names what
fakesnow cannot do.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import clause_suite
import machines
import nasty
import pyarrow.parquet as pq
import pytest
import suite
import unlike
from values import same
from warehouse_tools import Fakesnow

from penstock.dialects.portable import prepare


@pytest.fixture(scope="module")
def machine(nasty_data):
    """The emulator, with the nasty tables."""
    started = Fakesnow(nasty_data)
    yield started
    started.close()


def few(cases):
    """Every case in `make conformance`; in `make test` the first ones."""
    return cases if suite.WHOLE else cases[: suite.FEW]


def test_each_function_gives_the_rows_of_its_fixture(machine):
    wrong, ran, unused = [], 0, set(unlike.SNOWFLAKE)
    for name in suite.names():
        expected = suite.read(name)
        if name in unlike.SNOWFLAKE_FUNCTIONS:
            continue
        for case in few(suite.cases(name)):
            kind, lines = suite.outcome(machine, case)
            if kind == "refused":
                assert _may_refuse(suite.catalog()[name], lines), f"{case.text}: {lines}"
                continue
            got = [suite.ERROR] if kind == suite.ERROR else lines
            found = suite.differences(expected[case.text], got)
            if (name, case.text) in unlike.SNOWFLAKE:
                unused.discard((name, case.text))
                assert found, f"{name}: {case.text} is as in the fixture: take it out of unlike.py"
                continue
            ran += 1
            if found:
                told = lines[0] if kind == suite.ERROR else ""
                wrong.append("\n   ".join([f"{name}: {case.text}", *found[:5], told]))
    assert not wrong, f"{len(wrong)} of {ran} cases\n" + "\n".join(wrong)
    assert ran > (1300 if suite.WHOLE else 300)
    if suite.WHOLE:
        assert {name for name, _ in unused} <= set(clause_suite.names()), unused


# Texts of which Snowflake's PARSE_JSON makes NULL or a value, and others that are no JSON.
NO_JSON = [
    "",
    " ",
    "\n",
    "[1,]",
    '{"a":1,}',
    "[1,,2]",
    "FALSE",
    "[NaN]",
    "[01]",
    "{a:1}",
    '"\\x"',
    '"',
]
JSON = [
    "null",
    " [ ] ",
    '{"a":{"b":[1,{"c":null}]},"d":[[],{}]}',
    '"a\\"b\\\\"',
    "[-1.5e+3,true,false]",
]


@pytest.mark.parametrize("call", ["json_array_length({})", "json_exists({}, '$')", "{} ->> '$.a'"])
def test_a_text_that_is_no_json_fails_as_on_duckdb(machine, nasty_data, call):
    duck = machines.start("duckdb", nasty_data)
    for text in (*NO_JSON, *JSON):
        prepared = prepare(f"SELECT {call.format(_literal(text))} AS v", {})
        if text in JSON:
            rows = machine.rows(prepared.render("snowflake"))
            assert rows == duck.rows(prepared.render("duckdb")), text
            continue
        # The emulator's own PARSE_JSON is DuckDB's: it is the look before that must fail.
        with pytest.raises(machines.Failed, match="not JSON"):
            machine.rows(prepared.render("snowflake"))
        with pytest.raises(machines.Failed):
            duck.rows(prepared.render("duckdb"))
    duck.close()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize(
    "call",
    [
        *("bool_and(o)", "bool_or(o)", "min(o)", "bit_and(i)", "bit_xor(i)", "covar_samp(y, id)"),
        *("corr(y, id)", "regr_slope(y, id)", "approx_count_distinct(t)", "skewness(y)"),
        *("kurtosis(y)", "count_distinct_rows(t, o)", "regr_r2(y, id)"),
    ],
)
def test_what_takes_no_order_in_a_window_is_had_over_the_whole_partition(machine, nasty_data, call):
    duck = machines.start("duckdb", nasty_data)
    query = f"SELECT id AS k, {call} OVER (PARTITION BY g) AS v FROM t_stat ORDER BY id"
    prepared = prepare(query, suite.SCHEMAS)
    wanted = duck.rows(prepared.render("duckdb"))
    rows = machine.rows(prepared.render("snowflake"))
    assert len(rows) == len(wanted) > 10
    assert all(same(a[1], b[1]) for a, b in zip(rows, wanted, strict=True))
    duck.close()


@pytest.mark.parametrize(
    ("values", "skewness", "kurtosis"),
    [
        # The examples of Snowflake's own pages; they show the skewness with 8e-7 of it beside it.
        ((1, 2, 2, 2, 2), -2.236069766, 5.0),
        ((10, 10, 20, 25, 30), 0.05240788515, -2.32421875),
        ((1, 3, 10, 1, 3), None, 3.613736609956),
        ((22, 35), None, None),
        ((7, 7, 7, 7), None, None),
    ],
)
def test_skewness_and_kurtosis_are_what_snowflake_s_pages_show(machine, values, skewness, kurtosis):
    union = " UNION ALL ".join(f"SELECT {v} AS x" for v in values)
    query = f"SELECT skewness(x) AS s, kurtosis(x) AS k FROM ({union}) AS t"
    [(s, k)] = machine.rows(prepare(query, {}).render("snowflake"))
    assert k == "null" if kurtosis is None else float(k) == pytest.approx(kurtosis, rel=1e-11)
    if skewness is not None:
        assert float(s) == pytest.approx(skewness, rel=1e-6)
    elif kurtosis is None:
        assert s == "null"


@pytest.mark.parametrize(("name", "large"), [("skewness", "-1e105"), ("kurtosis", "1e80")])
def test_powers_beyond_a_double_fail_as_on_duckdb(machine, nasty_data, name, large):
    union = " UNION ALL ".join(f"SELECT CAST('{v}' AS DOUBLE) AS x" for v in (1, 2, 5, 9, large))
    prepared = prepare(f"SELECT {name}(x) AS v FROM ({union}) AS t", {})
    with pytest.raises(machines.Failed, match="such large numbers"):
        machine.rows(prepared.render("snowflake"))
    duck = machines.start("duckdb", nasty_data)
    with pytest.raises(machines.Failed, match="out of range"):
        duck.rows(prepared.render("duckdb"))
    duck.close()


def _may_refuse(declared, lines) -> bool:
    """Whether a case is refused for Snowflake, or for every engine."""
    everywhere = declared.gap("duckdb") is not None
    return everywhere or declared.gap("snowflake") is not None or lines[2:] in ([], ["snowflake"])


def test_each_clause_gives_the_rows_of_its_fixture(machine):
    wrong, ran = [], 0
    for name in clause_suite.names():
        clause = clause_suite.clauses()[name]
        expected = clause_suite.expected(name)
        for case in few(clause_suite.cases(name)):
            kind, lines = suite.outcome(machine, case)
            if kind == "refused":
                refused = [f"refused {lines[1]}"] == expected[case.text]
                if not (refused or lines[2:] == ["snowflake"]):
                    wrong.append(f"{name}: {case.text}: refused: {lines}")
                continue
            if clause.gap("snowflake") is not None:
                wrong.append(f"{name}: {case.text}: it has a gap, and is written")
                continue
            got = [suite.ERROR] if kind == suite.ERROR else lines
            found = suite.differences(expected[case.text], got)
            if (name, case.text) in unlike.SNOWFLAKE:
                assert found
                continue
            ran += 1
            if found:
                wrong.append("\n   ".join([f"{name}: {case.text}", *found[:5]]))
    assert not wrong, "\n".join(wrong)
    assert ran > (140 if suite.WHOLE else 90)


def test_tpch_gives_the_rows_of_duckdb(tmp_path):
    tool = Path(sys.executable).with_name("tpchgen-cli")
    command = [tool, "parquet", "-s", "0.01", f"--output-dir={tmp_path}"]
    subprocess.run(command, check=True, capture_output=True)
    schemas = {
        path.stem: {f.name: nasty.type_name(f.type) for f in pq.read_schema(path)}
        for path in tmp_path.glob("*.parquet")
    }
    duck, snow = machines.start("duckdb", tmp_path), Fakesnow(tmp_path, schemas)
    queries = sorted((Path(__file__).parent / "tpch").glob("*.sql"))
    assert len(queries) == 22
    for path in queries:
        prepared = prepare(path.read_text(), schemas)
        wanted = duck.rows(prepared.render("duckdb"))
        rows = snow.rows(prepared.render("snowflake"))
        assert len(rows) == len(wanted) > 0, path.stem
        pairs = [pair for x, y in zip(rows, wanted, strict=True) for pair in zip(x, y, strict=True)]
        assert all(same(a, b) for a, b in pairs), path.stem
    duck.close()
    snow.close()
