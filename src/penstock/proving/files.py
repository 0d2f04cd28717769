"""Finds and reads `tests/*.yaml`."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING

from penstock.diagnostics import Diagnostic, did_you_mean
from penstock.proving.models import UnitTest, UnitTestSpec
from penstock.spec.check import check
from penstock.spec.yaml import read_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.spec.yaml import Document

FOLDER = "tests"
NOT_A_LIST = "PSK-TEST-001"
NOTHING_EXPECTED = "PSK-TEST-002"
SAME_NAME = "PSK-TEST-003"
UNREADABLE = "PSK-TEST-008"
NO_SUCH_CODE = "PSK-TEST-014"

_EXAMPLE = "- name: …\n  dataset: …\n  given: {…}\n  expect: […]"


@dataclass(slots=True)
class TestFiles:
    """What the test files hold.

    Attributes:
        texts: path → text of each file read, for the lines under diagnostics.
        diagnostics: what is wrong with the files; tests concerned are not in `tests`.
    """

    __test__ = False

    tests: list[UnitTest] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def read_tests(root: Path) -> TestFiles:
    """Read every test file of a pipeline folder, in the order of their names."""
    found = TestFiles()
    folder = root / FOLDER
    for path in sorted({*folder.glob("*.yaml"), *folder.glob("*.yml")}):
        name = f"{FOLDER}/{path.name}"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = "it is not UTF-8" if isinstance(error, ValueError) else str(error.strerror)
            found.diagnostics.append(Diagnostic(UNREADABLE, f"{name} cannot be read: {reason}"))
            continue
        found.texts[name] = text
        _read_file(read_yaml(text, name), found)
    _same_names(found)
    return found


def _read_file(document: Document, found: TestFiles) -> None:
    found.diagnostics += document.diagnostics
    root = document.root
    if root is None:
        return
    if not isinstance(root.value, tuple):
        message = f"{document.file.name} holds a list of tests"
        found.diagnostics.append(Diagnostic(NOT_A_LIST, message, root.span, f"write {_EXAMPLE}"))
        return
    for index, node in enumerate(root.items):
        data = node.data()
        noun = f"test {index + 1}"
        if isinstance(data, dict) and isinstance(data.get("name"), str):
            noun = f"test `{data['name']}`"
        spec, wrong = check(
            UnitTestSpec, data, (index,), document.positions, area="TEST", noun=noun
        )
        found.diagnostics += wrong
        if spec is None:
            continue
        test = UnitTest(spec, document, index, node)
        missing = _nothing_expected(test) or _no_such_code(test)
        if missing:
            found.diagnostics.append(missing)
        else:
            found.tests.append(test)


def _nothing_expected(test: UnitTest) -> Diagnostic | None:
    span = test.document.positions.key((test.index,))
    rows = "expect" in test.node.entries or "expect_quarantined" in test.node.entries
    if not rows and test.spec.expect_error is None:
        message = f"test `{test.spec.name}` expects nothing"
        hint = "give `expect:` with rows (`[]` for none), or `expect_error:` with a code"
        return Diagnostic(NOTHING_EXPECTED, message, span, hint)
    if rows and test.spec.expect_error is not None:
        message = f"test `{test.spec.name}` expects rows and an error"
        return Diagnostic(NOTHING_EXPECTED, message, span, "an error leaves no rows: keep one")
    return None


def _no_such_code(test: UnitTest) -> Diagnostic | None:
    code = test.spec.expect_error
    folder = files("penstock") / "explanations"
    known = {p.name.removesuffix(".md") for p in folder.iterdir() if p.name.endswith(".md")}
    if code is None or code in known:
        return None
    span = test.document.positions.value((test.index, "expect_error"))
    hint = did_you_mean(code, known, noun="codes")
    return Diagnostic(NO_SUCH_CODE, f"there is no diagnostic `{code}`", span, hint)


def _same_names(found: TestFiles) -> None:
    seen: dict[str, UnitTest] = {}
    for test in found.tests:
        first = seen.setdefault(test.spec.name, test)
        if first is not test:
            span = test.document.positions.value((test.index, "name"))
            where = first.document.positions.value((first.index, "name"))
            message = f"two tests are called `{test.spec.name}`"
            found.diagnostics.append(
                Diagnostic(SAME_NAME, message, span, f"the first is at {where}")
            )
