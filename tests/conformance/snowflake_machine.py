"""The emulator of Snowflake as an engine of the suite."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nasty
from machines import Failed

from penstock.dialects.portable import Refusal
from penstock.dialects.portable.engine import engine_of

HERE = Path(__file__).parent
# fakesnow takes a NUMBER(38, 0) for 64 bits, and others for decimals that DuckDB's functions of whole
# numbers do not take: it is given what it has of the same size.
SPELLED = {
    "NUMBER(5, 0)": "SMALLINT",
    "NUMBER(10, 0)": "INTEGER",
    "NUMBER(19, 0)": "BIGINT",
    "NUMBER(38, 0)": "NUMBER(37, 0)",
}


def spelled(sql: str) -> str:
    """A query with the types that the emulator has."""
    for ours, theirs in SPELLED.items():
        sql = sql.replace(ours, theirs)
    return sql


def columns() -> dict[str, dict[str, str]]:
    """Table → column → Snowflake's type; columns whose type it has not got are left out."""
    spell = engine_of("snowflake").type_name
    found: dict[str, dict[str, str]] = {}
    for table, kinds in nasty.schemas().items():
        kept = found.setdefault(table, {})
        for name, kind in kinds.items():
            try:
                kept[name] = spell(kind)
            except Refusal:
                continue
    return found


class Fakesnow:
    """A process of its own, with the nasty tables."""

    name = "snowflake"

    def __init__(self, data: Path, python: Path, kinds: dict[str, dict[str, str]] | None = None) -> None:
        self._process = subprocess.Popen(
            [python, HERE / "fakesnow_server.py", data, spelled(json.dumps(kinds or columns()))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n", "fakesnow did not start"

    def rows(self, sql: str) -> list[list[str]]:
        """The rows of a query.

        Raises:
            Failed: it failed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(spelled(sql)) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["rows"]

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()
