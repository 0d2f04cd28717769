"""SQL that is wrong, elsewhere, open or too much: each has its code, its place and a way out.

One pipeline holds a model for each; `validate` tells of all of them at once.
"""

from __future__ import annotations

import time

import pytest

DATASETS = """\
name: bad
sources:
  orders:
    connector: file
    path: data/orders.csv
    schema: {{id: integer, customer: varchar, amount: 'decimal(10,2)', at: timestamptz}}
transforms:
{models}
targets:
  out: {{from: fine, connector: file, path: out/fine.csv}}
"""
FINE = "SELECT id, customer FROM orders"
NOT_A_SELECT = "PSK-SQL-110"
ELSEWHERE = "PSK-SQL-111"
TOO_LARGE = "PSK-SQL-122"
# Text of the model, code, what is marked, a word of the hint. Errors whichever the engine is.
ALWAYS = {
    "misspelled": ("SELEC id FROM orders", "PSK-SQL-101", "SELEC", ""),
    "unfinished": ("SELECT id,\n  (customer FROM orders", "PSK-SQL-101", "FROM", ""),
    "open_quote": ("SELECT id FROM orders WHERE customer = 'a", "PSK-SQL-109", "'", ""),
    "two": ("SELECT id FROM orders;\nSELECT 1 AS a", NOT_A_SELECT, "SELECT 1 AS a", "CTE"),
    "create": ("CREATE TABLE t AS SELECT 1 AS a", NOT_A_SELECT, "CREATE", "only the SELECT"),
    "drop": ("DROP TABLE orders", NOT_A_SELECT, "DROP", "only the SELECT"),
    "insert": ("INSERT INTO orders VALUES (1)", NOT_A_SELECT, "INSERT", "only the SELECT"),
    "update": ("UPDATE orders SET id = 1", NOT_A_SELECT, "UPDATE", "only the SELECT"),
    "delete": ("DELETE FROM orders", NOT_A_SELECT, "DELETE", "only the SELECT"),
    "copy": ("COPY orders TO 'x.csv'", NOT_A_SELECT, "COPY", "only the SELECT"),
    "attach": ("ATTACH 'x.db' AS x", NOT_A_SELECT, "ATTACH", "only the SELECT"),
    "install": ("INSTALL httpfs", NOT_A_SELECT, "INSTALL", "only the SELECT"),
    "setting": ("SET threads = 1", NOT_A_SELECT, "SET", "only the SELECT"),
    "describe": ("SELECT * FROM (DESCRIBE orders)", NOT_A_SELECT, "SELECT", "only the SELECT"),
    "in_cte": ("WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x", NOT_A_SELECT, "WITH", ""),
    "csv": ("SELECT * FROM read_csv('x.csv')", ELSEWHERE, "read_csv", "source"),
    "file": ("SELECT *\nFROM 'x.parquet'", ELSEWHERE, "'x.parquet'", "source"),
    "blob": ("SELECT content FROM read_blob('/etc/passwd')", ELSEWHERE, "read_blob", "source"),
    "in_where": ("SELECT id FROM orders WHERE id IN (SELECT id FROM 'x.csv')", ELSEWHERE, "'x.csv'", ""),
    "system": ("SELECT * FROM duckdb_tables()", ELSEWHERE, "duckdb_tables", "source"),
    "indirect": ("SELECT * FROM query('SELECT 1')", ELSEWHERE, "query", "source"),
    "schema": ("SELECT * FROM information_schema.tables", "PSK-SQL-112", "information_schema.tables", ""),
    "catalog": ("SELECT * FROM pg_catalog.pg_class", "PSK-SQL-112", "pg_catalog.pg_class", ""),
    "master": ("SELECT * FROM sqlite_master", "PSK-REF-001", "sqlite_master", "datasets"),
    "empty": ("-- nothing\n", "PSK-SQL-119", "", "SELECT"),
    "deep": (f"SELECT {'(' * 500}id{')' * 500} AS x FROM orders", TOO_LARGE, "(", "CTE"),
    "calls": (f"SELECT {'lower(' * 5000}customer{')' * 5000} AS x FROM orders", TOO_LARGE, "(", "CTE"),
    "cases": (
        f"SELECT {'CASE WHEN id = 1 THEN ' * 500}1{' END' * 500} AS x FROM orders",
        TOO_LARGE,
        "CASE",
        "CTE",
    ),
    "queries": (
        f"SELECT id FROM {'(SELECT id FROM ' * 500}orders{''.join(f') AS s{i}' for i in range(500))}",
        TOO_LARGE,
        "SELECT",
        "models",
    ),
    "and_chain": (
        f"SELECT id FROM orders WHERE {' AND '.join(f'id <> {i}' for i in range(10_000))}",
        TOO_LARGE,
        "AND",
        "IN",
    ),
    "unions": (" UNION ALL ".join(["SELECT id FROM orders"] * 1_000), TOO_LARGE, "SELECT", "models"),
    "in_list": (
        f"SELECT id FROM orders WHERE id IN ({', '.join(map(str, range(50_000)))})",
        TOO_LARGE,
        "",
        "file",
    ),
    "two_megabytes": (
        "SELECT " + ",\n".join(f"lower(customer) AS column_{i}" for i in range(60_000)) + " FROM orders",
        TOO_LARGE,
        "",
        "file",
    ),
}  # fmt: skip
# Refused for an engine that the pipeline is to run on.
NOT_PORTABLE = {
    "limit": ("SELECT id FROM orders LIMIT 3", "PSK-PORT-028", "3", "ORDER BY"),
    "first": ("SELECT first(customer) AS f FROM orders", "PSK-PORT-028", "", "ORDER BY"),
    "window": ("SELECT row_number() OVER () AS n FROM orders", "PSK-PORT-028", "row_number", "ORDER BY"),
    "random": ("SELECT random() AS r FROM orders", "PSK-PORT-022", "random", "same rows"),
    "now": ("SELECT now() AS r FROM orders", "PSK-PORT-022", "now", "run.date"),
    "uuid": ("SELECT uuid() AS r FROM orders", "PSK-PORT-022", "uuid", "md5(key)"),
    "today": ("SELECT id,\n current_date AS d FROM orders", "PSK-PORT-022", "current_date", "run.date"),
    "sample": ("SELECT id FROM orders USING SAMPLE 3", "PSK-PORT-022", "3", "step `sample`"),
    "mixed_case": ('SELECT id AS "Id" FROM orders', "PSK-PORT-030", '"Id"', "write `id`"),
    "long_name": (f"SELECT id AS {'n' * 64} FROM orders", "PSK-PORT-030", "n" * 64, "shorter"),
    "types": ("SELECT id FROM orders WHERE customer = 1", "PSK-PORT-023", "customer = 1", "cast"),
}  # fmt: skip
GROWING = "ln(" * 60 + "amount" + ")" * 60
FOR_POSTGRES = {
    "wide": (
        f"SELECT {', '.join(f'id AS c{i}' for i in range(1_601))} FROM orders",
        "PSK-PORT-020",
        "",
        "",
    ),
    "nul": ("SELECT 'a\0b' AS a FROM orders", "PSK-PORT-020", "'a\0b'", "leave it out"),
    "growing": (f"SELECT {GROWING} AS a FROM orders", TOO_LARGE, "ln", "CTE"),
}
# What looks bad and works.
WORKS = {
    "semicolons": "SELECT id FROM orders ; ;\n",
    "bom": "\ufeffSELECT id FROM orders",
    "reserved": 'SELECT id AS "select", customer AS "order" FROM orders AS "from"',
    "columns_300": f"SELECT {', '.join(f'id + {i} AS c{i}' for i in range(300))} FROM orders",
    "levels_50": f"SELECT {'(' * 50}id{')' * 50} AS x FROM orders",
    "queries_50": f"SELECT id FROM {'(SELECT id FROM ' * 50}orders{''.join(f') AS s{i}' for i in range(50))}",
    "scalars_50": f"SELECT {'(SELECT max(id) + ' * 50}1{' FROM orders)' * 50} AS x",
    "calls_50": f"SELECT {'lower(' * 50}customer{')' * 50} AS x FROM orders",
    "sums_300": f"SELECT {' + '.join(['CAST(id AS DOUBLE)'] * 300)} AS x FROM orders",
    "comment_2mb": f"SELECT id /* {'x' * 2_000_000} */ FROM orders",
    "text_2mb": f"SELECT '{'x' * 2_000_000}' AS x FROM orders",
    "quotes": 'SELECT id AS "a""b\'c\\d%s" FROM orders',
}
SECONDS = 110  # of a machine that does much else: alone it takes 5


