"""The labels say what ran: each part has one, none is claimed that no test has, each outcome is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.mark.evidence("target:lake", "executed locally")
def test_good():
    pass

@pytest.mark.evidence("target:lake", "executed locally", on="S3 of moto")
def test_bad():
    assert 1 == 2

@pytest.fixture
def late():
    yield
    raise OSError("at the end")

@pytest.mark.evidence("target:lake", "plan-validated")
def test_bad_at_its_end(late):
    pass

@pytest.mark.evidence("target:file", "executed locally")
def test_left_out():
    pytest.skip("no tool")

def test_without():
    pass
"""


@pytest.fixture(scope="module")
def evidence_page():
    sys.path.insert(0, str(ROOT / "scripts"))
    from reference import evidence

    yield evidence
    sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture
def run(tmp_path):
    """pytest in a process of its own, with what the repository's tests have."""

    def running(text, *words):
        (tmp_path / "test_it.py").write_text(text)
        told = tmp_path / "told" / "evidence.json"
        command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider"]
        command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path)]
        done = subprocess.run(
            [*command, "--evidence", str(told), *words, "test_it.py"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'tests'}", "CI": ""},
        )
        return done, json.loads(told.read_text()) if told.exists() else None

    return running


@pytest.mark.parametrize("words", [[], ["-n", "2"]], ids=["one process", "two processes"])
def test_each_marked_test_is_written_down_with_its_outcome(run, words):
    _, found = run(TESTS, *words)
    assert found["schema"] == "penstock.evidence/1"
    assert {e["test"].partition("::")[2]: e["outcome"] for e in found["evidence"]} == {
        "test_good": "passed",
        "test_bad": "failed",
        "test_bad_at_its_end": "failed",
        "test_left_out": "skipped",
    }
    (bad,) = (e for e in found["evidence"] if e["test"].endswith("::test_bad"))
    assert (bad["subject"], bad["label"], bad["on"]) == (
        "target:lake",
        "executed locally",
        "S3 of moto",
    )


def test_what_is_only_collected_says_so(run):
    _, found = run(TESTS, "--collect-only")
    assert {e["outcome"] for e in found["evidence"]} == {"collected"}
    assert len(found["evidence"]) == 4


@pytest.mark.parametrize(
    "marker", ['"target:lake", "works"', '"lake", "executed locally"', '"target:lake"']
)
def test_a_marker_that_is_none_is_refused(run, marker):
    done, _ = run(f"import pytest\n@pytest.mark.evidence({marker})\ndef test_it(): pass\n")
    assert done.returncode == 4
    assert "one of the labels executed locally, plan-validated, run on AWS" in done.stderr


def test_every_part_that_there_is_has_a_label(evidence_page):
    shown = {each["subject"] for each in evidence_page.collected()}
    there = {f"{kind}:{name}" for kind, names in evidence_page.THERE.items() for name in names}
    assert there - shown == set(), (
        "mark a test of it: pytestmark = pytest.mark.evidence(SUBJECT, 'executed locally', on=…)"
    )


def test_nothing_is_said_to_have_run_on_aws(evidence_page):
    assert "run on AWS" not in {each["label"] for each in evidence_page.collected()}


def test_every_architecture_was_executed_and_validated(evidence_page):
    for name in evidence_page.ARCHITECTURES:
        labels = {
            each["label"]
            for each in evidence_page.collected()
            if each["subject"] == f"architecture:{name}"
        }
        assert labels == {"executed locally", "plan-validated"}, name
