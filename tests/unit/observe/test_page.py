"""The report's file: whole, without a network, and safe whatever the data holds."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.observe.report import render
from penstock.observe.report.page import embed

Run = dict[str, Any]
HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(1)> \u2028 ' \" & ]]>"


class Elements(HTMLParser):
    """The elements of a page, and the text inside its scripts."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


def parse(page: str) -> Elements:
    parser = Elements()
    parser.feed(page)
    return parser


def data_of(page: str) -> Any:
    return json.loads(parse(page).scripts[0])


def test_the_page_holds_the_whole_run(flights_run: Run):
    data = data_of(render(**flights_run))
    assert data["report"] == flights_run["report"]
    assert data["program"] == flights_run["program"]
    assert data["extra"] == flights_run["extra"]
    assert len(data["graph"]["nodes"]) == 11


def test_nothing_is_fetched_from_anywhere(flights_run: Run):
    page = render(**flights_run)
    for _, attributes in parse(page).found:
        for name in ("src", "href", "action", "data", "poster", "srcset"):
            address = attributes.get(name) or ""
            assert address == "" or address.startswith("data:")
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_only_the_pages_own_script_and_style_may_run(flights_run: Run):
    page = render(**flights_run)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    for tag, kind in (("script", "<script>"), ("style", "<style>")):
        inner = page.split(kind)[1].split(f"</{tag}>")[0]
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]


def test_data_never_ends_the_script_it_stands_in(flights_run: Run):
    harmless = [tag for tag, _ in parse(render(**flights_run)).found]
    report, program = flights_run["report"], flights_run["program"]
    report["pipeline"] = HOSTILE
    report["error"] = {"code": HOSTILE, "message": HOSTILE, "hint": HOSTILE, "file": HOSTILE}
    program["reads"][0]["schema"][0]["name"] = HOSTILE
    flights_run["extra"]["samples"][0]["rows"][0] = {HOSTILE: HOSTILE}
    flights_run["extra"]["rejected"][0]["raw"] = HOSTILE
    page = render(**flights_run)
    assert [tag for tag, _ in parse(page).found] == harmless
    assert "alert(1)</" not in page
    assert data_of(page)["extra"]["samples"][0]["rows"][0] == {HOSTILE: HOSTILE}


@given(st.recursive(st.text() | st.integers() | st.none(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))  # fmt: skip
def test_any_text_can_be_embedded_and_read_back(value: Any):
    text = embed(value)
    assert text.isascii()
    assert not set("<>&") & set(text)
    exact = json.loads(text, parse_int=str)
    assert exact == json.loads(json.dumps(value), parse_int=str)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2**53, "9007199254740992"),  # one more than a browser's numbers hold exactly
        (2**53 - 1, 2**53 - 1),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (Decimal("12.50"), "12.50"),
        (datetime(2013, 1, 1, 5, tzinfo=UTC), "2013-01-01T05:00:00+00:00"),
        (date(2013, 1, 1), "2013-01-01"),
        (b"\x00\xff", "0x00ff"),
        ((1, 2), [1, 2]),
        ({1: True}, {"1": True}),
        ("\ud800", "\ud800"),
    ],
)
def test_values_of_rows_keep_their_meaning(value: Any, shown: Any):
    assert json.loads(embed(value)) == shown


def test_without_scripts_the_page_still_tells_the_summary(stopped_run: Run):
    page = render(**stopped_run)
    plain = page[page.index("<noscript>") : page.index("</noscript>")]
    assert "stopped by a rule" in plain
    assert "PSK-RUN-015" in plain
    assert "1,223" in plain


def test_the_page_can_be_written_whatever_the_names_hold(flights_run: Run):
    flights_run["report"]["pipeline"] = "lone surrogate \ud800"
    flights_run["report"]["notes"] = ["\ud800"]
    assert render(**flights_run).encode("utf-8")


def test_the_same_run_gives_the_same_bytes(flights_run: Run):
    assert render(**flights_run) == render(**flights_run)


def test_a_run_that_failed_before_it_read_anything_has_a_page(flights_run: Run):
    report = flights_run["report"]
    report |= {"status": "failed", "datasets": {}, "quality": [], "targets": {}}
    report["error"] = {"code": "PSK-SRC-001", "message": "no such file", "hint": None, "file": None}
    data = data_of(render(report, flights_run["program"], {"samples": [], "rejected": [], "previous": None}))  # fmt: skip
    assert {n["state"] for n in data["graph"]["nodes"]} == {"unreached"}