def pipeline(shop, texts):
    for path in (shop.root / "models").iterdir():
        path.unlink()
    shop.write("models/fine.sql", FINE)
    for name, text in texts.items():
        shop.write(f"models/{name}.sql", text)
    models = "\n".join(f"  {name}: models/{name}.sql" for name in ("fine", *texts))
    shop.write("pipeline.yaml", DATASETS.format(models=models))


def validate(shop, *args):
    start = time.monotonic()
    done = shop("validate", "--json", *args)
    assert time.monotonic() - start < SECONDS
    return done


def marked(shop, found):
    """The text that a finding marks."""
    lines = (shop.root / found["file"]).read_text(encoding="utf-8").split("\n")
    text = lines[found["line"] - 1]
    end = found["end_column"] - 1 if found["end_line"] == found["line"] else None
    return text[found["column"] - 1 : end]


def check(shop, done, expected):
    """Each model has its one error, at its place."""
    assert done.code == 3, done.err
    errors = [d for d in done.document["diagnostics"] if d["severity"] == "error"]
    wrong = []
    for name, (_, code, where, hint) in expected.items():
        mine = [d for d in errors if d["file"] == f"models/{name}.sql"]
        if [d["code"] for d in mine] != [code]:
            wrong.append(f"{name}: {[(d['code'], d['message'][:100]) for d in mine]}, not {code}")
        elif where and marked(shop, mine[0]) != where:
            wrong.append(f"{name}: marks {marked(shop, mine[0])[:60]!r}, not {where[:60]!r}")
        elif hint not in (mine[0]["hint"] or ""):
            wrong.append(f"{name}: {mine[0]['hint']!r} says nothing of {hint}")
        elif not mine[0]["message"] or mine[0]["line"] < 1 or mine[0]["column"] < 1:
            wrong.append(f"{name}: {mine[0]}")
    others = {d["file"] for d in errors} - {f"models/{name}.sql" for name in expected}
    assert not [*wrong, *others], "\n".join([*wrong, *others])


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_what_no_engine_may_run(shop, engine):
    pipeline(shop, {name: case[0] for name, case in ALWAYS.items()})
    check(shop, validate(shop, "--engine", engine), ALWAYS)


