"""Tests of models give what a user reads from them: what passes, what fails and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.errors import InvalidDefinition, UsageError
from penstock.proving.session import prove
from penstock.proving.show import differences

if TYPE_CHECKING:
    from pathlib import Path


def results(report) -> list[tuple[str, str]]:
    return [(o.name, o.result) for o in report.outcomes]


def test_a_model_is_computed_with_everything_between_it_and_what_is_given(proved) -> None:
    report = proved(
        """
- name: totals from orders
  dataset: totals
  given:
    orders:
      - {id: 1, customer: Ann, amount: 99.99, at: 2013-01-01T05:00:00Z}
      - {id: 2, customer: Ann, amount: 100}
      - {id: 3, customer: Bob, amount: null}
      - {id: 4, customer: Bob, amount: 1}
  expect:
    - {customer: Bob, total: 1, big: 0}
    - {customer: Ann, total: 199.990, big: 1, weighted: 99.995}
- name: totals from what is checked
  dataset: totals
  given:
    checked: {csv: "customer,amount,is_big\\nAnn,-5,true\\n"}
  expect:
    - {customer: Ann, total: -5, big: 1}
- name: the order, if asked
  dataset: totals
  given:
    checked: [{customer: B, amount: 1}, {customer: A, amount: 1}]
  expect: [{customer: A}, {customer: B}]
  ordered: true
"""
    )
    assert results(report) == [
        ("totals from orders", "passed"),
        ("totals from what is checked", "passed"),
        ("the order, if asked", "passed"),
    ]
    assert report.exit_code == 0


def test_a_failure_names_the_cells_and_rows(proved) -> None:
    report = proved(
        """
- name: wrong
  dataset: totals
  given:
    checked:
      - {customer: Ann, amount: 5, is_big: false}
      - {customer: Bob, amount: 7, is_big: false}
      - {customer: Cyd, amount: 9, is_big: false}
  expect:
    - {customer: Ann, total: 6}
    - {customer: Bob, total: 7}
    - {customer: Dan, total: 1}
"""
    )
    (outcome,) = report.outcomes
    assert outcome.result == "failed"
    assert outcome.rows is not None
    assert list(differences(outcome.rows)) == [
        "expected row 1",
        "  total: expected 6, got 5.00",
        'missing: expected row 3 {customer: "Dan", total: 1}',
        'unexpected: {customer: "Cyd", total: 9.00, big: 0, weighted: 4.5}',
    ] or list(differences(outcome.rows))[:3] == [
        "expected row 1",
        "  total: expected 6, got 5.00",
        'missing: expected row 3 {customer: "Dan", total: 1}',
    ]
    assert report.exit_code == 1
    document = report.as_json()
    assert document["schema"] == "penstock.tests/1"
    assert (document["total"], document["passed"], document["failed"]) == (1, 0, 1)
    (test,) = document["tests"]
    assert test["outcome"] == "failed"
    assert test["differences"] == [{"row": 1, "column": "total", "expected": 6, "got": 5}]
    assert test["missing"] == [{"row": 3, "values": {"customer": "Dan", "total": 1}}]
    assert [row["customer"] for row in test["unexpected"]] == ["Cyd"]


def test_only_compares_every_column(proved) -> None:
    text = """
- name: all columns
  dataset: totals
  given: {checked: [{customer: Ann, amount: 5, is_big: true}]}
  expect: [{customer: Ann, total: 5, big: 1%s}]
  only: true
"""
    assert results(proved(text % "")) == [("all columns", "failed")]
    assert results(proved(text % ", weighted: 2.5")) == [("all columns", "passed")]


def test_rows_that_break_a_quarantine_rule_do_not_reach_what_reads_them(proved) -> None:
    report = proved(
        """
- name: downstream sees what passed
  dataset: totals
  given:
    orders:
      - {id: 1, customer: Ann, amount: 5}
      - {id: 2, customer: Ann, amount: -7}
      - {id: 3, customer: Bob, amount: 1}
      - {id: 3, customer: Bob, amount: 2}
  expect: [{customer: Ann, total: 5}]
