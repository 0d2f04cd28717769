"""What is particular to reading an HTTP API: pages, logins, waiting, bounds, what is written down.

Against a real server (pytest-httpserver), over real connections.
"""

from __future__ import annotations

import gzip
import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from werkzeug import Response

from penstock.errors import SourceUnavailable, StepFailed
from penstock.program import Column, Read
from penstock.runtime import registry
from penstock.runtime.sources.rest.client import Client
from penstock.runtime.sources.rest.source import RestSource

pytestmark = pytest.mark.evidence("source:rest", "executed locally", on="an HTTP server")
SCHEMA = (Column("id", "integer", required=True), Column("name", "varchar"))


@pytest.fixture
def engine(tmp_path):
    made = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=1)
    yield made
    made.close()


class Api:
    """An API that a function answers for."""

    def __init__(self, server):
        self.server = server
        self.requests = []
        self.url = server.url_for("/items")

    def answers(self, answer):
        """`answer(request)` gives a body, or a Response."""

        def handle(request):
            self.requests.append(request)
            found = answer(request)
            return found if isinstance(found, Response) else Response(json.dumps(found))

        self.server.expect_request("/items").respond_with_handler(handle)


@pytest.fixture
def api(httpserver):
    return Api(httpserver)


@pytest.fixture
def slept(monkeypatch):
    """Pauses are noted and not made."""
    pauses = []
    real = Client.__init__
    monkeypatch.setattr(
        Client, "__init__", lambda self, options: real(self, options, sleep=pauses.append)
    )
    return pauses


@pytest.fixture
def read(api, engine, tmp_path):
    def reading(bounds=None, schema=SCHEMA, evolution="ignore", **options):
        given = {"url": api.url, **options}
        source = RestSource(
            Read("items", "rest", given, schema, schema_evolution=evolution), tmp_path
        )
        if bounds:
            source.within(bounds)
        found = source.extract(source.plan(), engine, "items", keep=True)
        return found, [tuple(r.values()) for r in engine.rows("SELECT * FROM items ORDER BY id")]

    return reading


ITEMS = [{"id": i, "name": f"n{i}"} for i in range(1, 8)]
ROWS = [(i["id"], i["name"]) for i in ITEMS]


def part(start, size=3):
    return ITEMS[start : start + size]


# -- pages


def test_one_page_of_records_at_the_top(api, read):
    api.answers(lambda request: ITEMS)
    found, rows = read()
    assert rows == ROWS
    assert (found.rows_in, found.rows_out) == (7, 7)
    assert len(api.requests) == 1


def test_by_page_number_up_to_the_empty_page(api, read):
    """A server may cap the size of pages: one that is shorter than asked for is not the last."""
    api.answers(lambda r: {"data": part((int(r.args["page"]) - 1) * 3)})
    paging = {"page": {"size_param": "per_page", "size": 100}}
    _, rows = read(records="data", paginate=paging, params={"q": "a b"})
    assert rows == ROWS
    assert [r.args["page"] for r in api.requests] == ["1", "2", "3", "4"]
    assert {(r.args["per_page"], r.args["q"]) for r in api.requests} == {("100", "a b")}


def test_by_page_number_from_zero_up_to_the_number_of_pages(api, read):
    api.answers(lambda r: {"data": part(int(r.args["p"]) * 3), "meta": {"pages": 3}})
    paging = {"page": {"param": "p", "start": 0, "pages": "meta.pages"}}
    assert read(records="data", paginate=paging)[1] == ROWS
    assert [r.args["p"] for r in api.requests] == ["0", "1", "2"]


@pytest.mark.parametrize("total", [None, "total"])
def test_by_offset(api, read, total):
    api.answers(lambda r: {"rows": part(int(r.args["offset"])), "total": 7})
    assert read(records="rows", paginate={"offset": {"total": total}})[1] == ROWS
    assert [r.args["offset"] for r in api.requests] == ["0", "3", "6"] + ([] if total else ["7"])


@pytest.mark.parametrize("end", [None, "", "missing"])
def test_by_cursor_in_the_body(api, read, end):
    def answer(request):
        start = int(request.args.get("after", "0"))
        cursor = start + 3 if start + 3 < 7 else end
        return {"data": part(start), "meta": {} if cursor == "missing" else {"next": cursor}}

    api.answers(answer)
    paging = {"cursor": {"path": "meta.next", "param": "after"}}
    assert read(records="data", paginate=paging)[1] == ROWS
    assert len(api.requests) == 3


