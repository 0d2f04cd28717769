"""Snowflake's emulator fakesnow, in an environment of its own below .cache/."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import nasty
from machines import Failed

from penstock.dialects.portable import Refusal
from penstock.dialects.portable.engine import engine_of

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache"
WANTED = HERE / "warehouses.txt"
# fakesnow takes a NUMBER(38, 0) for 64 bits, and others for decimals that DuckDB's functions of whole
# numbers do not take: it is given what it has of the same size.
SPELLED = {
    "NUMBER(5, 0)": "SMALLINT",
    "NUMBER(10, 0)": "INTEGER",
    "NUMBER(19, 0)": "BIGINT",
    "NUMBER(38, 0)": "NUMBER(37, 0)",
}


def python() -> Path:
    """The environment's Python; the environment is made once for what `warehouses.txt` asks for."""
    digest = hashlib.sha256(WANTED.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = CACHE / f"warehouses-{digest}"
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "warehouses.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be making it
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            command = [folder / "bin/python", "-m", "pip", "install", "--quiet", "-r", WANTED]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"pip did not fetch fakesnow:\n{done.stderr}"
            (folder / "made").touch()
    return folder / "bin/python"


class Lines:
    """A process that answers a line of JSON with one."""

    def __init__(self, script: str, *arguments: str) -> None:
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in `close`
        self._process = subprocess.Popen(
            [python(), "-I", HERE / script, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line != "ready\n":
            self._log.seek(0)
            raise AssertionError(f"{script} did not start: {line}{self._log.read()[-3000:]}")

    def ask(self, question: object):
        """The answer to a question."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()
        self._log.close()


class Fakesnow(Lines):
    """Snowflake's emulator, with tables of its types.

    Args:
        kinds: table → column → Penstock's type; columns of a type that it has not are left out.
    """

    name = "snowflake"

    def __init__(self, data: Path, kinds: dict[str, dict[str, str]] | None = None) -> None:
        spell = engine_of("snowflake").type_name
        columns: dict[str, dict[str, str]] = {}
        for table, known in (kinds or nasty.schemas()).items():
            kept = columns.setdefault(table, {})
            for name, kind in known.items():
                try:
                    kept[name] = spell(kind)
                except Refusal:
                    continue
        super().__init__("fakesnow_server.py", str(data), spelled(json.dumps(columns)))

    def rows(self, sql: str) -> list[list[str]]:
        """The rows of a query.

        Raises:
            Failed: it failed.
        """
        answer = self.ask(spelled(sql))
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["rows"]


def spelled(sql: str) -> str:
    """A query with the types that the emulator has."""
    for ours, theirs in SPELLED.items():
        sql = sql.replace(ours, theirs)
    return sql
