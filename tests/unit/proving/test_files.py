"""Test files are read, and what is wrong with them is said with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.proving.files import read_tests

if TYPE_CHECKING:
    from pathlib import Path


def write(root: Path, text: str, name: str = "a.yaml") -> None:
    (root / "tests").mkdir(exist_ok=True)
    (root / "tests" / name).write_text(text, encoding="utf-8")


def test_no_folder_is_no_tests(tmp_path: Path) -> None:
    found = read_tests(tmp_path)
    assert (found.tests, found.diagnostics) == ([], [])


def test_tests_come_in_the_order_of_files(tmp_path: Path) -> None:
    write(tmp_path, "- {name: b, dataset: x, expect: []}", "2.yaml")
    write(
        tmp_path,
        "- {name: a, dataset: x, expect: []}\n- {name: c, dataset: x, expect: []}",
        "1.yml",
    )
    found = read_tests(tmp_path)
    assert not found.diagnostics
    assert [t.spec.name for t in found.tests] == ["a", "c", "b"]
    assert set(found.texts) == {"tests/1.yml", "tests/2.yaml"}


@pytest.mark.parametrize(
    ("text", "diagnostics"),
    [
        ("name: a", [("PSK-TEST-001", "1:1")]),
        ("- {name: a, dataset: x}", [("PSK-TEST-002", "1:3")]),
        (
            "- {name: a, dataset: x, expect: [], expect_error: PSK-RUN-015}",
            [("PSK-TEST-002", "1:3")],
        ),
        (
            "- {name: a, dataset: x, expect: []}\n- {name: a, dataset: x, expect: []}",
            [("PSK-TEST-003", "2:10")],
        ),
        ("- {name: a, dataset: x, expect_error: PSK-RUN-999}", [("PSK-TEST-014", "1:39")]),
        ("- {name: a, dataset: x, expet: []}", [("PSK-TEST-021", "1:25")]),
        ("- {dataset: x, expect: []}", [("PSK-TEST-022", "1:3")]),
        ("- {name: a, dataset: x, expect: [], only: sometimes}", [("PSK-TEST-023", "1:43")]),
        ("- {name: a, dataset: X!, expect: []}", [("PSK-TEST-025", "1:22")]),
        ("- {name: a, dataset: x, expect_error: wrong}", [("PSK-TEST-025", "1:39")]),
        ("- name: a\n\tdataset: x", [("PSK-YAML-002", "2:1")]),
    ],
)
def test_what_is_wrong_with_a_test_is_said_in_its_place(
    tmp_path: Path, text: str, diagnostics: list[tuple[str, str]]
) -> None:
    write(tmp_path, text)
    found = read_tests(tmp_path)
    places = [(d.code, str(d.span).removeprefix("tests/a.yaml:")) for d in found.diagnostics]
    assert places == diagnostics


def test_a_broken_test_does_not_hide_the_others(tmp_path: Path) -> None:
    write(tmp_path, "- {name: a}\n- {name: b, dataset: x, expect: []}")
    found = read_tests(tmp_path)
    assert [t.spec.name for t in found.tests] == ["b"]
    assert [d.code for d in found.diagnostics] == ["PSK-TEST-022"]
    assert "test `a`" in found.diagnostics[0].message


def test_a_file_that_is_no_text_is_a_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "a.yaml").write_bytes(b"- name: caf\xe9")
    assert [d.code for d in read_tests(tmp_path).diagnostics] == ["PSK-TEST-008"]
