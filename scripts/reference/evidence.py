"""What was shown of which part, and how far: from the markers of the tests that there are."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from penstock.deploy.base import ARCHITECTURES
from penstock.runtime import registry
from reference.markdown import table

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
LABELS = ("executed locally", "plan-validated", "run on AWS")
MANY = 4
KINDS = {
    "architecture": "Architectures",
    "engine": "Engines",
    "source": "Sources",
    "target": "Targets",
    "ledger": "Ledgers",
    "part": "Parts of it",
}
# What there is, whether or not a test shows anything of it.
THERE = {
    "architecture": ARCHITECTURES,
    "engine": registry.ENGINES,
    "source": registry.SOURCES,
    "target": registry.TARGETS,
    "ledger": {"sqlite": "", "dynamodb": ""},
}
HEAD = """\
# Evidence

How far each part was shown to work. A label is earned by tests that carry a marker
(`@pytest.mark.evidence`), and this page is made of the tests that there are: a part without such a
test has no label here, whatever else is said of it.

| label | what it says | what it does not say |
| --- | --- | --- |
| **executed locally** | the real code ran, and what came of it was compared: rows, files, \
messages. What stood in for AWS is named | that AWS behaves as its stand-in does: its limits, its \
speed, its rights |
| **plan-validated** | Terraform accepts it: `validate`, and `test` with a plan against a provider \
that is mocked, and checkov and a linter of policies find nothing | that an `apply` in an account \
goes through |
| **run on AWS** | it was deployed to an account and ran there | |

**Nothing of Penstock has been run on AWS yet by those who write it.** No row below has that label.

`make test` runs them all and writes `build/evidence.json`: each marked test with its outcome. A
label holds for a release in which none of them failed.
"""


@cache
def collected() -> list[dict[str, Any]]:
    """Every marked test, as `pytest --collect-only` finds them.

    Raises:
        RuntimeError: they cannot be collected.
    """
    with tempfile.TemporaryDirectory() as place:
        told = Path(place) / "evidence.json"
        words = ["--collect-only", "--quiet", "-p", "no:cacheprovider"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words, "--evidence", str(told), *_marked()],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or not told.exists():
            raise RuntimeError(f"the tests cannot be collected:\n{done.stdout}{done.stderr}")
        found: list[dict[str, Any]] = json.loads(told.read_text(encoding="utf-8"))["evidence"]
    return found


def _marked() -> list[str]:
    """Files and folders in which there may be a marked test: the others need not be imported."""
    marks = ("mark.evidence(", "evidence.marker(")
    files = [*TESTS.rglob("test_*.py"), *TESTS.rglob("conftest.py")]
    marked = (f for f in files if any(m in f.read_text(encoding="utf-8") for m in marks))
    found = {f.parent if f.name == "conftest.py" else f for f in marked}
    return sorted(str(f.relative_to(ROOT)) for f in found if f.parent not in found)


def page() -> str:
    """The labels, by kind of part, each with the files of its tests."""
    found = collected()
    lines = [HEAD]
    for kind, title in KINDS.items():
        named = {each["subject"].partition(":")[2] for each in found if _kind(each) == kind}
        names = [*THERE.get(kind, ()), *sorted(named - set(THERE.get(kind, ())))]
        rows = [row for name in names for row in _rows(f"{kind}:{name}", found)]
        if rows:
            head = [kind, "label", "ran on", "tests"]
            lines += [f"\n## {title}\n", table(head, rows)]
    return "\n".join(lines)


def _kind(each: dict[str, Any]) -> str:
    return str(each["subject"]).partition(":")[0]


def _rows(subject: str, found: list[dict[str, Any]]) -> list[list[str]]:
    name = f"`{subject.partition(':')[2]}`"
    rows = []
    for label in LABELS:
        of_it = [e for e in found if (e["subject"], e["label"]) == (subject, label)]
        if of_it:
            where = ", ".join(sorted({e["on"] for e in of_it}))
            files = ", ".join(f"`{f}`" for f in _files(of_it))
            rows.append([name, f"**{label}**", where, files])
    return rows or [[name, "none", "", "no test is marked"]]


def _files(tests: list[dict[str, Any]]) -> list[str]:
    """The files of some tests; where there are many in a folder, the folder."""
    files = {e["test"].partition("::")[0] for e in tests}
    folders = Counter(f.rpartition("/")[0] for f in files)
    return sorted({f"{d}/" if folders[d := f.rpartition("/")[0]] > MANY else f for f in files})