@pytest.mark.parametrize("absolute", [True, False])
def test_by_next_address_in_the_body(api, read, absolute):
    def answer(request):
        start = int(request.args.get("s", "0"))
        there = f"{api.url if absolute else '/items'}?s={start + 3}&q=%20x"
        return {"data": part(start), "links": {"next": there if start < 6 else None}}

    api.answers(answer)
    auth = {"api_key": {"param": "key", "value": "k1"}}
    assert read(records="data", paginate={"next": "links.next"}, auth=auth)[1] == ROWS
    assert [r.args["key"] for r in api.requests] == ["k1"] * 3
    assert api.requests[1].args["q"] == " x"


def test_by_link_header(api, read):
    def answer(request):
        start = int(request.args.get("s", "0"))
        link = f'<{api.url}?s=0>; rel="first", </items?s={start + 3}>; title="a, b"; rel="next"'
        return Response(json.dumps(part(start)), headers={"Link": link} if start < 6 else {})

    api.answers(answer)
    assert read(paginate={"link": "next"})[1] == ROWS


@pytest.mark.parametrize(
    ("paging", "body"),
    [
        ({"cursor": {"path": "next"}}, {"data": ITEMS, "next": "c1"}),
        ({"next": "next"}, {"data": ITEMS, "next": "/items?page=2"}),
        ({"page": {}}, {"data": ITEMS}),
        ({"offset": {}}, {"data": ITEMS}),
    ],
)
def test_pages_that_repeat_are_told(api, read, paging, body):
    api.answers(lambda request: body)
    with pytest.raises(StepFailed) as told:
        read(records="data", paginate=paging)
    assert told.value.code == "PSK-SRC-127"
    assert len(api.requests) <= 3


def test_too_many_pages_or_bytes(api, read):
    api.answers(lambda r: [{"id": int(r.args["page"])}])
    with pytest.raises(SourceUnavailable) as told:
        read(paginate={"page": {}}, max_pages=3)
    assert (told.value.code, "3 pages" in told.value.message) == ("PSK-SRC-125", True)
    with pytest.raises(SourceUnavailable) as told:
        read(paginate={"page": {}}, max_bytes=40)
    assert (told.value.code, "40 bytes" in told.value.message) == ("PSK-SRC-125", True)


def test_a_next_page_on_another_server_gets_no_login(api, read):
    api.answers(lambda r: {"data": ITEMS, "next": "https://elsewhere.example/items"})
    with pytest.raises(SourceUnavailable) as told:
        read(records="data", paginate={"next": "next"}, auth={"bearer": "s3cret"})
    assert told.value.code == "PSK-SRC-122"
    assert "another server" in told.value.message


# -- what is made of a page


def test_pages_are_written_down_as_they_came(api, read, tmp_path):
    raw = b'{"data" : [ {"id": 1, "name": "a", "more": 1.50} ]}\n'
    api.answers(lambda r: Response(gzip.compress(raw), headers={"Content-Encoding": "gzip"}))
    read(records="data")
    (page,) = (tmp_path / ".penstock" / "landed" / "items").glob("*/*.json")
    assert page.read_bytes() == raw
    for _ in range(5):
        read(records="data")
    assert len(list((tmp_path / ".penstock" / "landed" / "items").iterdir())) == 3


def test_a_record_that_cannot_be_read_is_rejected_with_its_page(api, read):
    api.answers(lambda r: [{"id": 1}, {"id": "x", "name": "bad"}, {"name": "nobody"}])
    found, rows = read()
    assert rows == [(1, None)]
    assert [r.file for r in found.rejected] == [f"{api.url} page 1"] * 2
    assert "required" in found.rejected[1].reason
    assert '"bad"' in found.rejected[0].raw


def test_digits_are_not_lost(api, read):
    api.answers(lambda r: Response('[{"id": 1, "v": 0.12345678901234567890}]'))
    schema = (Column("id", "integer"), Column("v", "decimal(30,20)"))
    assert str(read(schema=schema)[1][0][1]) == "0.12345678901234567890"


@pytest.mark.parametrize("body", ["<html>", '{"data": [', ""])
def test_a_page_that_is_not_json(api, read, body):
    api.answers(lambda r: Response(body))
    with pytest.raises(StepFailed) as told:
        read()
    assert told.value.code == "PSK-SRC-126"
    assert ".penstock/landed/items/" in told.value.hint


