"""Whether a run can be cut by files, and why not."""

from __future__ import annotations

import json

import pytest

from penstock.program import Program

OUT = "targets:\n  out: {{from: made, connector: lake, path: out, mode: {mode}}}\n"
FILES = ("files", "flights")


def cut(folder, body, mode="overwrite", **more):
    program = folder.compile(body + OUT.format(mode=mode), **more).program
    assert program is not None
    assert Program.from_json(json.loads(json.dumps(program.as_json()))) == program
    return program.slicing


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT carrier, delay + 1 AS late FROM flights WHERE delay > 3",
        "SELECT f.*, a.name FROM flights f LEFT JOIN airports a ON a.faa = f.dest",
        "SELECT f.*, a.name FROM airports a JOIN flights f ON a.faa = f.dest",
        "SELECT f.*, a.name FROM airports a RIGHT JOIN flights f ON a.faa = f.dest",
        "SELECT f.* FROM flights f SEMI JOIN airports a ON a.faa = f.dest",
        "SELECT f.* FROM flights f ANTI JOIN airports a ON a.faa = f.dest",
        "SELECT * FROM flights WHERE dest IN (SELECT faa FROM airports)",
        "SELECT * FROM flights WHERE delay > (SELECT avg(id) FROM airports)",
        "SELECT * FROM (SELECT carrier, flight FROM flights WHERE delay > 1) AS x WHERE flight > 2",
        "WITH late AS (SELECT * FROM flights WHERE delay > 1) SELECT carrier FROM late",
        "SELECT carrier, n FROM flights JOIN (SELECT faa, count(*) n FROM airports GROUP BY 1) a ON faa = dest",
        "SELECT carrier FROM flights ORDER BY carrier",
    ],
)
def test_rows_that_come_from_one_row_can_be_cut(folder, sql):
    found = cut(folder, f'transforms:\n  made: "{sql}"\n')
    assert (found.by, found.source, found.because) == (*FILES, None)


@pytest.mark.parametrize(
    ("sql", "because"),
    [
        ("SELECT carrier, count(*) AS n FROM flights GROUP BY carrier", "makes groups"),
        ("SELECT count(*) AS n FROM flights", "makes groups"),
        ("SELECT DISTINCT carrier FROM flights", "there twice"),
        ("SELECT *, row_number() OVER (ORDER BY flight) AS n FROM flights", "window function"),
        (
            "SELECT * FROM flights QUALIFY row_number() OVER (ORDER BY flight) = 1",
            "window function",
        ),
        ("SELECT * FROM flights ORDER BY flight LIMIT 3", "some rows of all"),
        ("SELECT a.carrier FROM flights a JOIN flights b ON a.flight = b.flight", "same"),
        ("SELECT * FROM flights WHERE flight = (SELECT max(flight) FROM flights)", "same source"),
        ("SELECT carrier AS x FROM flights UNION ALL SELECT dest FROM flights", "several queries"),
        ("SELECT a.name, f.dest FROM flights f FULL JOIN airports a ON a.faa = f.dest", "JOIN"),
        (
            "WITH n AS (SELECT carrier, count(*) AS n FROM flights GROUP BY carrier) SELECT * FROM n",
            "makes groups",
        ),
        (
            "WITH x AS (SELECT * FROM flights) SELECT a.dest FROM x a JOIN x b ON a.flight = b.flight",
            "same",
        ),
    ],
)
def test_rows_that_need_several_rows_cannot(folder, sql, because):
    found = cut(folder, f'transforms:\n  made: "{sql}"\n')
    assert (found.by, found.source) == ("none", None)
    assert because in found.because


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a.name FROM airports a LEFT JOIN flights f ON a.faa = f.dest",
        "SELECT a.name FROM airports a SEMI JOIN flights f ON a.faa = f.dest",
        "SELECT a.name FROM airports a ANTI JOIN flights f ON a.faa = f.dest",
    ],
)
def test_rows_without_a_partner_are_known_from_the_side_that_is_kept(folder, sql):
    """Not by flights: each slice would tell of its own which airports none goes to."""
    found = cut(folder, f'transforms:\n  made: "{sql}"\n')
    assert (found.by, found.source) == ("files", "airports")


