"""Stdout and stderr that are closed, full, or left by their reader."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
PIPELINE = """\
name: p
sources: {a: {connector: file, path: a.csv, schema: {id: integer}}}
targets: {t: {from: a, connector: file, path: out/t.csv}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "a.csv").write_text("id\n1\n", encoding="utf-8")
    return tmp_path


def _shell(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    penstock = f'"{sys.executable}" -m penstock'
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line.replace('penstock', penstock)}"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _bugs(folder: Path) -> list[Path]:
    return sorted(folder.rglob("penstock-bug-*"))


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_run_whose_streams_are_closed_publishes(folder: Path, closed: str):
    done = _shell(folder, f"penstock run {closed}")
    assert (done.returncode, _bugs(folder)) == (0, [])
    assert (folder / "out" / "t.csv").read_text() == "id\n1\n"


@pytest.mark.skipif(not FULL.exists(), reason="Linux has /dev/full")
@pytest.mark.parametrize("flag", ["", "--json"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_stdout_is_told_and_not_taken_for_the_run(
    folder: Path, flag: str, unbuffered: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    done = _shell(folder, f"penstock {flag} run > {FULL}")
    assert done.returncode == 1
    assert "error[PSK-CLI-005]: stdout cannot be written: no space left" in done.stderr
    assert not any(w in done.stderr for w in ("Traceback", "Exception ignored", "nothing was"))
    assert (folder / "out" / "t.csv").exists()
    assert _shell(folder, "penstock query 'from t' --format csv").stdout == "id\n1\n"


@pytest.mark.skipif(not FULL.exists(), reason="Linux has /dev/full")
def test_an_error_for_a_full_stdout_is_told_on_stderr(folder: Path):
    done = _shell(folder, f"penstock --json vlidate > {FULL}")
    assert done.returncode == 2
    assert "PSK-CLI-005" in done.stderr
    assert "did you mean `validate`?" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_error_for_a_reader_that_is_gone(folder: Path):
    done = _shell(folder, "(sleep 0.2; penstock --json vlidate) | true")
    assert (done.returncode, done.stderr) == (2, "")


def test_no_tests_is_not_said_where_they_cannot_be_read(folder: Path):
    (folder / "tests").mkdir()
    (folder / "tests" / "t.yaml").write_text("name: x\n", encoding="utf-8")
    done = _shell(folder, "penstock test")
    assert (done.returncode, done.stdout) == (3, "")
    assert "PSK-TEST-001" in done.stderr
    assert json.loads(_shell(folder, "penstock test --json").stdout)["total"] == 0
