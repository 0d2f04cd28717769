"""`penstock audit`: what is listed, and what a broken trail looks like."""

from __future__ import annotations

import json
import sqlite3

import pytest

from penstock.cli.main import main
from penstock.runtime.ledger.sqlite import SQLiteLedger


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "pipeline.yaml").write_text("name: p\n")
    return tmp_path


@pytest.fixture
def path(folder):
    (folder / ".penstock").mkdir()
    path = folder / ".penstock" / "ledger.sqlite"
    ledger = SQLiteLedger(path, actor="me@mill")
    for number in range(4):
        ledger.append_audit("me@mill", "run.succeeded", "p", f"run-{number}", {"n": number})
    ledger.close()
    return path


@pytest.fixture
def penstock(capsys):
    def call(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(a) for a in arguments])
        out, err = capsys.readouterr()
        return left.value.code or 0, out, err

    return call


def tamper(path, *statements):
    with sqlite3.connect(path) as db:
        for (name,) in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            db.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            db.execute(statement)
    db.close()


def test_list(penstock, path, folder):
    for arguments in (["audit", folder], ["audit", "list", folder]):
        code, out, _ = penstock(*arguments)
        assert code == 0
        lines = out.splitlines()
        assert lines[0].split() == ["number", "at", "actor", "action", "subject", "hash"]
        assert [line.split()[4] for line in lines[2:]] == ["run-0", "run-1", "run-2", "run-3"]


def test_list_as_json(penstock, path, folder):
    code, out, _ = penstock("audit", folder, "--json")
    document = json.loads(out)
    assert code == 0
    assert document["schema"] == "penstock.audit/1"
    entries = document["entries"]
    assert [e["number"] for e in entries] == [1, 2, 3, 4]
    assert [e["previous"] for e in entries[1:]] == [e["hash"] for e in entries[:-1]]
    assert entries[0]["detail"] == {"n": 0}


def test_the_last_entries(penstock, path, folder):
    _, out, _ = penstock("audit", "list", folder, "--limit", 2, "--json")
    assert [e["number"] for e in json.loads(out)["entries"]] == [3, 4]


def test_a_whole_trail(penstock, path, folder):
    code, out, _ = penstock("audit", "verify", folder, "--json")
    document = json.loads(out)
    assert (code, document["valid"], document["entries"], document["faults"]) == (0, True, 4, [])
    code, out, _ = penstock("audit", "verify", folder)
    assert code == 0
    assert out == f"the audit trail holds: 4 entries, the last {document['head']}\n"


def test_every_fault_is_named(penstock, path, folder):
    tamper(
        path,
        "UPDATE audit SET actor = 'you' WHERE number = 1",
        "DELETE FROM audit WHERE number = 3",
    )
    code, out, _ = penstock("audit", "verify", folder)
    assert code == 1
    assert out.splitlines() == [
        "the audit trail does not hold",
        "changed: entry 1 is not what was written: its hash differs",
        "removed: entry 3 is gone",
    ]
    code, out, _ = penstock("--json", "audit", "verify", folder)
    document = json.loads(out)
    assert (code, document["valid"]) == (1, False)
    assert [(f["kind"], f["number"]) for f in document["faults"]] == [
        ("changed", 1),
        ("removed", 3),
    ]


def test_cut_off_at_the_end(penstock, path, folder):
    tamper(path, "DELETE FROM audit WHERE number = 4")
    code, out, _ = penstock("audit", "verify", folder)
    assert code == 1
    assert "removed: entry 4 is gone" in out


def test_nothing_ran_yet(penstock, folder):
    assert penstock("audit", folder)[:2] == (0, "the audit trail is empty\n")
    assert penstock("audit", "verify", folder)[:2] == (0, "the audit trail is empty\n")
    assert not (folder / ".penstock").exists(), "looking makes nothing"


def test_a_ledger_that_was_taken_away(penstock, folder):
    (folder / ".penstock" / "runs" / "20260101-000000-abcdef").mkdir(parents=True)
    code, out, _ = penstock("audit", "verify", folder)
    assert code == 1
    assert "removed: the ledger is gone, and 1 run(s) left their folders" in out


def test_a_damaged_ledger(penstock, path, folder):
    for side in ("-wal", "-shm"):
        path.with_name(path.name + side).unlink(missing_ok=True)
    path.write_bytes(b"broken")
    for command in (["audit"], ["audit", "verify"]):
        code, out, err = penstock(*command, folder)
        assert (code, out) == (1, "")
        assert "PSK-LED-001" in err
        assert "is damaged" in err


def test_no_pipeline(penstock, tmp_path):
    code, _, err = penstock("audit", tmp_path)
    assert code == 2
    assert "PSK-CLI-003" in err
