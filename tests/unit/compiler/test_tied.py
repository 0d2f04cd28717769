"""`options: {portable: false}`: SQL that only DuckDB has, run as it is written, and said so."""

from __future__ import annotations

TIED = """
transforms:
  odd:
    sql: SELECT carrier, gamma(flight) AS g FROM flights
    options: {portable: false}
"""
PLAIN = "transforms: {odd: 'SELECT carrier, gamma(flight) AS g FROM flights'}\n"


def findings(state):
    """What is told of portability: of the folder's pipelines nothing is published."""
    return [d for d in state.diagnostics if d.code.startswith("PSK-PORT")]


def test_validate_says_that_a_dataset_is_tied_to_duckdb(folder):
    state = folder.compile(TIED)
    assert state.program
    (found,) = findings(state)
    assert (found.code, found.severity) == ("PSK-PORT-033", "info")
    assert found.engines == ("spark", "postgres")
    assert folder.text_at(found) == "options"
    assert state.engines["duckdb"] == {"supported": True}
    assert state.engines["spark"] == {"supported": False, "because": ["PSK-PORT-033"]}


def test_another_engine_refuses_what_is_tied_to_duckdb(folder, errors):
    found = errors.one(folder.compile(TIED, engine="postgres"))
    assert (found.code, found.engines) == ("PSK-PORT-033", ("postgres",))


def test_its_sql_runs_as_it_is_written(folder):
    text = "SELECT carrier, ceil(flight) AS c FROM flights"
    tied = f"transforms: {{odd: {{sql: '{text}', options: {{portable: false}}}}}}\n"
    (as_written,) = folder.compile(tied).program.statements
    (portable,) = folder.compile(f"transforms: {{odd: '{text}'}}\n").program.statements
    # DuckDB's own ceil gives doubles; the portable one whole numbers.
    assert [c.type for c in as_written.schema] == ["varchar", "double"]
    assert [c.type for c in portable.schema] == ["varchar", "integer"]


def test_what_is_not_portable_runs_on_duckdb_with_a_warning(folder):
    state = folder.compile(PLAIN)
    assert state.program
    (found,) = findings(state)
    assert (found.code, found.severity) == ("PSK-PORT-022", "warning")
    assert folder.text_at(found) == "gamma"


def test_steps_are_tied_too(folder):
    steps = "odd: {from: flights, steps: [{derive: {g: gamma(flight)}}]"
    (found,) = findings(folder.compile(f"transforms: {{{steps}}}}}\n"))
    assert (found.code, found.severity) == ("PSK-PORT-022", "warning")
    state = folder.compile(f"transforms: {{{steps}, options: {{portable: false}}}}}}\n")
    assert [(d.code, d.severity) for d in findings(state)] == [("PSK-PORT-033", "info")]


def test_steps_that_run_as_written_have_the_types_that_they_promise(folder):
    steps = "{from: flights, steps: [{derive: {c: ceil(flight), g: gamma(flight)}}]}"
    (statement,) = folder.compile(f"transforms: {{odd: {steps}}}\n").program.statements
    types = {c.name: c.type for c in statement.schema}
    assert types["c"] == "integer"
    assert "CAST(c AS INT" in statement.sql


def test_functions_that_duckdb_has_not_run_there(folder):
    model = "SELECT initcap(carrier) AS n, nvl(carrier, dest) AS c FROM flights"
    state = folder.compile(f"transforms: {{odd: '{model}'}}\n")
    assert findings(state) == []
    assert [c.type for c in state.program.statements[0].schema] == ["varchar", "varchar"]


def test_a_wrong_column_beside_them_is_told_at_its_place(folder):
    model = "SELECT initcap(carrier) AS n, carier AS c FROM flights"
    state = folder.compile(f"transforms: {{odd: '{model}'}}\n")
    assert "carier" in [folder.text_at(d) for d in state.diagnostics if d.span]
