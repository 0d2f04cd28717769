"""An order in which rows may tie is told where the first of them counts, and only there."""

from __future__ import annotations

import pytest

BODY = """
transforms:
  once: {{from: flights, steps: [deduplicate: {{keys: [flight, day]}}]}}
  totals: {{from: flights, steps: [aggregate: {{by: [carrier], measures: {{n: count(*)}}}}]}}
  made: models/made.sql
quality:
  airports: {{stop: ['IsPrimaryKey "faa"']}}
targets:
  out: {{from: made, connector: lake, path: out}}
"""


def told(folder, sql):
    folder.file("models/made.sql", sql)
    compiled = folder.compile(BODY.format())
    assert compiled.program, compiled.diagnostics
    return [d for d in compiled.diagnostics if d.code == "PSK-SQL-123"]


@pytest.mark.parametrize(
    ("sql", "marked", "hint"),
    [
        (
            "SELECT flight, row_number() OVER (ORDER BY day) AS n FROM flights",
            "day",
            "until no two",
        ),
        (
            "SELECT flight, lag(carrier) OVER (PARTITION BY dest ORDER BY day) AS n FROM flights",
            "carrier",
            "",
        ),
        (
            "SELECT * FROM flights QUALIFY row_number() OVER (PARTITION BY flight ORDER BY day) = 1",
            "flight",
            "",
        ),
        ("SELECT flight, ntile(3) OVER w AS n FROM flights WINDOW w AS (ORDER BY day)", "", ""),
        ("SELECT sum(flight) OVER (ORDER BY day ROWS 2 PRECEDING) AS n FROM flights", "flight", ""),
        ("SELECT flight, row_number() OVER (ORDER BY day) AS n FROM once", "day", "`flight`"),
        ("SELECT name, row_number() OVER (ORDER BY name) AS n, id FROM airports", "name", "`faa`"),
        ("SELECT carrier, row_number() OVER (ORDER BY n) AS r FROM totals", "n", "`carrier`"),
        ("SELECT carrier, flight FROM flights ORDER BY carrier LIMIT 3", "carrier", "until no two"),
        ("SELECT flight, day, dest FROM once ORDER BY day LIMIT 3", "day", "`flight`"),
        (
            (
                "WITH c AS (SELECT dest, count(*) AS n FROM flights GROUP BY dest) "
                "SELECT dest, row_number() OVER (ORDER BY n) AS r FROM c"
            ),
            "n",
            "`dest`",
        ),
        (
            (
                "SELECT f.flight, row_number() OVER (ORDER BY f.day) AS n FROM flights f "
                "JOIN airports a ON a.faa = f.dest"
            ),
            "f.day",
            "",
        ),
    ],
)
def test_it_is_told(folder, sql, marked, hint):
    (found,) = told(folder, sql)
    assert found.severity == "warning"
    assert found.span.file == "models/made.sql"
    assert marked in folder.text_at(found)
    assert hint in found.hint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT flight, rank() OVER (ORDER BY day) AS n FROM flights",
        "SELECT flight, dense_rank() OVER (ORDER BY day) AS n FROM flights",
        "SELECT flight, sum(flight) OVER (ORDER BY day) AS n FROM flights",
        "SELECT flight, sum(flight) OVER (PARTITION BY day) AS n FROM flights",
        "SELECT flight, row_number() OVER (ORDER BY flight) AS n FROM flights",
        "SELECT *, row_number() OVER (ORDER BY carrier, flight, dest, delay, day) AS n FROM flights",
        "SELECT carrier, row_number() OVER (ORDER BY day, flight) AS n FROM once",
        "SELECT carrier, row_number() OVER (PARTITION BY flight ORDER BY day) AS n FROM once",
        "SELECT name, row_number() OVER (ORDER BY name, faa) AS n FROM airports",
        "SELECT carrier, n, row_number() OVER (ORDER BY n, carrier) AS r FROM totals",
        "SELECT carrier, row_number() OVER (ORDER BY count(*), carrier) AS r FROM flights GROUP BY carrier",
        "SELECT DISTINCT carrier, dest FROM flights ORDER BY carrier, dest LIMIT 3",
        "SELECT carrier FROM flights ORDER BY carrier LIMIT 3",
        "SELECT carrier, count(*) AS n FROM flights GROUP BY carrier ORDER BY n DESC, carrier LIMIT 3",
        "SELECT carrier, count(*) AS n FROM flights GROUP BY carrier ORDER BY 2, 1 LIMIT 3",
        (
            "SELECT carrier, n, row_number() OVER (ORDER BY n, carrier) AS r "
            "FROM (SELECT carrier, count(*) AS n FROM flights GROUP BY carrier) AS s"
        ),
    ],
)
def test_it_is_not_told(folder, sql):
    assert not told(folder, sql)
