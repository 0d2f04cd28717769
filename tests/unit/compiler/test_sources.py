"""Schemas of sources: declared, recorded, inferred."""

from __future__ import annotations

HEAD = "name: test\nsources:\n"


def test_a_declared_schema_is_the_contract(folder):
    compiled = folder.compile()
    columns = compiled.datasets["flights"].schema
    assert [(c.name, c.type) for c in columns][3] == ("delay", "decimal(8,2)")
    assert compiled.datasets["flights"].inferred_from is None
    read = compiled.program.reads[0]
    assert (read.dataset, read.connector, read.options) == (
        "flights",
        "file",
        {"path": "flights.csv"},
    )


def test_a_schema_is_inferred_and_shown(folder):
    folder.file("a.csv", "id,name\n1,x\n2,y\n")
    compiled = folder.compile("  a: {connector: file, path: a.csv}\n", head=HEAD)
    (shown,) = [d for d in compiled.diagnostics if d.severity == "info"]
    assert shown.code == "PSK-SRC-010"
    assert "id bigint, name varchar" in shown.message
    assert compiled.datasets["a"].inferred_from
    assert compiled.program


def test_a_recorded_schema_is_taken_before_the_data(folder):
    folder.file("schemas/a.yaml", "schema:\n  id: {type: int, required: true}\n  name: text\n")
    compiled = folder.compile("  a: {connector: file, path: nowhere.csv}\n", head=HEAD)
    columns = compiled.datasets["a"].schema
    assert [(c.name, c.type, c.required) for c in columns] == [
        ("id", "integer", True),
        ("name", "varchar", False),
    ]
    assert compiled.datasets["a"].inferred_from == "schemas/a.yaml"


def test_a_recorded_schema_is_checked_at_its_place(folder, errors):
    folder.file("schemas/a.yaml", "schema:\n  id: intger\n")
    compiled = folder.compile("  a: {connector: file, path: a.csv}\n", head=HEAD)
    found = errors.one(compiled)
    assert (found.code, str(found.span)) == ("PSK-TYPE-001", "schemas/a.yaml:2:7")


def test_files_that_are_not_there_are_told(folder, errors):
    compiled = folder.compile("  a: {connector: file, path: data/*.csv}\n", head=HEAD)
    found = errors.one(compiled)
    assert found.span.file == "pipeline.yaml"
    assert "data/*.csv" in found.message
    assert found.hint


def test_two_columns_that_only_differ_in_case(folder, errors):
    body = "  a: {connector: file, path: a.csv, schema: {id: integer, ID: integer}}\n"
    found = errors.one(folder.compile(body, head=HEAD))
    assert (found.code, folder.text_at(found)) == ("PSK-SRC-011", "ID")


def test_a_column_to_read_by_has_to_be_there(folder, errors):
    body = (
        "  a: {connector: file, path: a.csv, schema: {id: integer, at: timestamp},"
        " incremental: {column: att}}\n"
    )
    found = errors.one(folder.compile(body, head=HEAD))
    assert (found.code, found.hint) == ("PSK-SRC-012", "did you mean `at`?")