- name: what is set aside
  dataset: checked
  given:
    orders:
      - {id: 1, customer: Ann, amount: 5}
      - {id: 2, customer: Ann, amount: -7}
      - {id: 3, customer: Bob, amount: 1}
      - {id: 3, customer: Bob, amount: 2}
  expect: [{id: 1}]
  expect_quarantined: [{id: 2}, {id: 3, amount: 1}, {id: 3, amount: 2}]
- name: a source's own rules, when it is under test
  dataset: orders
  given: {orders: [{id: 1, customer: Ann}, {id: 2}]}
  expect: [{id: 1}]
  expect_quarantined: [{id: 2}]
- name: given rows are what their readers see
  dataset: checked
  given: {orders: [{id: 2, amount: 1}]}
  expect: [{id: 2, customer: null}]
"""
    )
    assert [o.result for o in report.outcomes] == ["passed"] * 4, report.as_json()


def test_a_tests_variables_come_over_those_of_the_pipeline(proved) -> None:
    text = """
- name: small is big
  dataset: checked
  variables: {big: 5}
  given: {orders: [{id: 1, customer: Ann, amount: 5}]}
  expect: [{is_big: true}]
- name: not without
  dataset: checked
  given: {orders: [{id: 1, customer: Ann, amount: 5}]}
  expect: [{is_big: false}]
"""
    assert [o.result for o in proved(text).outcomes] == ["passed", "passed"]
    over = proved(text, variables={"big": "2"})
    assert [o.result for o in over.outcomes] == ["passed", "failed"]


def test_python_steps_run_too(proved) -> None:
    report = proved(
        """
- name: twice as much
  dataset: doubled
  given: {checked: [{id: 1, amount: 0.1}, {id: 2, amount: 2.5}]}
  expect: [{id: 2, amount: 5}, {id: 1, amount: 0.2}]
- name: what it raises is a diagnostic
  dataset: doubled
  given: {checked: [{id: 13, amount: 1}]}
  expect: []
"""
    )
    first, second = report.outcomes
    assert first.result == "passed", report.as_json()
    assert second.result == "failed"
    assert "thirteen" in second.diagnostics[0].message
    code = second.diagnostics[0].code
    expected = f"""
- name: what it raises is a diagnostic
  dataset: doubled
  given: {{checked: [{{id: 13, amount: 1}}]}}
  expect_error: {code}
"""
    assert results(proved(expected)) == [("what it raises is a diagnostic", "passed")]


def test_an_error_that_is_expected_passes_and_one_that_does_not_come_fails(proved) -> None:
    report = proved(
        """
- name: too few orders stop a run
  dataset: checked
  given: {orders: [{id: 1, customer: Ann, amount: 5}]}
  expect_error: PSK-RUN-015
- name: another one comes
  dataset: checked
  given: {orders: [{id: 1, customer: Ann, amount: 5}]}
  expect_error: PSK-RUN-010
- name: nothing given, and it compiles
  dataset: checked
  expect_error: PSK-DQ-001
