"""Log lines: what is on them, what never is, and where they go."""

from __future__ import annotations

import io
import json
from datetime import datetime

import pytest

from penstock.errors import UsageError
from penstock.runtime.telemetry.opening import open_in_function, open_telemetry


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def logged(pipeline, environment=None, **options):
    out = io.StringIO()
    telemetry = open_telemetry(environment or {}, pipeline.root, log=out)
    result = pipeline.run(telemetry, **options)
    telemetry.close()
    return result, lines(out.getvalue()), out.getvalue()


def test_each_line_says_when_how_grave_and_of_which_run(pipeline):
    result, found, _ = logged(pipeline)
    assert [x["event"] for x in found] == [
        "run_started", "check", "dataset_finished", "check", "check", "dataset_finished",
        "dataset_finished", "target_finished", "run_finished",
    ]  # fmt: skip
    for line in found:
        assert datetime.fromisoformat(line["timestamp"]).utcoffset().total_seconds() == 0
        assert (line["pipeline"], line["attempt"]) == ("shop", 1)
        assert line["run_id"] == result.document.run_id
    held = next(x for x in found if x.get("action") == "quarantine")
    assert (held["level"], held["outcome"], held["failed_rows"]) == ("WARNING", "failed", 1)
    clean = next(x for x in found if x["event"] == "dataset_finished" and x["dataset"] == "clean")
    assert (clean["rows_in"], clean["rows_out"], clean["filtered"]) == (4, 2, 1)
    assert clean["quarantined"] == 1
    end = found[-1]
    assert (end["level"], end["status"]) == ("INFO", "succeeded")
    assert end["seconds"] > 0


def test_the_file_in_the_runs_folder_holds_the_same_lines(pipeline):
    result, found, _ = logged(pipeline, {"PENSTOCK_LOG_LEVEL": "debug"})
    kept = pipeline.root / ".penstock" / "runs" / result.document.run_id / "log.ndjson"
    assert lines(kept.read_text()) == found
    assert found[0]["event"] == "plan_started"  # before there was a folder
    assert {x["level"] for x in found} == {"DEBUG", "INFO", "WARNING"}


def test_a_level_leaves_out_what_is_less_grave(pipeline):
    _, found, _ = logged(pipeline, {"PENSTOCK_LOG_LEVEL": "WARNING"})
    assert [(x["event"], x["action"]) for x in found] == [
        ("check", "warn"),
        ("check", "quarantine"),
    ]


def test_a_level_that_there_is_not_is_told_with_those_there_are(pipeline):
    with pytest.raises(UsageError, match="DEBUG, INFO, WARNING, ERROR, not `LOUD`"):
        open_telemetry({"PENSTOCK_LOG_LEVEL": "loud"}, pipeline.root, log=io.StringIO())


def test_a_run_that_a_rule_stops_ends_in_an_error_with_its_code(pipeline):
    pipeline.edit("RowCount > 0", "RowCount > 10")
    _, found, _ = logged(pipeline)
    end = found[-1]
    assert (end["level"], end["status"], end["code"]) == ("ERROR", "stopped", "PSK-RUN-015")
    assert "RowCount > 10" in end["message"]
    assert (end["file"], end["line"]) == ("pipeline.yaml", 17)


def test_no_row_and_no_secret_is_ever_on_a_line(pipeline):
    # A value that breaks a step is quoted by the engine in its error.
    pipeline.edit("filter: amount > 0", "derive: {n: cast(customer as integer)}")
    environment = {"PENSTOCK_LOG_LEVEL": "DEBUG", "PENSTOCK_SECRET_DB": "4711"}
    result, found, text = logged(pipeline, environment)
    assert result.document.status == "failed"
    assert "SECRETANN" in result.document.error["message"]
    assert found[-1]["code"] == result.document.error["code"]
    assert "secretann" not in text.lower()
    out = io.StringIO()
    telemetry = open_telemetry(environment, pipeline.root, log=out)
    telemetry.event("message", text="postgres://me:pw@db refused 4711")
    telemetry.event("dataset_finished", dataset="orders", rows=[{"customer": "ann"}], options={})
    assert "4711" not in out.getvalue()
    assert "pw" not in out.getvalue()
    assert "ann" not in out.getvalue()


def test_a_function_puts_its_request_and_slice_on_every_line(tmp_path):
    out = io.StringIO()
    telemetry = open_in_function({"PENSTOCK_LOG_LEVEL": "nonsense"}, tmp_path, out)
    with telemetry.about(request_id="r-1", run_id="run-1", attempt=2, slice=0):
        telemetry.event("dataset_finished", dataset="orders", rows_in=3)
        telemetry.event("run_started", pipeline="shop", run_id="run-1", attempt=2)
    telemetry.event("planned", status="planned", run_id="run-2", attempt=1, slices=4)
    telemetry.event("error", code="PSK-FN-005", message="boom", message_id="m", deliveries=3)
    first, _, second, third = lines(out.getvalue())
    assert {k: first[k] for k in ("request_id", "run_id", "attempt", "slice", "rows_in")} == {
        "request_id": "r-1", "run_id": "run-1", "attempt": 2, "slice": 0, "rows_in": 3,
    }  # fmt: skip
    assert "request_id" not in second
    assert (second["event"], second["run_id"], second["slices"]) == ("planned", "run-2", 4)
    assert "run_id" not in third
    assert (third["level"], third["code"], third["deliveries"]) == ("ERROR", "PSK-FN-005", 3)


def test_a_stream_that_nobody_reads_any_more_ends_no_run(pipeline):
    class Closed(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    telemetry = open_telemetry({}, pipeline.root, log=Closed())
    result = pipeline.run(telemetry)
    telemetry.close()
    assert result.document.status == "succeeded"
    kept = pipeline.root / ".penstock" / "runs" / result.document.run_id / "log.ndjson"
    assert lines(kept.read_text())[-1]["event"] == "run_finished"
