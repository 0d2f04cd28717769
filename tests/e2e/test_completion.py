"""Shell completion and `penstock version`, through the installed command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


def complete(*words: str) -> list[str]:
    """What bash offers for the last of the words."""
    script = (
        'eval "$(penstock completion bash)"; '
        f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; "
        '_penstock_completion penstock; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ["bash", "-c", script], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("penstock", "qu"), ["query", "quarantine"]),
        (("penstock", "quarantine", "ex"), ["export"]),
        (("penstock", "run", "--full"), ["--full-refresh"]),
        (("penstock", "query", "--format", "p"), ["parquet"]),
    ],
)
def test_bash_completes(words: tuple[str, ...], offered: list[str]):
    assert complete(*words) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_its_script(shell: str):
    command = [BIN / "penstock", "--json", "completion", shell]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert document["shell"] == shell
    assert f"_PENSTOCK_COMPLETE={shell}_complete" in document["script"]


def test_an_unknown_shell_is_refused():
    command = [BIN / "penstock", "completion", "tcsh"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_version_names_what_decides_results():
    command = [BIN / "penstock", "version"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    found = dict(line.split(" ", 1) for line in lines)
    assert list(found)[:2] == ["penstock", "python"]
    assert found["duckdb"] == "2.0.0"
    assert found["sqlglot"] == "30.30.0"
