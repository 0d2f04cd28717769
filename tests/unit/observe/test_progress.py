"""What `penstock run` shows while it works."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from typing import Any

import pytest
from rich.console import Console

from penstock.observe.progress import Silent, make_progress
from penstock.observe.progress.lines import PlainLines
from penstock.observe.progress.live import LiveTable, fitting
from penstock.observe.progress.memory import resident_bytes
from penstock.observe.progress.state import Part, RunState

Run = dict[str, Any]


class Screen(io.StringIO):
    """A terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


def tell(progress: Any, run: Run) -> None:
    """The events of a run, as the run loop tells them."""
    report = run["report"]
    datasets = [(name, d["kind"]) for name, d in report["datasets"].items()]
    progress.event("run_started", pipeline="flights", run_id="r1", attempt=1, datasets=datasets, targets=list(report["targets"]))  # fmt: skip
    for name, counts in report["datasets"].items():
        progress.event("dataset_started", dataset=name)
        progress.event("dataset_progress", dataset=name, share=0.5)
        for outcome in report["quality"]:
            if outcome["dataset"] == name:
                progress.event("check", **outcome)
        progress.event("dataset_finished", dataset=name, **counts)
    progress.event("message", text="by the way")
    for name, counts in report["targets"].items():
        progress.event("target_started", target=name)
        progress.event("target_finished", target=name, **counts)
    progress.event("run_finished", status="succeeded", run_id="r1")