def test_nothing_of_it_runs(shop):
    shop.write("pipeline.yaml", "name: bad\n")
    pipeline(shop, {name: ALWAYS[name][0] for name in ("drop", "file", "deep")})
    done = shop("run", "--json")
    assert done.code == 3
    assert {d["code"] for d in done.document["diagnostics"]} >= {NOT_A_SELECT, ELSEWHERE, TOO_LARGE}
    assert not (shop.root / "out").exists()


def test_what_another_engine_would_do_otherwise(shop):
    cases = NOT_PORTABLE | FOR_POSTGRES
    pipeline(shop, {name: case[0] for name, case in cases.items()})
    check(shop, validate(shop, "--engine", "postgres"), cases)


def test_what_duckdb_alone_runs_is_said_to_be_so(shop):
    pipeline(shop, {name: case[0] for name, case in NOT_PORTABLE.items()})
    done = validate(shop)
    assert done.code == 0, done.out
    assert done.document["engines"]["duckdb"] == {"supported": True}
    against = done.document["engines"]["postgres"]["because"]
    assert set(against) >= {code for _, code, *_ in NOT_PORTABLE.values()}
    told = done.document["diagnostics"]
    assert {d["severity"] for d in told if d["engines"]} == {"warning"}
    assert {d["code"] for d in told} >= {code for _, code, *_ in NOT_PORTABLE.values()}


@pytest.mark.parametrize("engine", ["duckdb", "postgres", "spark"])
def test_what_looks_bad_and_works(shop, engine):
    pipeline(shop, WORKS)
    done = validate(shop, "--engine", engine)
    assert done.code == 0, [d for d in done.document["diagnostics"] if d["severity"] == "error"]


@pytest.mark.parametrize(
    ("filter_", "code", "where"),
    [
        ("id = ", "PSK-SQL-101", None),
        ("id IN (SELECT id FROM 'x.csv')", "PSK-STEP-013", None),
        ("DROP TABLE orders", "PSK-SQL-101", "TABLE"),
        ("true; DROP TABLE orders", "PSK-SQL-101", ";"),
        (f"{'(' * 300}true{')' * 300}", TOO_LARGE, "("),
        (" AND ".join(["id = 1"] * 5_000), TOO_LARGE, "AND"),
        ("sum(id) > 1", "PSK-STEP-014", None),
    ],
)
def test_an_expression_of_a_step(shop, filter_, code, where):
    text = DATASETS.format(models='  fine: {from: orders, steps: [filter: "' + filter_ + '"]}')
    shop.write("pipeline.yaml", text)
    done = validate(shop)
    assert done.code == 3
    (found,) = [d for d in done.document["diagnostics"] if d["severity"] == "error"]
    assert (found["code"], found["file"], found["line"]) == (code, "pipeline.yaml", 8), found
    if where:
        assert marked(shop, found) == where
