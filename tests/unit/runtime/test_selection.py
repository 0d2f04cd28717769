"""`--select`: which targets a selection publishes and what it needs for that."""

from __future__ import annotations

from dataclasses import replace

import pytest

from penstock.errors import UsageError
from penstock.program import Check, Load, Program, Read, Statement
from penstock.runtime.selection import select


def made(name: str, *needs: str) -> Statement:
    return Statement(name, "sql", f"SELECT * FROM {needs[0]}", needs, ())


def load(target: str, dataset: str) -> Load:
    return Load(target, dataset, "file", {}, ())


PROGRAM = Program(
    pipeline="p",
    engine="duckdb",
    reads=(Read("a", "file", {}, ()), Read("other", "file", {}, ())),
    statements=(made("b", "a"), made("c", "b"), made("d", "c"), made("z", "other")),
    checks=(
        Check("b", "RowCount > 0", "stop", "count(*) > 0", {}),
        Check("z", "x", "warn", "", {}),
    ),
    loads=(load("b_out", "b"), load("c_out", "c"), load("d_out", "d"), load("z_out", "z")),
).seal()


@pytest.mark.parametrize(
    ("names", "targets", "datasets"),
    [
        ([], {"b_out", "c_out", "d_out", "z_out"}, {"a", "b", "c", "d", "other", "z"}),
        (["c"], {"c_out"}, {"a", "b", "c"}),
        (["c_out"], {"c_out"}, {"a", "b", "c"}),
        (["+c"], {"b_out", "c_out"}, {"a", "b", "c"}),
        (["c+"], {"c_out", "d_out"}, {"a", "b", "c", "d"}),
        (["b,z_out"], {"b_out", "z_out"}, {"a", "b", "other", "z"}),
        (["a+"], {"b_out", "c_out", "d_out"}, {"a", "b", "c", "d"}),
    ],
)
def test_selection(names, targets, datasets):
    part = select(PROGRAM, names)
    assert {x.target for x in part.loads} == targets
    assert {r.dataset for r in part.reads} | {s.dataset for s in part.statements} == datasets
    assert {c.dataset for c in part.checks} <= datasets


def test_a_part_is_another_program():
    assert select(PROGRAM, ["c"]).digest not in {PROGRAM.digest, ""}
    assert select(PROGRAM, []).digest == PROGRAM.digest


def test_what_a_rule_reads_is_made_too():
    rule = Check("b", "CustomSql …", "stop", "", {}, depends_on=("z",))
    part = select(replace(PROGRAM, checks=(*PROGRAM.checks, rule)), ["b"])
    assert {x.target for x in part.loads} == {"b_out"}
    assert {s.dataset for s in part.statements} == {"b", "z"}


def test_an_unknown_name_is_told_with_the_near_one():
    with pytest.raises(UsageError) as caught:
        select(PROGRAM, ["c_outt"])
    assert caught.value.hint == "did you mean `c_out`?"
