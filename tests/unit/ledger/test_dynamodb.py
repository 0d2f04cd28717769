"""The DynamoDB table itself: what is big, what is damaged, what is refused; on both servers."""

from __future__ import annotations

import hashlib
import sys
import time
import zlib

import pytest

from penstock.errors import Conflict, LedgerError, MissingExtra
from penstock.runtime.heartbeat import holder
from penstock.runtime.ledger.base import Version
from penstock.runtime.ledger.dynamodb import ACTIONS, SCHEMA, DynamoDBLedger, create_table, table
from penstock.runtime.ledger.dynamodb.client import Outdated, connect
from penstock.runtime.ledger.dynamodb.items import Item, joined
from penstock.runtime.ledger.dynamodb.table import Table

NAME = "ledger"
WHERE = {"TableName": NAME}


@pytest.fixture(params=["moto", "local"])
def raw(request, use_dynamodb):
    """boto3's client, as somebody with access to the table would use it."""
    client = use_dynamodb(request.param)
    create_table(NAME, backups=request.param == "moto")
    return client


@pytest.fixture
def ledger(raw):
    made = DynamoDBLedger(NAME, actor="me@mill")
    yield made
    made.close()


@pytest.fixture
def bare(raw):
    """The table without a ledger's meaning."""
    made = Table(connect(None), NAME)
    yield made
    made.close()


def begin(ledger, run_id="r1", key="k1", files=None, **more):
    return ledger.begin(run_id, "p", key, "sha256:prog", "slice", files or {}, **more)


def noise(count):
    """Names that hardly compress."""
    return [hashlib.sha256(str(n).encode()).hexdigest() for n in range(count)]


def keys(raw, begins):
    """Keys of the partition, as they are."""
    found = raw.scan(**WHERE)["Items"]
    return [{n: i[n] for n in ("pk", "sk")} for i in found if i["pk"]["S"].startswith(begins)]


def change(raw, key, **values):
    item = raw.get_item(**WHERE, Key=key)["Item"]
    raw.put_item(**WHERE, Item={**item, **values})


def at(pk, sk):
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def entry(number):
    return at("AUDIT", joined("ENTRY", number))


def faults(ledger):
    return [(f.kind, f.number) for f in ledger.verify_audit()]


# -- what is big


def test_ten_thousand_files_are_one_begin(ledger):
    files = [(f"s3://lake/in/day={n}/{name}.csv", name) for n, name in enumerate(noise(10_000))]
    begin(ledger, files={"d": files, "e": files[:1]})
    assert ledger.seen_files("p", "d") == set()
    ledger.finish("r1", "succeeded", {})
    begin(ledger, "r2", "k2", {"d": [(f"{name}2", i) for name, i in files], "none": []})
    ledger.finish("r2", "succeeded", {})
    started = time.monotonic()
    seen = ledger.seen_files("p", "d")
    assert time.monotonic() - started < 5
    assert len(seen) == 20_000
    assert seen.issuperset(files)
    assert ledger.files_read("r1") == {"d": sorted(files), "e": files[:1]}
    assert ledger.files_read("nope") == {}


def test_a_report_and_an_intent_beyond_an_item(ledger):
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    begin(ledger, lock=lock)
    rows = [{"row": name} for name in noise(20_000)]
    ledger.stage("r1", rows, lock)
    assert ledger.unfinished("p")[0].staged == rows
    ledger.finish("r1", "succeeded", {"rows": rows, "huge": 10**60}, lock=lock)
    assert ledger.run("r1").report == {"rows": rows, "huge": 10**60}
    assert ledger.runs("p")[0].staged == rows


def test_an_empty_intent_is_none(ledger):
    lock = ledger.acquire("l", holder(), lease_seconds=60)
    begin(ledger)
    ledger.stage("r1", [], lock)
    assert ledger.unfinished("p") == []
    assert ledger.run("r1").staged == []


def test_many_quarantined_rows_change_at_once(ledger):
    rows = noise(30_000)
    ledger.set_quarantine_state("p", rows, "replayed", actor="me", reason="mended")
    ledger.set_quarantine_state("p", rows[:10], "held", actor="me", reason="no")
    assert ledger.quarantine_states("p") == dict.fromkeys(rows[10:], "replayed")
    assert ledger.audit()[0].detail["keys"] == sorted(rows)
    assert ledger.verify_audit() == []


def test_more_targets_than_a_transaction_holds(ledger):
    begin(ledger)
    made = [Version("p", f"t{n:03}", "v1", "r1", noise(1)[0], "now", {"n": n}) for n in range(300)]
    ledger.finish("r1", "succeeded", {}, made)
    assert list(ledger.current("p").values()) == made
    assert ledger.versions("p", "t007") == [made[7]]


def test_more_than_a_page_and_a_batch(ledger, bare, raw):
    for number in range(120):
        item = Item("PART#x", joined(number), {"data": b"x" * 20_000})
        bare.put(item)
    assert [i.number for i in bare.query("PART#x")] == list(range(120))
    newest = bare.query("PART#x", latest_first=True, limit=70)
    assert [i.number for i in newest] == list(range(119, 49, -1))
    asked = [("PART#x", joined(n)) for n in range(130)]
    assert sorted(bare.get_many(asked)) == asked[:120]