@pytest.mark.parametrize(
    ("steps", "because"),
    [
        ("[{filter: delay > 3}, {derive: {late: delay + 1}}, {drop: [day]}]", None),
        ("[{standardize: {carrier: [trim, upper]}}, {cast: {flight: bigint}}]", None),
        ("[{lookup: {from: airports, on: {dest: faa}, take: [name]}}]", None),
        ("[{deduplicate: {keys: [flight], order_by: [delay desc]}}]", "deduplicate"),
        ("[{aggregate: {by: [carrier], measures: {n: count(*)}}}]", "aggregate"),
        ("[{derive: {n: sum(delay) over ()}}]", "window function"),
        ("[{sample: {fraction: 0.5, keys: [flight]}}]", None),
        ("[{unpivot: {columns: [carrier, dest]}}]", None),
        ("[{split: {column: dest, separator: x, into: tags}}, {explode: {column: tags}}]", None),
        ("[{nest: {into: s, columns: [dest]}}, {flatten: {column: s}}]", None),
        ("[{parse_json: {column: dest, columns: {a: 'integer[]'}}}]", None),
        ("[{parse_url: {column: dest, take: [host]}}]", None),
        ("[{encode: {columns: {dest: {one_hot: [JFK], unknown: fail}}}}]", None),
        ("[{conform: {columns: {flight: bigint}, surplus: drop}}]", None),
        ("[{nest: {into: s, by: [dest], order_by: [flight]}}]", "makes groups"),
        ("[{top: {order_by: [flight]}}]", "`top`"),
        ("[{window: {columns: {n: {total: count(*)}}}}]", "`window`"),
        ("[{rollup: {by: [dest], measures: {n: count(*)}}}]", "`rollup`"),
        ("[{cube: {by: [dest], measures: {n: count(*)}}}]", "`cube`"),
        ("[{pivot: {column: dest, values: [JFK], measures: count(*)}}]", "`pivot`"),
        ("[{select: [dest]}, {union: {from: airports}}]", "`union`"),
        ("[{scale: {columns: {flight: z_score}}}]", "`scale`"),
        ("[{statistics: {summary: [flight]}}]", "`statistics`"),
        ("[{scd1: {keys: [dest], sequence: day}}]", "`scd1`"),
        ("[{scd2: {keys: [dest], sequence: day}}]", "`scd2`"),
        ("[{snapshot: {keys: [dest], taken_at: day}}]", "`snapshot`"),
        ("[{apply_changes: {keys: [dest], sequence: day, operation: carrier}}]", "`apply_changes`"),
    ],
)
def test_steps(folder, steps, because):
    compiled = folder.compile(
        f"transforms: {{made: {{from: flights, steps: {steps}}}}}\n" + OUT.format(mode="append")
    )
    if compiled.program is None:  # a window is no row step
        assert because == "window function"
        return
    found = compiled.program.slicing
    if because is None:
        assert (found.by, found.source) == FILES
    else:
        assert found.by == "none"
        assert because in found.because


@pytest.mark.parametrize(
    ("rule", "by"),
    [
        ("{quarantine: ['ColumnValues \"flight\" > 0']}", "files"),
        ("{stop: ['IsComplete \"flight\"']}", "files"),
        ("{warn: ['ColumnValues \"flight\" > 0 with threshold > 0.9']}", "none"),
        ("{stop: ['RowCount > 1']}", "files"),
        ("{quarantine: ['IsUnique \"flight\"']}", "none"),
        ("{warn: ['Completeness \"dest\" > 0.9']}", "files"),
        ("{stop: ['(RowCount > 2) or (Completeness \"dest\" > 0.1)']}", "files"),
        ("{warn: ['IsUnique \"flight\"']}", "none"),
        ("{warn: ['(RowCount > 2) and (IsUnique \"flight\")']}", "none"),
    ],
)
def test_rules_about_all_rows_need_all_rows(folder, rule, by):
    body = f"transforms: {{made: SELECT * FROM flights}}\nquality: {{made: {rule}}}\n"
    assert cut(folder, body).by == by


