"""What stands in the way of another engine is told whole, at its place in the user's text."""

from __future__ import annotations

from penstock.compiler.portability import portability

MODEL = """
transforms:
  odd: SELECT carrier, gamma(flight) AS g, lower(carrier) AS l, lgamma(flight) AS h FROM flights
"""


def test_every_function_that_is_not_portable_is_told_at_once(folder):
    state = folder.compile(MODEL)
    assert state.program
    found = [f.diagnostic for f in portability(state)]
    assert [(d.code, folder.text_at(d)) for d in found] == [
        ("PSK-PORT-022", "gamma"),
        ("PSK-PORT-022", "lgamma"),
    ]
    assert {d.engines for d in found} == {("spark", "postgres")}
    assert state.engines["spark"] == {"supported": False, "because": ["PSK-PORT-022"]}


def test_what_an_engine_cannot_is_an_error_where_it_is_asked_for(folder):
    compiled = folder.compile(MODEL, engine="spark")
    found = [d for d in compiled.diagnostics if d.severity == "error"]
    assert [(d.code, folder.text_at(d), d.engines) for d in found] == [
        ("PSK-PORT-022", "gamma", ("spark",)),
        ("PSK-PORT-022", "lgamma", ("spark",)),
    ]
    assert compiled.program is None


def test_each_part_of_a_model_tells_what_is_refused_in_it(folder):
    state = folder.compile("""
transforms:
  odd: |
    WITH a AS (
      SELECT carrier, flight, to_base64(CAST(carrier AS BLOB)) AS b
      FROM flights
      WHERE jaro_similarity(carrier, 'AA') > 0.5
    )
    SELECT upper(b) AS b, format('{}', flight) AS f, flight + 1 AS n
    FROM a
    ORDER BY jaccard(carrier, 'abc')
""")
    found = [f.diagnostic for f in portability(state)]
    assert [(d.code, folder.text_at(d), d.engines) for d in found] == [
        ("PSK-PORT-027", "carrier", ("spark", "postgres")),
        ("PSK-PORT-020", "jaro_similarity", ("spark", "postgres")),
        ("PSK-PORT-020", "format", ("spark", "postgres")),
        ("PSK-PORT-020", "jaccard", ("spark", "postgres")),
    ]
    assert found[1].message == (
        "`odd`: `jaro_similarity` is not portable: only DuckDB has it: levenshtein is portable"
    )


def test_a_portable_pipeline_is_written_in_the_engines_own_sql(folder):
    compiled = folder.compile(
        "transforms: {a: 'SELECT lower(carrier) AS l FROM flights'}\n", engine="postgres"
    )
    assert compiled.program
    (statement,) = compiled.program.statements
    assert 'FROM "flights"' in statement.sql
    assert compiled.program.engine == "postgres"


def test_a_function_that_no_engine_has_alike_is_not_said_to_run_on_the_others(folder):
    state = folder.compile(
        "transforms: {a: \"SELECT json_extract(carrier, '$.a') AS j FROM flights\"}\n"
    )
    (found,) = (f.diagnostic for f in portability(state))
    assert (found.code, folder.text_at(found)) == ("PSK-PORT-020", "json_extract")
    assert found.engines == ("spark", "postgres")
    assert found.message.startswith("`a`: `json_extract` is not portable: engines write JSON")
    assert [e for e in ("duckdb", "spark", "postgres") if state.engines[e]["supported"]] == [
        "duckdb"
    ]


def test_columns_without_a_name_are_what_stands_in_the_way(folder):
    state = folder.compile(
        "transforms:\n  a: SELECT count(*), upper(carrier) FROM flights GROUP BY carrier\n"
    )
    (found,) = (f.diagnostic for f in portability(state))
    assert (found.code, found.hint) == ("PSK-PORT-034", "name it with AS")
    unnamed = [d for d in state.found if d.code == "PSK-SQL-116"]
    assert [folder.text_at(d) for d in unnamed] == ["count(*", "upper(carrier"]
