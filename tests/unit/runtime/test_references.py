"""References that only a run can resolve."""

from __future__ import annotations

import pytest

from penstock.errors import Unavailable
from penstock.program import Load, Program, Statement
from penstock.runtime.references import bind_run, mentions_date, with_secrets


def test_run_references_are_filled_in_and_the_digest_stays():
    program = Program(
        pipeline="p",
        engine="duckdb",
        statements=(Statement("a", "sql", "SELECT '${run.date}' AS d", (), ()),),
        loads=(Load("t", "a", "file", {"path": "out/${run.id}.csv"}, ()),),
    ).seal()
    bound = bind_run(program, "20260102-030405-abcdef", "2026-01-02")
    assert bound.statements[0].sql == "SELECT '2026-01-02' AS d"
    assert bound.loads[0].options == {"path": "out/20260102-030405-abcdef.csv"}
    assert bound.digest == program.digest
    assert mentions_date(program)
    assert not mentions_date(Program("p", "duckdb"))


def test_secrets_come_from_the_environment_however_deep_they_stand():
    options = {"dsn": "u:${secret.pw}@h", "more": [{"key": "${secret.pw}"}], "n": 3}
    found = with_secrets(options, {"PENSTOCK_SECRET_PW": "x1"})
    assert found == {"dsn": "u:x1@h", "more": [{"key": "x1"}], "n": 3}
    assert options["dsn"] == "u:${secret.pw}@h"


def test_a_missing_secret_names_the_variable_and_exits_4():
    with pytest.raises(Unavailable) as caught:
        with_secrets({"k": "${secret.api_kye}"}, {"PENSTOCK_SECRET_API_KEY": "v"})
    assert caught.value.exit_code == 4
    assert "PENSTOCK_SECRET_API_KYE" in (caught.value.hint or "")
    assert "API_KEY" in (caught.value.hint or "")
    assert "v" not in caught.value.message.split()