# -- versions


@pytest.mark.parametrize(
    ("broken", "told"),
    [({"location": None}, "its location is None"), ({"pipeline": "q"}, "its pipeline is 'q'")],
)
def test_a_version_that_is_none(ledger, broken, told):
    begin(ledger)
    fields = {"pipeline": "p", "target": "t", "version": "v", "run_id": "r1", "location": "l"}
    with pytest.raises(LedgerError, match=told):
        ledger.finish("r1", "succeeded", {}, [Version(**{**fields, **broken}, published_at="now")])
    assert ledger.run("r1").status == "running"


# -- the audit trail


@pytest.fixture
def trail(ledger):
    for number in range(1, 6):
        ledger.append_audit("me", "did", "p", str(number), {"n": number})
    return ledger


@pytest.mark.parametrize(
    "values",
    [
        {"actor": {"S": "you"}},
        {"at": {"N": "7"}},
        {"subject": {"L": [{"S": "2"}]}},
        {"detail": {"B": b"no zlib"}},
        {"detail": {"B": zlib.compress(b"[]")}},
        {"detail": {"S": "part/1"}},
        {"detail": {"S": "part/x"}},
        {"detail": {"N": "1.5"}},
        {"hash": {"NULL": True}},
    ],
)
def test_a_changed_entry_is_found(trail, raw, values):
    change(raw, entry(2), **values)
    assert faults(trail)[0] == ("changed", 2)


@pytest.mark.parametrize("number", [1, 3, 5])
def test_a_removed_entry_is_found(trail, raw, number):
    raw.delete_item(**WHERE, Key=entry(number))
    assert faults(trail)[0] == ("removed", number)


def test_an_inserted_entry_is_found(trail, raw):
    item = raw.get_item(**WHERE, Key=entry(5))["Item"]
    raw.put_item(**WHERE, Item={**item, **entry(6)})
    assert ("inserted", 6) in faults(trail)
    raw.put_item(**WHERE, Item={**item, **at("AUDIT", "ENTRY#7")})
    raw.put_item(**WHERE, Item={**item, **at("AUDIT", "ENTRY#zzz")})
    assert [f for f in faults(trail) if f[1] == 0] == [("inserted", 0), ("inserted", 0)]
    assert [e.number for e in trail.audit()] == [1, 2, 3, 4, 5, 6]


def test_a_moved_entry_is_found(trail, raw):
    last = raw.get_item(**WHERE, Key=entry(5))["Item"]
    raw.delete_item(**WHERE, Key=entry(3))
    fourth = raw.get_item(**WHERE, Key=entry(4))["Item"]
    raw.put_item(**WHERE, Item={**fourth, **entry(3)})
    raw.put_item(**WHERE, Item={**last, **entry(4)})
    raw.delete_item(**WHERE, Key=entry(5))
    kinds = {kind for kind, _ in faults(trail)}
    assert "moved" in kinds


def test_a_head_that_was_removed_is_found_and_nothing_is_written_over(trail, raw):
    raw.delete_item(**WHERE, Key=at("AUDIT", "HEAD"))
    assert faults(trail)[0] == ("removed", 0)
    with pytest.raises(LedgerError, match=r"is there already.*audit verify"):
        trail.append_audit("me", "did", "p", "6", {})
    assert len(trail.audit()) == 5
    assert trail.audit(limit=2)[0].number == 4


def test_an_entry_that_came_while_the_trail_was_read_is_no_fault(trail, raw, monkeypatch):
    from penstock.runtime.ledger.dynamodb.trail import chain

    honest = chain.verify
    seen = []

    def verify(entries, head):
        seen.append(len(entries))
        return honest(entries, head)

    query = Table.query

    def slow(self, *asked, **more):
        yield from query(self, *asked, **more)
        if len(seen) < 1 and not more:
            trail.append_audit("me", "did", "p", "late", {})

    monkeypatch.setattr(Table, "query", slow)
    monkeypatch.setattr(chain, "verify", verify)
    assert trail.verify_audit() == []
    assert seen == [6]


# -- damage


def damaged(call):
    with pytest.raises(LedgerError, match="damaged") as told:
        call()
    assert told.value.code == "PSK-LED-001"
    assert "point-in-time recovery" in told.value.hint


def test_what_is_damaged_is_told(ledger, raw, bare):
    rows = noise(10_000)
    begin(ledger, files={"d": [(r, r) for r in rows]})
    ledger.finish("r1", "succeeded", {"rows": rows})
    (report,) = {i["pk"]["S"] for i in keys(raw, "PART#")}
    raw.delete_item(**WHERE, Key=at(report, joined(0)))
    damaged(lambda: ledger.run("r1"))
    begin(ledger, "r2", "k2")
    run = next(k for k in keys(raw, "P#p") if k["sk"]["S"] == joined("RUN", 2))
    change(raw, run, status={"N": "5"})
    damaged(lambda: ledger.run("r2"))
    change(raw, run, status={"S": "running"}, started_at={"BOOL": True})
    damaged(lambda: ledger.run("r2"))
    raw.delete_item(**WHERE, Key=run)
    damaged(lambda: ledger.run("r2"))
    change(raw, at("P#p", "HEAD"), known={"S": "{}"})
    damaged(lambda: ledger.last_succeeded("p"))
    damaged(lambda: Item("RUNS", "HEAD").number)