def test_a_page_without_records_where_they_should_be(api, read):
    api.answers(lambda r: {"error": "no"})
    with pytest.raises(StepFailed) as told:
        read(records="data.items")
    assert (told.value.code, told.value.hint) == ("PSK-SRC-126", "its keys: error")
    api.answers(lambda r: {"data": {"items": []}})


def test_the_same_pages_are_the_same_slice(api, tmp_path):
    body = [{"id": 1}]
    api.answers(lambda r: body)
    source = RestSource(Read("items", "rest", {"url": api.url}, SCHEMA), tmp_path)
    first = source.plan().identity
    assert source.plan().identity == first
    body.append({"id": 2})
    assert source.plan().identity != first


def test_the_schema_is_that_of_the_first_page_and_late_keys_are_told(api, read, tmp_path):
    api.answers(lambda r: {"data": [{"id": int(r.args["page"]), "name": "x", **({"new": 1} if r.args["page"] == "2" else {})}]
                           if r.args["page"] < "3" else []})  # fmt: skip
    options = {"url": api.url, "records": "data", "paginate": {"page": {}}}
    source = RestSource(Read("items", "rest", options, ()), tmp_path)
    schema = source.infer().schema
    assert [c.name for c in schema] == ["id", "name"]
    with pytest.raises(StepFailed) as told:
        read(schema=schema, evolution="add", records="data", paginate={"page": {}})
    assert (told.value.code, "`new`" in told.value.message) == ("PSK-SRC-072", True)
    # what was written down is what is looked at the next time
    columns = {c.name for shaped in source.shapes(schema, grow=False) for c in shaped.shape.columns}
    assert columns == {"id", "name", "new"}


# -- logins


def test_logins(api, read):
    api.answers(lambda r: ITEMS)
    read(auth={"bearer": "t1"})
    read(auth={"basic": {"user": "u", "password": "p:ä"}})
    read(auth={"api_key": {"header": "X-Key", "value": "k"}}, headers={"X-Other": "1"})
    read(auth={"api_key": {"param": "key", "value": "k&"}})
    bearer, basic, header, param = api.requests
    assert bearer.headers["Authorization"] == "Bearer t1"
    assert (basic.authorization.username, basic.authorization.password) == ("u", "p:ä")
    assert (header.headers["X-Key"], header.headers["X-Other"]) == ("k", "1")
    assert param.args["key"] == "k&"


@pytest.mark.parametrize("send", ["header", "body"])
def test_client_credentials_and_a_token_that_is_taken_back(api, read, httpserver, send):
    given = []

    def token(request):
        form = request.form
        assert (form["grant_type"], form["scope"]) == ("client_credentials", "a b")
        if send == "header":
            assert (request.authorization.username, request.authorization.password) == ("me", "s3")
        else:
            assert (form["client_id"], form["client_secret"]) == ("me", "s3")
        given.append(f"t{len(given)}")
        return Response(json.dumps({"access_token": given[-1], "expires_in": 3600}))

    httpserver.expect_request("/token", method="POST").respond_with_handler(token)
    api.answers(
        lambda r: ITEMS if r.headers["Authorization"] == "Bearer t1" else Response("no", 401)
    )
    auth = {"token_url": httpserver.url_for("/token"), "client_id": "me", "client_secret": "s3",
            "scope": "a b", "send": send}  # fmt: skip
    assert read(auth={"oauth2": auth})[1] == ROWS
    assert given == ["t0", "t1"]


def test_a_login_that_is_refused(api, read, httpserver):
    api.answers(lambda r: Response('{"why": "unknown key"}', 401))
    with pytest.raises(SourceUnavailable) as told:
        read(auth={"api_key": {"param": "key", "value": "s3cret"}})
    assert (told.value.code, told.value.exit_code) == ("PSK-SRC-122", 4)
    assert "unknown key" in told.value.message
    assert "s3cret" not in told.value.message
    assert len(api.requests) == 1, "what does not pass is not tried again"
    httpserver.expect_request("/token").respond_with_data("bad client", status=400)
    auth = {"token_url": httpserver.url_for("/token"), "client_id": "me", "client_secret": "s3cret"}
    with pytest.raises(SourceUnavailable) as told:
        read(auth={"oauth2": auth})
    assert told.value.code == "PSK-SRC-122"
    assert "400: bad client" in told.value.message
    assert "s3cret" not in told.value.message


