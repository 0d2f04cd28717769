"""Upper and lower case over every code point: the same letters change, into the same."""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from machines import asked, start
from suite import WHOLE

from penstock.dialects.portable import prepare
from penstock.letters import tables
from penstock.runtime.engines.postgres import helpers_text

SCHEMAS = {"letters": {"i": "bigint", "s": "varchar"}}


def changed(machine, function: str) -> dict[str, str]:
    """Code point → what it becomes, of those that change."""
    query = f"SELECT i, {function}(s) AS v FROM letters WHERE {function}(s) <> s"
    sql = prepare(query, SCHEMAS).render(machine.name)
    return dict(machine.rows(sql))


def write(folder: Path) -> None:
    """Every code point that is a character."""
    codes = [i for i in range(1, 0x110000) if not 0xD800 <= i <= 0xDFFF]
    table = pa.table({"i": pa.array(codes, pa.int64()), "s": [chr(i) for i in codes]})
    pq.write_table(table, folder / "letters.parquet")


ENGINES = [name for name in asked() if WHOLE or not name.startswith("spark")]


@pytest.mark.parametrize("name", ENGINES)
def test_every_code_point(name: str, tmp_path: Path) -> None:
    write(tmp_path)
    machine = start(name, tmp_path)
    try:
        for function in ("lower", "upper"):
            given, made = tables(function)
            expected = {str(ord(a)): f"'{b}'" for a, b in zip(given, made, strict=True)}
            assert changed(machine, function) == expected
    finally:
        machine.close()


def test_a_postgres_without_a_fitting_collation_uses_the_table(tmp_path: Path) -> None:
    machine = start("postgres", tmp_path)
    try:
        names = "('pg_c_utf8', 'C.utf8', 'C.UTF-8')"
        assert names in helpers_text.SETUP
        machine._connection.execute(helpers_text.SETUP.replace(names, "('none')"))
        for function in ("lower", "upper"):
            given, made = tables(function)
            text, wanted = f"a{given} ß!", f"A{made} ẞ!" if function == "upper" else f"a{made} ß!"
            found = machine._connection.execute(f"SELECT penstock.{function}(%s)", [text])
            assert found.fetchone() == (wanted,)
    finally:
        machine.close()