@pytest.mark.parametrize(
    ("target", "because"),
    [
        ("{from: flights, connector: file, path: x.csv}", "is one file"),
    ],
)
def test_targets_that_cannot_be_written_by_several(folder, target, because):
    program = folder.compile(f"targets:\n  out: {target}\n").program
    assert program.slicing.by == "none"
    assert because in program.slicing.because


def test_a_merge_is_cut_and_the_loader_is_told_of(folder):
    merged = "{from: flights, connector: lake, path: x, mode: merge, keys: [flight]}"
    functions = "deploy: {architecture: lambda, region: eu-central-1}\n"
    compiled = folder.compile(f"targets:\n  out: {merged}\n" + functions)
    assert (compiled.program.slicing.by, compiled.program.slicing.source) == FILES
    (note,) = [d for d in compiled.diagnostics if d.code == "PSK-PORT-004"]
    assert "`out` has `mode: merge`: one function, the loader" in note.message
    assert "15 minutes" in note.hint
    assert folder.text_at(note) == "out"


def test_targets_of_two_sources_are_not_cut(folder):
    program = folder.compile(
        "targets:\n"
        "  a: {from: flights, connector: lake, path: a}\n"
        "  b: {from: airports, connector: lake, path: b}\n"
    ).program
    assert program.slicing.by == "none"


def test_a_run_is_cut_by_the_source_that_grows(folder):
    head = folder.head.replace("path: airports.csv", "path: airports.csv\n    incremental: files")
    sql = "SELECT f.carrier, a.name FROM flights f JOIN airports a ON a.faa = f.dest"
    found = cut(folder, f'transforms:\n  made: "{sql}"\n', "append", head=head)
    assert (found.by, found.source) == ("files", "airports")


def test_the_note_is_for_pipelines_that_go_to_functions(folder):
    body = (
        "transforms: {made: 'SELECT carrier, count(*) AS n FROM flights GROUP BY carrier'}\n"
        + OUT.format(mode="overwrite")
    )
    here = folder.compile(body)
    assert not [d for d in here.diagnostics if d.code == "PSK-PORT-004"]
    functions = "deploy: {architecture: lambda, region: eu-central-1}\n"
    there = folder.compile(body + functions)
    (note,) = [d for d in there.diagnostics if d.code == "PSK-PORT-004"]
    assert note.severity == "info"
    assert "`made` makes groups" in note.message
    assert "more than about 10 GB" in note.hint
    assert folder.text_at(note) == "architecture"
    assert there.program.digest == here.program.digest
    cut = folder.compile("targets:\n  o: {from: flights, connector: lake, path: o}\n" + functions)
    assert cut.program.slicing.by == "files"
    assert not [d for d in cut.diagnostics if d.code == "PSK-PORT-004"]


LOOKED = """\
name: flights
sources:
  flights:
    connector: file
    path: in/*.{suffix}
    schema: {{carrier: varchar, flight: integer}}
    schema_evolution: {rule}
"""


@pytest.mark.parametrize(
    ("suffix", "rule", "noted"),
    [
        ("csv", "widen", True),
        ("csv", "add", False),  # its beginning is enough
        ("ndjson", "add", True),
        ("parquet", "widen", False),
        ("ndjson", "ignore", False),
        ("csv.gz", "widen", True),
    ],
)
def test_what_the_planner_looks_at_whole_is_noted(folder, suffix, rule, noted):
    targets = "targets:\n  o: {from: flights, connector: lake, path: o}\n"
    functions = "deploy: {architecture: lambda, region: eu-central-1}\n"
    head = LOOKED.format(suffix=suffix, rule=rule)
    for body, expected in ((targets, False), (targets + functions, noted)):
        found = folder.compile(body, head=head).diagnostics
        notes = [d for d in found if d.code == "PSK-PORT-005"]
        assert bool(notes) is expected
        for note in notes:
            assert note.severity == "info"
            assert "more than about 5 GB" in note.hint
            assert folder.text_at(note) == "flights"
