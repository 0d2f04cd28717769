"""`penstock test` as a user meets it: words, one JSON document, exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from penstock.cli.main import main

if TYPE_CHECKING:
    from pathlib import Path

PASSING = "- {name: nothing in, dataset: totals, given: {checked: []}, expect: []}\n"
FAILING = """
- name: wrong
  dataset: totals
  given: {checked: [{customer: Ann, amount: 5}]}
  expect: [{customer: Ann, total: 6}]
"""
INVALID = "- {name: typo, dataset: totls, expect: []}\n"


def run(capsys, shop: Path, tests: str | None, *arguments: str) -> tuple[int, str, str]:
    if tests is not None:
        (shop / "tests").mkdir(exist_ok=True)
        (shop / "tests" / "a.yaml").write_text(tests, encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["test", str(shop), *arguments])
    captured = capsys.readouterr()
    return int(left.value.code or 0), captured.out, captured.err


def test_no_tests_are_told_and_are_no_failure(capsys, shop: Path) -> None:
    code, out, _ = run(capsys, shop, None)
    assert code == 0
    assert "no tests" in out


def test_tests_that_pass(capsys, shop: Path) -> None:
    code, out, _ = run(capsys, shop, PASSING)
    assert code == 0
    assert "passed   nothing in" in out
    assert "1 test: 1 passed" in out


def test_a_failure_shows_the_cell(capsys, shop: Path) -> None:
    code, out, _ = run(capsys, shop, PASSING + FAILING)
    assert code == 1
    assert "FAILED   wrong" in out
    assert "total: expected 6, got 5.00" in out
    assert "2 tests: 1 passed, 1 failed" in out


def test_an_invalid_test_shows_the_line_and_the_near_name(capsys, shop: Path) -> None:
    code, out, err = run(capsys, shop, PASSING + INVALID)
    assert code == 3
    assert "INVALID  typo" in out
    assert "PSK-TEST-005" in err
    assert "tests/a.yaml:2:25" in err
    assert "did you mean `totals`?" in err


def test_json_is_one_document_and_nothing_else(capsys, shop: Path) -> None:
    code, out, err = run(capsys, shop, PASSING + FAILING + INVALID, "--json")
    assert code == 3
    document = json.loads(out)
    assert document["schema"] == "penstock.tests/1"
    assert [(t["name"], t["outcome"]) for t in document["tests"]] == [
        ("nothing in", "passed"),
        ("wrong", "failed"),
        ("typo", "invalid"),
    ]
    assert document["tests"][2]["diagnostics"][0]["code"] == "PSK-TEST-005"
    assert err == ""


def test_select_and_a_name_that_is_none(capsys, shop: Path) -> None:
    assert run(capsys, shop, PASSING + FAILING, "--select", "nothing*")[0] == 0
    code, _, err = run(capsys, shop, PASSING, "--select", "nothing out")
    assert code == 2
    assert "did you mean `nothing in`?" in err


def test_an_invalid_definition_is_exit_3(capsys, shop: Path) -> None:
    (shop / "models" / "totals.sql").write_text("SELECT nothing_there FROM checked")
    code, out, err = run(capsys, shop, PASSING)
    assert code == 3
    assert out == ""
    assert "models/totals.sql:1:8" in err


def test_rows_given_in_vain_are_a_warning(capsys, shop: Path) -> None:
    useless = "- {name: a, dataset: totals, given: {checked: [], customers: []}, expect: []}\n"
    code, out, err = run(capsys, shop, useless)
    assert code == 0
    assert "passed   a" in out
    assert "warning[PSK-TEST-012]" in err
    assert "tests/a.yaml:1:51" in err