def test_a_redirect_is_told_and_not_followed(api, read):
    api.answers(lambda r: Response("", 302, headers={"Location": "https://other.example/x?k=1"}))
    with pytest.raises(SourceUnavailable) as told:
        read(auth={"bearer": "s3cret"})
    assert told.value.code == "PSK-SRC-123"
    assert "https://other.example/x" in told.value.hint


# -- waiting and trying again


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_passes_is_tried_again(api, read, slept, status):
    api.answers(lambda r: ITEMS if len(api.requests) > 3 else Response("busy", status))
    assert read()[1] == ROWS
    assert slept == [0.5, 1, 2]


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_kept(api, read, slept, form):
    when = datetime.now(UTC) + timedelta(seconds=100)
    after = "100" if form == "seconds" else format_datetime(when, usegmt=True)
    api.answers(
        lambda r: (
            ITEMS if len(api.requests) > 1 else Response("", 429, headers={"Retry-After": after})
        )
    )
    assert read()[1] == ROWS
    (pause,) = slept
    assert 95 < pause <= 100


def test_a_retry_after_that_is_too_long_is_told(api, read, slept):
    api.answers(lambda r: Response("", 429, headers={"Retry-After": "3600"}))
    with pytest.raises(SourceUnavailable) as told:
        read(max_wait="10 minutes")
    assert (told.value.code, "3,600 seconds" in told.value.message) == ("PSK-SRC-124", True)
    assert slept == []


def test_retries_have_an_end(api, read, slept):
    api.answers(lambda r: Response("", 503))
    with pytest.raises(SourceUnavailable) as told:
        read(retries=2)
    assert (told.value.code, told.value.exit_code) == ("PSK-SRC-121", 4)
    assert "asked 3 times: 503" in told.value.message
    assert len(api.requests) == 3


def test_a_server_that_is_silent_or_not_there(api, read, slept, httpserver):
    api.answers(lambda r: time.sleep(1) or ITEMS)
    with pytest.raises(SourceUnavailable) as told:
        read(retries=1, timeout="0.2 s")
    assert told.value.code == "PSK-SRC-121"
    assert "timed out" in told.value.message.lower()
    assert "0x" not in told.value.message
    with pytest.raises(SourceUnavailable) as told:
        read(url="http://127.0.0.1:9/x", retries=0)
    assert "refused" in told.value.message.lower()
    with pytest.raises(SourceUnavailable) as told:
        read(url="http://no-such-host.invalid/x", retries=0)
    assert told.value.code == "PSK-SRC-121"
    httpserver.clear_log()


def test_an_answer_that_is_cut_short_is_asked_for_again(api, read, slept):
    def answer(request):
        if len(api.requests) > 1:
            return ITEMS
        return Response(iter([b'[{"id": 1}']), headers={"Content-Length": "1000"})

    api.answers(answer)
    assert read()[1] == ROWS


def test_requests_are_not_made_faster_than_they_may(api, read):
    api.answers(lambda r: part((int(r.args["page"]) - 1) * 3))
    begun = time.monotonic()
    read(paginate={"page": {}}, requests_per_second=10)
    assert time.monotonic() - begun >= 0.3  # four requests, three pauses


def test_a_search_by_post(api, read):
    api.answers(lambda r: ITEMS)
    assert read(method="POST", body={"query": "ü"})[1] == ROWS
    assert api.requests[0].get_json() == {"query": "ü"}
    assert api.requests[0].method == "POST"


# -- what is new


@pytest.mark.parametrize(
    ("form", "expected"),
    [("iso", "2026-01-31T06:00:00Z"), ("date", "2026-01-31"), ("unix", "1769839200")],
)
def test_the_watermark_goes_into_the_query(api, read, form, expected):
    api.answers(lambda r: ITEMS)
    bounds = {"column": "at", "type": "timestamptz", "above": "2026-01-31 06:00:00+00:00",
              "from": None, "to": "2026-02-01 00:00:00+00:00", "nulls": True}  # fmt: skip
    read(bounds, since={"param": "since", "format": form, "until": "until"})
    assert api.requests[0].args["since"] == expected
    assert api.requests[0].args["until"] != expected
    read(since={"param": "since", "initial": "2020-01-01"})
    assert api.requests[1].args["since"] == "2020-01-01"
    read(since={"param": "since"})
    assert "since" not in api.requests[2].args
