"""Names of datasets, their order, and what is wrong with either."""

from __future__ import annotations

import random

from penstock.compiler.graph import order_of


def test_datasets_are_ordered_by_what_they_need(folder):
    compiled = folder.compile(
        "transforms:\n  c: select carrier from b\n  b: {from: a, steps: [{drop: day}]}\n"
        "  a: {from: flights, steps: [{lookup: {from: airports, on: {dest: faa}, take: [name]}}]}\n"
        "targets: {out: {from: c, connector: lake, path: out}}\n"
    )
    assert compiled.order.index("a") < compiled.order.index("b") < compiled.order.index("c")
    assert compiled.datasets["a"].depends_on == ("flights", "airports")
    assert [s.dataset for s in compiled.program.statements] == ["a", "b", "c"]


def test_unknown_datasets_are_told_everywhere_with_near_names(folder):
    folder.file("models/m.sql", "select carrier\nfrom flihts\njoin airprts on true")
    compiled = folder.compile(
        "transforms:\n  m: models/m.sql\n  s: {from: airport, steps: [{drop: id}]}\n"
        "quality: {flight: {warn: [RowCount > 0]}}\n"
        "targets: {out: {from: flightz, connector: lake, path: out}}\n"
    )
    found = [(folder.text_at(d), d.hint) for d in compiled.diagnostics if d.code == "PSK-REF-001"]
    assert sorted(found) == [
        ("airport", "did you mean `airports`?"),
        ("airprts", "did you mean `airports`?"),
        ("flight", "did you mean `flights`?"),
        ("flightz", "did you mean `flights`?"),
        ("flihts", "did you mean `flights`?"),
    ]


def test_a_cycle_is_named_as_a_path(folder, errors):
    folder.file("models/b.sql", "select x from c")
    compiled = folder.compile(
        "transforms:\n  a: {from: b, steps: [{drop: x}]}\n  b: models/b.sql\n"
        "  c: select x from a\n  d: select x from c\n"
    )
    found = errors.one(compiled)
    assert found.code == "PSK-REF-003"
    assert "a → b → c → a" in found.message
    assert folder.text_at(found) == "b"


def test_a_dataset_made_from_itself(folder, errors):
    found = errors.one(folder.compile("transforms: {a: select 1 as x from a}\n"))
    assert "a → a" in found.message


def test_two_datasets_of_one_name(folder, errors):
    found = errors.one(folder.compile("transforms: {flights: select 1 as x}\n"))
    assert (found.code, found.span.line) == ("PSK-REF-002", 12)
    assert "line 4" in found.hint


def test_what_nothing_reads_is_a_warning(folder, errors):
    compiled = folder.compile(
        "transforms: {used: select carrier from flights, idle: select id from airports}\n"
        "targets: {out: {from: used, connector: lake, path: out}}\n"
    )
    assert errors.warnings(compiled) == ["PSK-REF-004"]
    assert compiled.program


def test_what_a_rule_reads_is_used(folder, errors):
    compiled = folder.compile(
        "quality: {flights: {warn: ['CustomSql \"select count(*) from airports\" > 0']}}\n"
        "targets: {out: {from: flights, connector: lake, path: out}}\n"
    )
    assert errors.warnings(compiled) == []
    assert compiled.program.checks[0].depends_on == ("airports",)


def test_a_pipeline_that_publishes_nothing_is_a_warning(folder, errors):
    compiled = folder.compile()
    assert errors.warnings(compiled) == ["PSK-REF-005"]


def test_nothing_is_said_of_what_a_broken_dataset_feeds(folder, errors):
    folder.file("models/b.sql", "select nope, wrong from a where 1 = 'x'")
    compiled = folder.compile(
        "transforms:\n  a: select carier from flights\n  b: models/b.sql\n"
        "  c: {from: b, steps: [{drop: zzz}]}\n  d: select faa_ from airports\n"
        'quality: {b: {stop: [IsComplete "nope"]}}\n'
        "targets: {out: {from: c, connector: lake, path: out, partition_by: [q]}}\n"
    )
    assert [folder.text_at(d) for d in compiled.diagnostics] == ["carier", "faa_"]


def test_an_order_of_thousands_needs_no_recursion():
    chain = {f"d{i}": [f"d{i - 1}"] if i else [] for i in range(5000)}
    names = list(chain)
    random.Random(1).shuffle(names)
    order, cycles = order_of({n: chain[n] for n in names})
    assert (order, cycles) == ([f"d{i}" for i in range(5000)], [])


def test_every_cycle_is_found():
    _, cycles = order_of({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["e"], "e": ["c"], "f": ["a"]})
    assert cycles == [["a", "b", "a"], ["c", "d", "e", "c"]]
