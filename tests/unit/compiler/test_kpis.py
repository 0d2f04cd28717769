"""KPIs: each a SELECT of one number, checked where it stands."""

from __future__ import annotations

import pytest

from penstock.program import Program

SQL = "SELECT sum(amount) AS spent FROM clean"
BODY = """\
name: shop
variables: {least: 1}
sources:
  orders: {connector: file, path: orders.csv, schema: {id: integer, amount: 'decimal(8,2)'}}
transforms:
  clean: {from: orders, steps: [filter: amount > $least]}
targets:
  lake: {from: clean, connector: lake, path: lake}
"""


def with_kpi(sql, **more):
    lines = [
        f"  - {{name: spent, sql: '{sql}'" + "".join(f", {k}: {v}" for k, v in more.items()) + "}"
    ]
    return BODY + "kpis:\n" + "\n".join(lines) + "\n"


def compiled(folder, text):
    return folder.compile(text, head="")


def test_a_kpi_is_in_the_program_with_what_it_reads(folder):
    found = compiled(folder, with_kpi("SELECT sum(amount) AS spent FROM Clean", unit="USD"))
    assert not [d for d in found.diagnostics if d.severity == "error"]
    (kpi,) = found.program.kpis
    assert (kpi.name, kpi.unit, kpi.depends_on) == ("spent", "USD", ("clean",))
    assert "clean" in kpi.sql.lower()
    assert Program.from_json(found.program.as_json()) == found.program
    assert found.program.places["kpi:spent"] == ["pipeline.yaml", 10, 6]


def test_a_program_without_kpis_is_what_it_was(folder):
    plain = compiled(folder, BODY).program
    assert "kpis" not in plain.as_json()
    assert compiled(folder, with_kpi(SQL)).program.digest != plain.digest


@pytest.mark.parametrize(
    ("sql", "code", "message", "at"),
    [
        ("SELECT sum(amnt) AS s FROM clean", "PSK-SQL-102", "amnt", "amnt"),
        ("SELECT sum(amount) AS s FROM claen", "PSK-REF-001", "no dataset named `claen`", "claen"),
        ("SELECT amount FROM clean", "PSK-KPI-001", "this gives many rows", "SELECT"),
        ("SELECT min(id), max(id) FROM clean", "PSK-KPI-001", "gives 2 columns", "SELECT"),
        ("SELECT max(CAST(id AS VARCHAR)) AS s FROM clean", "PSK-KPI-001", "varchar", "SELECT"),
        ("DELETE FROM clean", "PSK-SQL-110", "this is DELETE", "DELETE"),
        ("SELECT count(*) AS n FROM clean WHERE id > $most", "PSK-SQL-117", "`most`", "$most"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(folder, sql, code, message, at):
    found = compiled(folder, with_kpi(sql))
    (error,) = [d for d in found.diagnostics if d.severity == "error"]
    assert error.code == code
    assert message in error.message
    line = with_kpi(sql).splitlines()[error.span.line - 1]
    assert line[error.span.column - 1 :].startswith(at)
    assert found.program is None


def test_variables_are_values_and_aggregates_are_exact(folder):
    found = compiled(folder, with_kpi("SELECT count(*) FILTER (id > $least) AS n FROM orders"))
    assert "$least" not in found.program.kpis[0].sql


def test_what_a_kpi_reads_is_read(folder):
    text = with_kpi("SELECT count(*) AS n FROM orders").replace("from: clean,", "from: orders,")
    assert unread(compiled(folder, text)) == ["nothing reads `clean`"]
    text = with_kpi(SQL).replace("from: clean,", "from: orders,")
    assert unread(compiled(folder, text)) == []


def unread(found):
    return [d.message for d in found.diagnostics if d.code == "PSK-REF-004"]


def test_two_of_a_name_and_what_has_no_name_are_refused(folder):
    text = with_kpi(SQL) + "  - {name: spent, sql: SELECT 1 AS n}\n"
    (error,) = [d for d in compiled(folder, text).diagnostics if d.severity == "error"]
    assert "two KPIs are named `spent`" in error.message
    text = BODY + "kpis:\n  - {sql: SELECT 1 AS n}\n"
    (error,) = [d for d in compiled(folder, text).diagnostics if d.severity == "error"]
    assert "name" in error.message
