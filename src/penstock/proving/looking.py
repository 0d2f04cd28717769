"""What is wrong with the unit tests of a pipeline, without running any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.proving.checking import prepare
from penstock.proving.files import read_tests
from penstock.proving.typed import Typer

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.diagnostics import Diagnostic
    from penstock.program import Program


def look(root: Path, program: Program) -> tuple[list[Diagnostic], dict[str, str]]:
    """Findings of the test files, and path → text of what was read for them.

    A test with variables of its own is about another Program, one that expects an error about
    none: of these the form is looked at.
    """
    found = read_tests(root)
    told, texts, typer = list(found.diagnostics), dict(found.texts), Typer()
    for test in found.tests:
        if not test.spec.variables and test.spec.expect_error is None:
            told += prepare(test, program, typer, root, texts).diagnostics
    return told, texts