@pytest.mark.parametrize(
    ("stream", "settings", "environment", "kind"),
    [
        (Screen(), {}, {}, LiveTable),
        (Screen(), {"quiet": True}, {}, Silent),
        (Screen(), {"plain": True}, {}, PlainLines),
        (Screen(), {}, {"NO_COLOR": "1"}, PlainLines),
        (Screen(), {}, {"TERM": "dumb"}, PlainLines),
        (io.StringIO(), {}, {}, PlainLines),
        (io.StringIO(), {"quiet": True}, {}, Silent),
    ],
)
def test_the_display_suits_the_stream(
    stream: Any, settings: Any, environment: Any, kind: type, monkeypatch: pytest.MonkeyPatch
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert type(make_progress(stream, **settings)) is kind


def test_a_terminal_that_cannot_draw_the_table_gets_lines():
    class Ascii(Screen):
        encoding = "ascii"

    assert type(make_progress(Ascii())) is PlainLines


def test_lines_say_each_thing_once_without_control_codes(flights_run: Run):
    stream = io.StringIO()
    tell(make_progress(stream), flights_run)
    text = stream.getvalue()
    lines = text.splitlines()
    assert lines[0] == "flights: run r1: 4 sources, 4 transforms, 3 targets"
    assert "flights_clean: 327,298 rows in 734 ms (8,255 filtered, 1,223 quarantined)" in lines
    assert 'flights_clean: quarantine: ColumnValues "distance" > 80 failed (48 rows)' in lines
    assert "delays_lake: published 185 rows in 12 files" in lines
    assert "by the way" in lines
    assert lines[-1].startswith("flights: run r1: succeeded in ")
    assert len(lines) == len(set(lines)) == 17
    assert text.replace("\n", "").isprintable()


def test_lines_of_a_long_dataset_come_now_and_then():
    stream, clock = io.StringIO(), Clock()
    progress = PlainLines(stream, clock)
    progress.event("dataset_started", dataset="big")
    for tenth in range(300):
        clock.now = 100 + tenth / 10
        progress.event("dataset_progress", dataset="big", rows=tenth * 1000, share=tenth / 400)
    assert stream.getvalue().splitlines() == [
        "big: 100,000 rows, 25%, 30.0 s left after 10.0 s",
        "big: 200,000 rows, 50%, 20.0 s left after 20.0 s",
    ]


def test_text_of_the_data_cannot_command_the_terminal():
    stream = io.StringIO()
    progress = PlainLines(stream)
    progress.event("message", text="a\x1b[2Jb\rc")
    assert stream.getvalue() == "a\\x1b[2Jb\\rc\n"


def test_silence_is_silent(flights_run: Run, capfd: pytest.CaptureFixture[str]):
    stream = Screen()
    tell(make_progress(stream, quiet=True), flights_run)
    assert stream.getvalue() == ""
    assert capfd.readouterr() == ("", "")


def test_events_and_values_of_later_versions_are_ignored(flights_run: Run):
    stream = io.StringIO()
    progress = make_progress(stream)
    progress.event("cost_counted", dollars=1)
    progress.event("message", text="known", colour="unknown")
    assert stream.getvalue() == "known\n"


@pytest.mark.parametrize("terminal_like", [True, False])
def test_a_closed_stream_never_stops_a_run(flights_run: Run, terminal_like: bool):
    stream = Screen() if terminal_like else io.StringIO()
    progress = PlainLines(stream)
    stream.close()
    tell(progress, flights_run)
    assert stream.closed, "it is not opened again"


def test_dataset_events_may_come_from_many_threads(flights_run: Run):
    stream = io.StringIO()
    progress = PlainLines(stream)

    def work(i: int) -> None:
        for j in range(50):
            progress.event("dataset_started", dataset=f"d{i}_{j}")
            progress.event("dataset_finished", dataset=f"d{i}_{j}", rows_out=1, seconds=0.5)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = stream.getvalue().splitlines()
    assert sorted(lines) == sorted(
        f"d{i}_{j}: 1 row in 500 ms" for i in range(4) for j in range(50)
    )


def live(height: int = 40) -> tuple[LiveTable, io.StringIO]:
    stream = Screen()
    console = Console(file=stream, force_terminal=True, width=80, height=height, color_system=None)
    return LiveTable(stream, console), stream


def frame(progress: LiveTable) -> str:
    stream = io.StringIO()
    Console(file=stream, width=80, height=progress._console.size.height).print(progress._draw())
    return stream.getvalue()


def test_the_live_table_shows_state_rows_pace_and_time_left():
    progress, _ = live()
    progress._run = RunState(clock := Clock())
    with progress:
        progress.event("run_started", pipeline="p", run_id="r1", datasets=[("a", "source"), ("b", "transform")], targets=["t"])  # fmt: skip
        progress.event("dataset_started", dataset="a")
        clock.now += 10
        progress.event("dataset_finished", dataset="a", rows_out=5000, seconds=10.0, rejected=3)
        progress.event("dataset_started", dataset="b")
        clock.now += 10
        progress.event("dataset_progress", dataset="b", rows=1_000_000, share=0.25)
        progress.event("check", dataset="b", rule="r", action="warn", outcome="failed")
        lines = [" ".join(line.split()) for line in frame(progress).splitlines()]
    assert lines[0].startswith("p 1 of 3 done 20.0 s memory ")
    assert "! a 5,000 500 10.0 s 3 set aside" in lines
    (running,) = [line for line in lines if " b " in line]
    assert running.endswith("b 1,000,000 ━━╌╌╌╌╌╌╌╌ 25 % 100,000 10.0 s 30.0 s 0/1 kept")
    assert "· t" in lines


def test_the_live_table_is_taken_away_at_the_end(flights_run: Run):
    progress, stream = live()
    tell(progress, flights_run)
    written = stream.getvalue()
    assert "\x1b[?25l" in written  # the cursor was hidden …
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # … and is back
    assert progress._live is None
    for thread in threading.enumerate():  # rich tells its thread to end and does not wait for it
        if "Refresh" in type(thread).__name__:
            thread.join(timeout=10)
    assert not [t for t in threading.enumerate() if "Refresh" in type(t).__name__]


def test_leaving_in_an_exception_gives_the_terminal_back():
    progress, stream = live()

    def interrupted() -> None:
        with progress:
            progress.event("run_started", pipeline="p", run_id="r", datasets=[("a", "source")])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert stream.getvalue().rindex("\x1b[?25h") > stream.getvalue().rindex("\x1b[?25l")


def test_a_run_of_hundreds_of_datasets_fits_the_terminal():
    progress, _ = live(height=12)
    with progress:
        names = [(f"d{i}", "transform") for i in range(300)]
        progress.event("run_started", pipeline="p", run_id="r", datasets=names, targets=[])
        progress.event("dataset_started", dataset="d150")
        text = frame(progress)
    assert len(text.splitlines()) < 12
    assert "d150" in text
    assert "293 more to do" in text


def test_progress_of_what_is_not_under_way_adds_nothing():
    progress, _ = live()
    with progress:
        progress.event("run_started", pipeline="p", run_id="r", datasets=[("a", "source")])
        progress.event("dataset_progress", dataset="internal", share=0.5)
        progress.event("dataset_progress", dataset="a", share=0.5)
        text = frame(progress)
    assert "internal" not in text
    assert "%" not in text


def test_what_runs_comes_before_what_is_done_before_what_waits():
    parts = [Part(f"p{i}", "transform", "waiting") for i in range(20)]
    for i in range(10):
        parts[i].state, parts[i].started = "done", float(i)
    parts[15].state = "running"
    assert [p.name for p in fitting(parts, 4)] == ["p7", "p8", "p9", "p15"]


def test_time_left_is_told_only_where_it_can_be_known():
    part = Part("a", "source", "running", started=0.0)
    assert part.left(10.0) is None
    part.share = 0.01
    assert part.left(10.0) is None  # too early to tell
    part.share = 0.5
    assert part.left(0.2) is None  # too early to tell
    assert part.left(10.0) == 10.0
    part.state = "done"
    assert part.left(10.0) is None


def test_memory_is_that_of_this_process():
    before = resident_bytes()
    held = bytearray(64 << 20)
    held[::4096] = b"x" * len(held[::4096])
    after = resident_bytes()
    assert before is not None
    assert after is not None
    assert after - before > 32 << 20


def test_rich_is_loaded_only_for_the_live_table():
    script = (
        "import io, sys\n"
        "from penstock.observe.progress import make_progress\n"
        "import penstock.observe.summary, penstock.observe.report\n"
        "make_progress(io.StringIO()); make_progress(io.StringIO(), quiet=True)\n"
        "sys.exit('rich' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
