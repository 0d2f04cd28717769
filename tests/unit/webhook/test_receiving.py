"""What a receiver answers, and what is in the inbox then: with a real folder."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime

import pytest

from penstock.errors import StorageUnavailable
from penstock.runtime.sources.webhook.options import built
from penstock.runtime.sources.webhook.receiving import Door, Request, receive
from penstock.runtime.storage import open_store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Inbox:
    def __init__(self, folder, **options):
        self.folder = folder
        self.options = built({"path": "/flights", **options})
        self.store = open_store(str(folder), folder)

    def post(self, body, method="POST", path="/flights", **headers):
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {k.replace("_", "-"): v for k, v in headers.items()}
        door = Door("events", self.options, self.store, lambda anew: self.options.signature)
        found = receive([door], Request(method, path, named, sent), now=NOW)
        return found.status, found.document

    def lines(self):
        files = sorted((self.folder / "events").glob("*.ndjson"))
        return [json.loads(x) for f in files for x in f.read_text().splitlines()]


@pytest.fixture
def inbox(tmp_path):
    return lambda **options: Inbox(tmp_path / "inbox", **options)


def test_an_event_lies_in_the_inbox_with_its_envelope(inbox):
    box = inbox(key={"pointer": "/id"}, headers=["X-Event"])
    assert box.post({"id": 7, "a": [1, {"b": None}]}, x_event="landed", x_other="no") == (
        200,
        {"status": "received", "key": "7"},
    )
    assert box.lines() == [
        {
            "_received_at": "2026-03-01T12:00:00+00:00", "_idempotency_key": "7",
            "_headers": {"x-event": "landed"}, "_number": 1, "id": 7, "a": [1, {"b": None}],
        }
    ]  # fmt: skip


def test_numbers_keep_their_digits(inbox):
    box = inbox()
    box.post(b'{"a": 12345678901234567890.12345678901234567890, "b": 1.10, "c": 1e400}')
    (file,) = (box.folder / "events").glob("*")
    text = file.read_text()
    assert '"a":12345678901234567890.12345678901234567890,"b":1.10,"c":1E+400}' in text


def test_what_is_sent_again_is_known_and_there_once(inbox):
    box = inbox(key={"header": "X-Id"})
    assert box.post({"id": 1}, x_id="a")[1]["status"] == "received"
    for body in ({"id": 1}, {"id": 1, "attempt": 2}):
        assert box.post(body, x_id="a") == (200, {"status": "known", "key": "a"})
    assert box.post({"id": 1}, x_id="b")[1]["status"] == "received"
    assert box.post({"id": 1})[1]["key"].startswith("sha256:")  # it has no key: its content
    assert box.post({"id": 1})[1]["status"] == "known"
    assert [x["_idempotency_key"][:3] for x in box.lines()].count("sha") == 1
    assert len(box.lines()) == 3


def test_of_many_at_once_one_is_put(inbox):
    box = inbox(key={"pointer": "/id"})
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(box.post({"id": 1})[1]["status"]))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == ["known"] * 15 + ["received"]
    assert len(box.lines()) == 1


def test_several_events_in_one_request(inbox):
    box = inbox(key={"header": "X-Id"})
    assert box.post([{"id": 1}, {"id": 2}], x_id="list")[0] == 200
    lines = b'{"id": 3}\n\n{"id": 4}\n'
    assert box.post(lines, x_id="lines", content_type="application/x-ndjson")[0] == 200
    found = {(x["_idempotency_key"], x["_number"], x["id"]) for x in box.lines()}
    assert found == {("list", 1, 1), ("list", 2, 2), ("lines", 1, 3), ("lines", 2, 4)}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"), (b"{", "line 1, column 2"), (b'{"a": NaN}', "NaN is no number"),
        (b"7", "record 1 of the body is no JSON object"), (b"[]", "no records"),
        (b'[{"a": 1}, 2]', "record 2"), (b'{"a": 1, "a": 2}', "the key `a` twice"),
        (b"\xff\xfe", "not UTF-8"), (b'{"a": "\\ud800"}', "not Unicode"),
        (b'{"_Received_At": 1}', "`_received_at`"), (b"[" * 100_000, "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)  # fmt: skip
def test_bodies_that_are_no_events(inbox, body, said):
    status, told = inbox().post(body)
    assert status == 400
    assert said in told["error"]
    assert inbox().lines() == []
    kept = inbox(bad_json="quarantine")
    status, told = kept.post(body)
    assert (status, told["status"]) == (200, "set aside")
    (line,) = kept.lines()
    assert line == body.decode("utf-8", "backslashreplace")
    assert kept.post(body)[1]["status"] == "known"


def test_what_is_refused_before_it_is_read(inbox):
    box = inbox(max_bytes=10)
    assert box.post({"id": 1}, path="/flight")[0] == 404
    assert box.post({"id": 1}, path="/flights/1")[0] == 404
    assert box.post({"id": 1}, method="GET")[0] == 405
    assert box.post(b'{"a": 1234}')[0] == 413
    assert box.post(b'{"a": 123}')[0] == 200
    assert box.post(b'{"a": 124}', method="PUT", path="/flights/")[0] == 200


def test_nothing_is_taken_from_who_does_not_know_the_secret(inbox):
    box = inbox(signature={"secret": "k", "header": "S"})
    for headers in ({}, {"s": "00"}):
        status, told = box.post({"id": 1}, **headers)
        assert status == 401
        assert "secret" not in told["error"]
    assert box.lines() == []


def test_a_secret_that_was_changed_is_fetched_anew(inbox):
    box = inbox()
    old = built({"path": "/", "signature": {"secret": "old", "header": "S"}}).signature
    new = built({"path": "/", "signature": {"secret": "new", "header": "S"}}).signature
    import hashlib
    import hmac

    told = hmac.new(b"new", b"{}", hashlib.sha256).hexdigest()
    asked = []

    def signature(anew):
        asked.append(anew)
        return new if anew else old

    door = Door("events", box.options, box.store, signature)
    found = receive([door], Request("POST", "/flights", {"s": told}, b"{}"), now=NOW)
    assert (found.status, asked) == (200, [False, True])


def test_success_is_told_only_of_what_is_durable(inbox, tmp_path):
    (tmp_path / "inbox").write_text("a file, where a folder should be")
    status, told = inbox().post({"id": 1})
    assert (status, told) == (503, {"error": "try again later"})


def test_storage_that_fails_is_answered_so_that_it_comes_again(inbox):
    box = inbox()

    class Full:
        def put_if_absent(self, path, data):
            raise StorageUnavailable("no space left")

    box.store = Full()
    assert box.post({"id": 1}) == (503, {"error": "try again later"})


def test_a_key_is_a_name_whatever_is_in_it(inbox):
    box = inbox(key={"header": "X-Id"})
    for key in ("../../etc/passwd", "a/b", "x" * 5000, "é", "a b"):
        assert box.post({"id": 1}, x_id=key)[0] == 200
    files = [p for p in box.folder.rglob("*") if p.is_file()]
    assert len(files) == 5
    assert {p.parent for p in files} == {box.folder / "events"}
