"""Everything that is wrong is told in one go: one mistake hides no other."""

from __future__ import annotations

import pytest

TARGET = "targets: {out: {from: made, connector: lake, path: out}}\n"


def said(folder, compiled):
    """What the errors mark."""
    return [folder.text_at(d) for d in compiled.diagnostics if d.severity == "error"]


def test_a_mistake_hides_none_further_down(folder):
    folder.file("models/made.sql", "select carrrier, nope_(flight) as n, delayy from clean")
    compiled = folder.compile(
        "transforms:\n"
        "  clean:\n    from: flights\n    steps:\n      - filter: delai > 0\n"
        "      - derive: {late: nope(delay)}\n      - rename: {dst: destination}\n"
        "  made: models/made.sql\n"
        "  more: {from: made, steps: [{drop: [n, carier, delay]}]}\n" + TARGET
    )
    assert said(folder, compiled) == [
        "delai", "nope(delay)", "dst", "carier", "carrrier", "nope_(flight)", "delayy",
    ]  # fmt: skip
    assert compiled.program is None


def test_what_follows_from_a_mistake_is_not_told(folder):
    compiled = folder.compile(
        "transforms:\n"
        "  clean: {from: flights, steps: [{rename: {dst: destination}}, {derive: {x: no(day)}}]}\n"
        "  made: select destination, x + 1 as y, carrier || 1 as z from clean\n"
        "  more: select y, z from made where y > 'a'\n" + TARGET
    )
    assert said(folder, compiled) == ["dst", "no(day)"]


def test_rules_beside_one_that_is_none(folder):
    compiled = folder.compile(
        "transforms: {made: select * from flights}\n"
        'quality:\n  made:\n    stop:\n      - 5\n      - IsCompleet "day"\n'
        '      - IsComplete "dy"\n    halt: [RowCount > 1]\n' + TARGET
    )
    assert said(folder, compiled) == ["5", "IsCompleet", '"dy"', "halt"]


def test_steps_beside_one_that_is_none(folder):
    compiled = folder.compile(
        "transforms:\n  made:\n    from: flights\n    steps:\n      - filter: delai > 0\n"
        '      - deduplicate\n      - {drop: [day], filter: "true"}\n'
        "      - lookup: {from: airports, on: {dest: faa}, tak: [name], take: [name]}\n" + TARGET
    )
    assert said(folder, compiled) == ["delai", "deduplicate", "filter", "tak"]


def test_the_rest_of_a_target(folder):
    compiled = folder.compile(
        "transforms: {made: select * from flights}\ntargets:\n"
        "  a: {from: mad, connector: lak, path: a}\n"
        "  b: {from: made, connector: lake, path: b, mode: upsert, keys: [dai]}\n"
    )
    assert said(folder, compiled) == ["mad", "lak", "upsert", "dai"]


@pytest.mark.parametrize("path", ["out", "./out", "x/../out", "out/", "out/inner"])
def test_two_targets_at_one_place(folder, errors, path):
    compiled = folder.compile(
        "transforms: {made: select * from flights}\ntargets:\n"
        "  a: {from: made, connector: lake, path: out}\n"
        f"  b: {{from: made, connector: lake, path: {path}}}\n"
        "  c: {from: made, connector: lake, path: outer}\n"
    )
    found = errors.one(compiled)
    assert (found.code, folder.text_at(found)) == ("PSK-TGT-017", path)


def test_a_target_over_its_source(folder, errors):
    compiled = folder.compile(
        "transforms: {made: select * from flights}\n"
        "targets: {out: {from: made, connector: file, path: ./flights.csv}}\n"
    )
    assert errors.one(compiled).code == "PSK-TGT-018"


def test_a_source_is_not_looked_for_under_a_name_that_stands_for_nothing(folder, errors):
    compiled = folder.compile(
        "  more: {connector: file, path: '${var.nope}/b.csv'}\n"
        "transforms: {made: select * from more}\n" + TARGET
    )
    assert errors.of(compiled) == ["PSK-REF-031"]


def test_a_source_that_is_not_there_is_told_at_its_path(folder, errors):
    compiled = folder.compile(
        "  more: {connector: file, path: b.csv}\ntransforms: {made: select * from more}\n" + TARGET
    )
    found = errors.one(compiled)
    assert (found.code, folder.text_at(found)) == ("PSK-SRC-001", "b.csv")


@pytest.mark.parametrize(
    ("model", "marked"),
    [
        ("SELECT strptime(dest, '%Q') AS x FROM flights", "%Q"),
        ("SELECT f.* FROM flights f PIVOT (sum(delay) FOR dest IN ('EWR'))", "f"),
    ],
)
def test_what_duckdb_names_without_a_place_is_marked(folder, errors, model, marked):
    assert folder.text_at(errors.one(folder.model(model))) == marked