def test_a_list_of_files_that_lost_a_part(ledger, raw):
    begin(ledger, files={"d": [(r, r) for r in noise(10_000)]})
    first, *others = keys(raw, "FILES#")
    assert others
    change(raw, first, data={"S": "text"})
    damaged(lambda: ledger.files_read("r1"))
    raw.delete_item(**WHERE, Key=first)
    damaged(lambda: ledger.files_read("r1"))
    for key in others:
        raw.delete_item(**WHERE, Key=key)
    damaged(lambda: ledger.files_read("r1"))


def test_a_newer_layout_is_refused(ledger, raw):
    change(raw, at("LEDGER", "LAYOUT"), layout={"N": "2"})
    with pytest.raises(LedgerError, match="newer Penstock") as told:
        DynamoDBLedger(NAME)
    assert told.value.code == "PSK-LED-003"


def test_ids_beyond_a_key_are_nobody_s(ledger):
    assert ledger.run("x" * 2000) is None
    assert ledger.attempts("x" * 2000) == []


# -- several at once


def test_what_changes_while_it_is_read_is_read_again(ledger, bare):
    begin(ledger)
    seen = []

    def read():
        if not seen:
            begin(ledger)
        seen.append(ledger.run("r1").attempt)
        return seen[-1]

    assert bare.consistent((joined("P", "p"), "HEAD"), read) == 2
    assert len(seen) == 2


def test_begins_anew_only_for_so_long(bare, monkeypatch):
    monkeypatch.setattr(table, "BUSY_SECONDS", 0.1)

    def never():
        raise Outdated(("TransactionConflict", "None"))

    with pytest.raises(Conflict, match=r"busy for 0 s \(TransactionConflict\)") as told:
        bare.again(never)
    assert told.value.transient


def test_a_run_s_id_goes_to_one_of_two_who_begin(ledger, raw, monkeypatch):
    """The second reads before the first has written."""
    transact = Table.transact

    def late(self, *writes):
        monkeypatch.setattr(Table, "transact", transact)
        begin(ledger, "r1", "k2")
        transact(self, *writes)

    monkeypatch.setattr(Table, "transact", late)
    with pytest.raises(LedgerError, match="a run `r1` already"):
        begin(ledger)


def test_a_lock_taken_over_between_look_and_write(ledger, monkeypatch):
    begin(ledger)
    lock = ledger.acquire("l", "elsewhere.example:1:1", lease_seconds=0)
    transact = Table.transact

    def late(self, *writes):
        monkeypatch.setattr(Table, "transact", transact)
        ledger.acquire("l", holder(), lease_seconds=60)
        transact(self, *writes)

    monkeypatch.setattr(Table, "transact", late)
    with pytest.raises(Conflict, match="taken over"):
        ledger.stage("r1", [{}], lock)
    assert ledger.run("r1").staged is None


# -- the table


def test_the_table_is_as_the_schema_says(raw):
    create_table(NAME, backups=False)
    told = raw.describe_table(**WHERE)["Table"]
    assert told["KeySchema"] == SCHEMA["KeySchema"]
    assert told["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert sorted(ACTIONS) == list(ACTIONS)


def test_a_table_can_be_restored_to_any_moment(use_dynamodb):
    raw = use_dynamodb("moto")
    create_table(NAME)
    told = raw.describe_continuous_backups(**WHERE)["ContinuousBackupsDescription"]
    assert told["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_no_table(use_dynamodb):
    use_dynamodb("moto")
    with pytest.raises(LedgerError, match="no table `nope`") as told:
        DynamoDBLedger("nope")
    assert told.value.code == "PSK-LED-010"
    assert "terraform apply" in told.value.hint


def test_another_s_table(use_dynamodb):
    raw = use_dynamodb("local")
    raw.create_table(
        TableName="other",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(LedgerError, match="is no ledger") as told:
        DynamoDBLedger("other")
    assert told.value.code == "PSK-LED-010"


def test_without_boto3(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(MissingExtra) as told:
        DynamoDBLedger(NAME)
    assert "penstock[aws]" in told.value.hint


def test_without_keys_or_region(use_dynamodb, monkeypatch, tmp_path):
    use_dynamodb("moto")
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(variable, str(tmp_path / "none"))
    with pytest.raises(LedgerError, match="does not let") as told:
        DynamoDBLedger(NAME)
    assert told.value.code == "PSK-LED-011"
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(LedgerError, match="region") as told:
        DynamoDBLedger(NAME)
    assert "region=" in told.value.hint