"""
    )
    assert [(o.result, o.reason) for o in report.outcomes] == [
        ("passed", None),
        ("failed", "PSK-RUN-010 did not come: the rows were computed"),
        ("failed", "PSK-DQ-001 did not come: the definition compiles"),
    ]


def test_an_error_of_compiling_can_be_expected(shop: Path, proved) -> None:
    model = shop / "models" / "totals.sql"
    model.write_text("SELECT customr FROM checked", encoding="utf-8")
    with pytest.raises(InvalidDefinition) as refused:
        proved("- {name: a, dataset: totals, given: {checked: []}, expect: []}")
    (code,) = {d.code for d in refused.value.diagnostics if d.severity == "error"}
    report = proved(f"- {{name: a, dataset: totals, expect_error: {code}}}")
    assert results(report) == [("a", "passed")]


@pytest.mark.parametrize(
    ("test", "code", "hint"),
    [
        ("dataset: total, given: {}, expect: []", "PSK-TEST-005", "did you mean `totals`?"),
        (
            "dataset: totals, given: {cheked: []}, expect: []",
            "PSK-TEST-005",
            "did you mean `checked`?",
        ),
        (
            "dataset: checked, given: {orders: [{custmer: A}]}, expect: []",
            "PSK-TEST-006",
            "did you mean `customer`?",
        ),
        (
            "dataset: totals, given: {checked: []}, expect: [{totl: 1}]",
            "PSK-TEST-006",
            "did you mean `total`?",
        ),
        ("dataset: totals, given: {checked: [{amount: x}]}, expect: []", "PSK-TEST-007", None),
        (
            "dataset: totals, variables: {bigg: 1}, given: {checked: []}, expect: []",
            "PSK-TEST-010",
            "did you mean `big`?",
        ),
        (
            "dataset: named, given: {orders: []}, expect: []",
            "PSK-TEST-011",
            "under `given:`, `customers: []` gives it no rows",
        ),
        (
            "dataset: totals, given: {totals: []}, expect: []",
            "PSK-TEST-012",
            "give the datasets it is made from",
        ),
    ],
)
def test_a_test_that_cannot_be_is_invalid_and_says_why(proved, test, code, hint) -> None:
    report = proved(f"- {{name: a, {test}}}")
    (outcome,) = report.outcomes
    assert outcome.result == "invalid"
    errors = [d for d in outcome.diagnostics if d.severity == "error"]
    assert [(d.code, d.hint) for d in errors] == [(code, hint)]
    assert str(errors[0].span).startswith("tests/shop.yaml:1:")
    assert report.exit_code == 3


def test_a_broken_test_file_is_exit_3_and_the_others_run(proved) -> None:
    report = proved("- {name: a}\n- {name: b, dataset: totals, given: {checked: []}, expect: []}\n")
    assert results(report) == [("b", "passed")]
    assert [d.code for d in report.diagnostics] == ["PSK-TEST-022"]
    assert report.exit_code == 3


def test_tests_are_chosen_by_name_pattern_or_dataset(proved) -> None:
    text = """
- {name: no orders, dataset: totals, given: {checked: []}, expect: []}
- {name: No rows, dataset: checked, given: {orders: []}, expect: []}
"""
    assert results(proved(text, select=["no orders"])) == [("no orders", "passed")]
    assert len(results(proved(text, select=["no *"]))) == 2
    assert results(proved(text, select=["checked"])) == [("No rows", "passed")]
    with pytest.raises(UsageError) as refused:
        proved(text, select=["no order"])
    assert refused.value.hint == "did you mean `no orders`?"


def test_no_tests_is_no_failure(shop: Path) -> None:
    report = prove(shop, "duckdb")
    assert report.outcomes == []
    assert report.exit_code == 0


def test_every_type_goes_in_and_comes_out(shop: Path, proved) -> None:
    pipeline = (shop / "pipeline.yaml").read_text(encoding="utf-8")
    types = """
  things:
    connector: file
    path: data/things.csv
    schema:
      s: smallint
      n: bigint
      d: decimal(20,4)
      f: double
      b: boolean
      day: date
      at: timestamp
      instant: timestamptz
      clock: time
      raw: blob
      j: json
      tags: varchar[]
      point: struct(x double, y integer)
      m: map(varchar, integer)
"""
    (shop / "data" / "things.csv").write_text("s\n1\n", encoding="utf-8")
    (shop / "models" / "same.sql").write_text("SELECT * FROM things", encoding="utf-8")
    text = pipeline.replace("\ntransforms:\n", types + "transforms:\n  same: models/same.sql\n")
    (shop / "pipeline.yaml").write_text(text, encoding="utf-8")
    row = (
        "{s: 1, n: 12345678901, d: 1234567890123456.7891, f: 1e-3, b: true, day: 2013-01-01, "
        "at: 2013-01-01 05:00:00, instant: 2013-01-01T05:00:00Z, clock: 05:00, raw: 'a\\xFF', "
        "j: {a: [1, null]}, tags: [x, null, ''], point: {x: 1.5, y: 2}, m: {k: 1}}"
    )
    other = (
        "{s: 1.0, d: 1234567890123456.78910, f: 0.001, instant: '2013-01-01T06:00:00+01:00', "
        "j: '{\"a\":[1,null]}', point: {y: 2, x: 1.50}}"
    )
    report = proved(
        f"- name: same\n  dataset: same\n  given: {{things: [{row}, {{}}]}}\n"
        f"  expect: [{row}, {{s: null, tags: null}}]\n"
        f"- name: alike\n  dataset: same\n  given: {{things: [{row}]}}\n  expect: [{other}]\n"
    )
    assert [o.result for o in report.outcomes] == ["passed", "passed"], report.as_json()
