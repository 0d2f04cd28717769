"""All tests of a pipeline folder: which to run, and how they ended."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError, invalid
from penstock.proving.files import read_tests
from penstock.proving.outcome import Report
from penstock.proving.prover import Prover

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from penstock.proving.models import UnitTest
    from penstock.proving.outcome import Outcome

NO_SUCH_TEST = "PSK-TEST-013"


def prove(
    root: Path,
    engine: str,
    *,
    profile: str | None = None,
    variables: Mapping[str, str] | None = None,
    select: Sequence[str] = (),
    texts: dict[str, str] | None = None,
    tell: Callable[[Outcome], None] | None = None,
) -> Report:
    """Run the unit tests of a pipeline folder.

    Args:
        select: names of tests (`*` stands for anything) or of datasets under test; all if empty.
        texts: path → text; files read are added, for the lines under diagnostics.
        tell: called with each test's outcome as it ends.

    Raises:
        InvalidDefinition: the pipeline itself is invalid.
        UsageError: `select` names no test.
    """
    clock = time.monotonic()
    texts = {} if texts is None else texts
    prover = Prover(root, engine, profile=profile, variables=variables or {}, texts=texts)
    compilation, _ = prover.compilation({})
    found = read_tests(root)
    texts.update(found.texts)
    tests = _selected(found.tests, select)
    if compilation.program is None and not any(t.spec.expect_error for t in tests):
        raise invalid([*compilation.diagnostics, *found.diagnostics], files=compilation.files)
    report = Report(prover.pipeline, engine, diagnostics=found.diagnostics)
    for test in tests:
        outcome = prover.prove(test)
        report.outcomes.append(outcome)
        if tell is not None:
            tell(outcome)
    report.seconds = time.monotonic() - clock
    return report


def _selected(tests: Sequence[UnitTest], select: Sequence[str]) -> list[UnitTest]:
    if not select:
        return list(tests)
    chosen: list[UnitTest] = []
    for wanted in select:
        named = [
            t
            for t in tests
            if t.spec.dataset == wanted or fnmatchcase(t.spec.name.lower(), wanted.lower())
        ]
        if not named:
            names = [t.spec.name for t in tests]
            hint = did_you_mean(wanted, names, noun="tests") or "there are no tests"
            message = f"--select names `{wanted}`, which is neither a test nor a dataset under test"
            raise UsageError(message, code=NO_SUCH_TEST, hint=hint)
        chosen += [t for t in named if t not in chosen]
    return [t for t in tests if t in chosen]
