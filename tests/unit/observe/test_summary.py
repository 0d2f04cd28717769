"""The text after a run."""

from __future__ import annotations

import io
from typing import Any

import pytest

from penstock.observe.summary import render_summary, summary_text
from penstock.observe.text_table import Column, Styled, cells, text_table

Run = dict[str, Any]


class Screen(io.StringIO):
    """A terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Screen()


def written(report: Any, stream: Any) -> str:
    """What the summary writes to a stream."""
    render_summary(report, stream)
    stream.seek(0)
    return stream.read()


def line_with(text: str, words: str) -> str:
    """The first line with these words, spaces folded."""
    return " ".join(next(line for line in text.splitlines() if words in line).split())


def test_it_says_how_the_run_ended_and_what_became_of_the_rows(flights_run: Run):
    text = summary_text(flights_run["report"], report_path=".penstock/runs/x/report.html")
    assert text.splitlines()[0] == "✓ flights succeeded in 1.9 s"
    assert line_with(text, "dataset  ") == (
        "dataset rows in filtered quarantined rejected rows out time"
    )
    assert line_with(text, "  flights_clean  ") == (
        "flights_clean 336,776 8,255 1,223 327,298 734 ms"
    )
    assert line_with(text, "delays_lake") == ("delays_lake 185 12 18.2 kB .penstock/lake/delays")
    assert line_with(text, 'Completeness "dest_name"') == (
        'Completeness "dest_name" > 0.99 warn ! failed 0.976972 7,537'
    )
    assert text.endswith("report  .penstock/runs/x/report.html")


def test_in_a_pipe_it_is_plain_and_nothing_is_cut(flights_run: Run):
    location = "s3://bucket/" + "deep/" * 40
    flights_run["report"]["targets"]["delays_lake"]["location"] = location
    text = written(flights_run["report"], io.StringIO())
    assert "\x1b" not in text
    assert location in text


def test_on_a_terminal_it_has_colours_and_keeps_to_its_width(flights_run: Run, screen: Screen):
    flights_run["report"]["quality"][0]["rule"] = "ColumnValues " + "x" * 100
    flights_run["report"]["targets"]["delays_lake"]["location"] = "s3://bucket/" + "deep/" * 40
    text = written(flights_run["report"], screen)
    assert "\x1b[32m✓\x1b[0m" in text
    plain = text
    for code in ("32", "31", "33", "2", "1", "0"):
        plain = plain.replace(f"\x1b[{code}m", "")
    assert max(cells(line) for line in plain.splitlines()) <= 80
    assert "deep/" in plain


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_refused(
    flights_run: Run, screen: Screen, monkeypatch: pytest.MonkeyPatch, name: str, value: str
):
    monkeypatch.setenv(name, value)
    assert "\x1b" not in written(flights_run["report"], screen)


def test_a_stream_of_ascii_gets_ascii(flights_run: Run):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    assert written(flights_run["report"], stream).isascii()


def test_a_stopped_run_says_why_where_and_what_to_do(stopped_run: Run):
    text = summary_text(stopped_run["report"])
    assert "stopped by a rule after 1.9 s; nothing was published" in text
    assert "error PSK-RUN-015" in text
    assert "at pipeline.yaml:73:9" in text
    assert "hint: nothing of this run was published" in text
    assert "penstock explain PSK-RUN-015" in text
    assert "fleet_export" not in text  # written, never published


def test_the_error_can_be_left_to_another_place(stopped_run: Run):
    stream = io.StringIO()
    render_summary(stopped_run["report"], stream, with_error=False)
    assert "stopped by a rule" in stream.getvalue()
    assert "PSK-RUN-015" not in stream.getvalue()


def test_rows_that_are_not_known_are_not_a_number(stopped_run: Run):
    stopped_run["report"]["datasets"]["fleet"]["rows_out"] = None
    assert line_with(summary_text(stopped_run["report"]), "  fleet  ") == "fleet 3,322 0 0 - 18 ms"


def test_a_skipped_run_is_short(flights_run: Run):
    report = flights_run["report"] | {"status": "skipped", "datasets": {}, "quality": []}
    text = summary_text(report | {"targets": {}})
    assert "skipped: nothing new" in text
    assert len(text.splitlines()) == 2


def test_hundreds_of_datasets_and_rules_stay_readable(flights_run: Run):
    report = flights_run["report"]
    one = report["datasets"]["fleet"]
    report["datasets"] = {f"d{i}": one for i in range(300)}
    kept = report["quality"][4]
    report["quality"] += [kept | {"dataset": f"d{i}"} for i in range(300)]
    text = summary_text(report)
    assert len(text.splitlines()) < 70
    assert "260 more datasets" in text
    assert "305 of 308 rules kept" in text
    assert 'IsComplete "air_time"' in text  # the broken ones are named


def test_values_cannot_command_the_terminal():
    text = text_table([Column("a")], [["\x1b]0;title\x07"], [Styled("b\nc", "bad")]], color=True)
    assert "\x1b]" not in text
    assert "b\\nc" in text
    assert len(text.splitlines()) == 3


def test_wide_letters_keep_the_columns_in_line():
    lines = text_table([Column("name"), Column("n", "right")], [["日本", "1"], ["abcd", "2"]])
    assert {cells(line) for line in lines.splitlines()} == {7}


def test_only_columns_that_may_shrink_are_cut():
    columns = [Column("key"), Column("text", shrink=5), Column("path", shrink=6, keep="end")]
    text = text_table(columns, [["k" * 10, "t" * 30, "p" * 30 + "/end"]], width=30)
    row = text.splitlines()[1]
    assert row.startswith("k" * 10)
    assert row.endswith("/end")
    assert cells(row) == 30
