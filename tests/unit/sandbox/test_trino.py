"""Trino as the sandbox's Athena, as far as it needs no Trino: what is missing is said, never guessed.

`make athena` runs the queries.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from penstock.errors import SandboxError
from penstock.sandbox import control
from penstock.sandbox.athena import engines
from penstock.sandbox.athena.cloud import Cloud
from penstock.sandbox.athena.engine import Query
from penstock.sandbox.athena.refusal import QueryError
from penstock.sandbox.athena.trino import java, release
from penstock.sandbox.athena.trino.engine import Trino


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without Java, Maven and Trino; programs can be put on its PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(java, "INSTALLED", ())

    def put(name, script):
        path = programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return put


def says(version):
    return f"echo '    java.specification.version = {version}' >&2"


def test_the_java_that_fits_is_taken(machine, tmp_path, monkeypatch):
    old = machine("java", says(11))
    with pytest.raises(SandboxError, match=f"{old} is 11"):
        java.find()
    home = tmp_path / "jdk"
    (home / "bin").mkdir(parents=True)
    shutil.copy(machine("other", says(21)), home / "bin" / "java")
    monkeypatch.setenv("JAVA_HOME", str(home))
    assert java.find() == home / "bin" / "java"
    machine("java", says(17))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "nowhere"))
    assert java.find() == old


def test_a_java_that_is_too_new_or_does_not_run_is_told(machine):
    machine("java", says(25))
    with pytest.raises(SandboxError, match="is 25") as told:
        java.find()
    assert told.value.code == "PSK-SBX-004"
    assert "--athena duckdb" in told.value.hint
    machine("java", "exit 1")
    with pytest.raises(SandboxError, match="none that runs"):
        java.find()


def test_without_maven_nothing_is_fetched(machine):
    machine("java", says(17))
    with pytest.raises(SandboxError, match="needs Maven") as told:
        release.fetch()
    assert "apt-get install maven" in told.value.hint
    assert not release.is_there()


def test_what_maven_says_is_told(machine):
    machine("java", says(17))
    machine("mvn", "echo '[ERROR] Could not resolve io.trino:trino-main'; exit 1")
    with pytest.raises(SandboxError, match=r"Could not resolve io\.trino:trino-main"):
        release.fetch()
    assert not release.is_there()


def test_another_jar_than_the_published_one_is_refused(machine):
    machine("java", says(17))
    machine(
        "mvn",
        'for a in "$@"; do case "$a" in -DoutputDirectory=*) d="${a#*=}";; esac; done\n'
        '/bin/mkdir -p "$d" && echo other > "$d/trino-main-406.jar"',
    )
    with pytest.raises(SandboxError, match="not Trino 406 as it was published"):
        release.fetch()
    assert not release.is_there()


def test_duckdb_answers_unless_trino_can(machine):
    assert engines.usual() == "duckdb"
    release.folder().mkdir(parents=True)
    assert engines.usual() == "duckdb", "no Java runs it"
    machine("java", says(17))
    assert engines.usual() == "trino"


def test_up_says_what_is_missing_and_starts_nothing(tmp_path):
    command = [sys.executable, "-m", "penstock", "sandbox", "up", "--athena", "trino"]
    source = str(Path(release.__file__).parents[4])
    done = subprocess.run(
        [*command, "--folder", str(tmp_path)],
        capture_output=True, text=True, check=False, timeout=90,
        env={"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": source,
             "JAVA_HOME": str(tmp_path), "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 4
    assert "PSK-SBX-004" in done.stderr
    assert not (tmp_path / ".penstock" / "sandbox" / "state.json").exists()


def test_up_leaves_nothing_behind_when_trino_does_not_start(machine, tmp_path):
    machine(
        "java", f'case "$*" in *-version*) {says(17)};; *) echo "Error: no memory"; exit 1;; esac'
    )
    release.folder().mkdir(parents=True)
    with pytest.raises(SandboxError, match="did not start: Error: no memory") as told:
        control.up(tmp_path, region=None, concurrency=1, retry_seconds=1, athena="trino")
    assert told.value.code == "PSK-SBX-004"
    assert control.running(tmp_path) is None


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("CREATE EXTERNAL TABLE t (a int) LOCATION 's3://b/t/'", "does not know other statements"),
        ("/* a note */ DROP TABLE t", "does not know other statements"),
        ("CALL system.runtime.kill_query('x')", "does not know other statements"),
        ("SELECT 1; DROP TABLE t", "one statement"),
        ("", "does not know other statements"),
        ("SELECT 'unclosed", "SYNTAX_ERROR"),
    ],
)
def test_statements_that_are_refused_before_trino_sees_them(tmp_path, sql, said):
    engine = Trino(tmp_path / "trino", "http://127.0.0.1:9", "us-east-1")
    with pytest.raises(QueryError, match=said):
        engine.run(Cloud("http://127.0.0.1:9", "us-east-1"), Query(sql, None, None, lambda: False))
    assert engine.told()["state"] == "idle"


def test_a_trino_that_does_not_start_says_so(machine, tmp_path):
    machine(
        "java", f'case "$*" in *-version*) {says(17)};; *) echo "Error: no memory"; exit 1;; esac'
    )
    engine = Trino(tmp_path / "trino", "http://127.0.0.1:9", "us-east-1")
    with pytest.raises(QueryError, match="did not start: Error: no memory"):
        engine.start()
    assert engine.told()["state"] == "failed"
    engine.close()
