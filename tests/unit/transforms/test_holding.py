"""Steps that hold rows in quarantine: where the rules go, and what is refused."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("distance > 0 AND", "PSK-SQL-101"),
        ("distanze > 0", "PSK-SQL-102"),
        ("distance + 1", "PSK-STEP-018"),
        ("row_number() OVER (ORDER BY distance) = 1", "PSK-STEP-018"),
        ("random() > distance", "PSK-STEP-043"),
        ("sum(distance) > 0", "PSK-STEP-014"),
        ("distance IN (SELECT 1)", "PSK-STEP-013"),
    ],
)
def test_what_is_no_condition_of_a_row_is_refused(chains, table, rule, code):
    (error,) = chains.refused(f'- validate: {{far: "{rule}"}}', table("distance integer"))
    assert error.code == code


def test_rules_at_the_end_of_a_chain_are_the_datasets_own(chains, table):
    made = chains.run(
        "- derive: {m: n * 2}\n- validate: {small: m < 10}", table("n integer", [(1,), (9,)])
    )
    assert made.rows == [(1, 2)]
    assert made.quarantined == [(9, 18)]
    assert made.statement.depends_on == ("rows",)


def test_a_row_is_held_as_it_was_at_the_step_and_later_steps_see_the_others(chains, table):
    made = chains.run(
        "- filter: n > 0\n- validate: {small: n < 10}\n- derive: {n: n * 100}\n"
        "- validate: {even: n % 200 = 0}\n- drop: x",
        table("n integer, x integer", [(0, 0), (1, 1), (2, 2), (99, 3)]),
    )
    assert made.rows == [(200,)]
    assert sorted(made.quarantined) == [(99, 3), (100, 1)]
    assert made.aside["filtered"] == 1
    assert made.statement.depends_on == ("made__validate4",)


def test_a_chain_of_rows_is_still_worked_on_in_slices(chains, table):
    steps = "- validate: {small: n < 10}\n- derive: {n: n * 100}"
    assert chains.run(steps, table("n integer", [(1,)])).slicing == "files"
