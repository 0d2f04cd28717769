"""A ledger is opened by what names it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from penstock.errors import LedgerError, UsageError
from penstock.runtime.ledger.dynamodb import DynamoDBLedger, create_table
from penstock.runtime.ledger.opening import open_ledger
from penstock.runtime.ledger.sqlite import SQLiteLedger


@pytest.mark.parametrize("form", [str, lambda path: path])
def test_a_path_is_a_sqlite_file(tmp_path, form):
    ledger = open_ledger(form(tmp_path / "ledger.sqlite"), actor="me@mill")
    assert isinstance(ledger, SQLiteLedger)
    ledger.append_audit("me", "did", "p", "it", {})
    ledger.close()
    assert (tmp_path / "ledger.sqlite").is_file()


@pytest.mark.parametrize("query", ["", "?region=us-east-1"])
def test_a_table_in_dynamodb(use_dynamodb, query):
    use_dynamodb("moto")
    create_table("a.b-c_d")
    ledger = open_ledger(f"dynamodb://a.b-c_d{query}", actor="me@mill")
    assert isinstance(ledger, DynamoDBLedger)
    ledger.append_audit("me", "did", "p", "it", {})
    ledger.close()
    if query:
        with pytest.raises(LedgerError, match=r"no table `a\.b-c_d`"):
            open_ledger("dynamodb://a.b-c_d?region=eu-west-1")


@pytest.mark.parametrize(
    "wrong",
    [
        "s3://bucket/ledger",
        "dynamodb://",
        "dynamodb://table/more",
        "dynamodb://table?zone=1",
        "dynamodb://table?region=",
    ],
)
def test_what_names_no_ledger(wrong):
    with pytest.raises(UsageError, match="names no ledger") as told:
        open_ledger(wrong)
    assert "dynamodb://TABLE?region=" in told.value.hint


def test_what_is_not_asked_for_is_not_imported(tmp_path):
    code = (
        "import sys; from penstock.runtime.ledger.opening import open_ledger; "
        f"open_ledger({str(tmp_path / 'l.sqlite')!r}).close(); "
        "assert not {'boto3', 'botocore'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
