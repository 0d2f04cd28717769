"""What `penstock query` writes of values that JSON and CSV have no word for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn

import pytest

from penstock.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def query(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    (tmp_path / "pipeline.yaml").write_text("name: p\n", encoding="utf-8")

    def call(sql: str, *options: str) -> str:
        with pytest.raises(SystemExit) as left:
            main(["query", sql, "-C", str(tmp_path), *options])
        told = capfd.readouterr()
        assert (left.value.code or 0, told.err) == (0, "")
        return told.out

    return call


def _strictly(text: str) -> object:
    def refuse(word: str) -> NoReturn:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("options", [["--format", "json"], ["--json"]])
def test_json_is_json_whatever_the_values(query, options: list[str]):
    sql = "SELECT 'nan'::double AS n, [-'inf'::double] AS l, map{date '2020-01-31': 1} AS m"
    found = _strictly(query(sql, *options))
    rows = found["rows"] if isinstance(found, dict) else found
    assert rows == [{"n": "NaN", "l": ["-Infinity"], "m": {"2020-01-31": 1}}]


def test_columns_of_one_name_are_all_there(query):
    sql = "SELECT 1 AS id, 'x' AS id, 3 AS id_1"
    assert _strictly(query(sql, "--format", "json")) == [{"id": 1, "id_1": "x", "id_1_1": 3}]
    assert list(json.loads(query(sql, "--json"))["columns"].items()) == [
        ("id", "integer"), ("id_1", "varchar"), ("id_1_1", "integer"),
    ]  # fmt: skip


def test_csv_and_tables_hold_values_and_no_python(query):
    sql = "SELECT true AS b, '\\x00A'::blob AS bytes, [1, NULL] AS l, {'x': 'é', 'y': NULL} AS s"
    assert query(sql, "--format", "csv") == (
        'b,bytes,l,s\ntrue,\\x00\\x41,"[1,null]","{""x"":""é"",""y"":null}"\n'
    )
    assert query(sql).splitlines()[2].split() == [
        "true", "\\x00\\x41", "[1,null]", '{"x":"é","y":null}',
    ]  # fmt: skip


def test_the_folder_stands_behind_the_sql_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    (tmp_path / "pipeline.yaml").write_text("name: p\n", encoding="utf-8")
    for given, code in (([str(tmp_path)], 0), (["-C", "x", str(tmp_path)], 2), (["x"], 2)):
        with pytest.raises(SystemExit) as left:
            main(["query", "SELECT 1 AS n", "--format", "csv", *given])
        assert (left.value.code or 0) == code, given
    told = capfd.readouterr()
    assert told.out == "n\n1\n"
    assert "the folder is given twice" in told.err
    assert "there is no pipeline.yaml in x" in told.err
