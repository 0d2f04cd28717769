"""What is not asked for costs nothing, and what listens never ends a run."""

from __future__ import annotations

import json
import subprocess
import sys
import time

from penstock.runtime.telemetry.fan_out import Telemetry
from penstock.runtime.telemetry.opening import open_telemetry

SCRIPT = """
import json, sys, time
from pathlib import Path
from penstock.runtime import run  # what a run has in memory anyway
before = set(sys.modules)
clock = time.process_time()
from penstock.runtime.telemetry.opening import open_telemetry
telemetry = open_telemetry({"PATH": "/bin"}, Path("."))
for i in range(100):
    telemetry.event("dataset_finished", dataset="orders", rows_in=1)
telemetry.close()
took = time.process_time() - clock
print(json.dumps({"seconds": took, "modules": sorted(set(sys.modules) - before)}))
"""


def test_where_nothing_is_asked_for_nothing_is_imported_and_no_time_passes():
    told = []
    for _ in range(5):  # the first may read modules from a cold disk
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
        )
        told.append(json.loads(done.stdout))
    assert told[0]["modules"] == [
        "penstock.runtime.telemetry",
        "penstock.runtime.telemetry.fan_out",
        "penstock.runtime.telemetry.opening",
    ]
    assert min(t["seconds"] for t in told) < 0.005


class Broken:
    def __init__(self):
        self.asked = 0

    def event(self, name, **values):
        self.asked += 1
        raise ValueError("no")

    def about(self, fields):
        """Fine."""

    def flush(self):
        """Fine."""

    def close(self):
        raise ValueError("no")


class Heard:
    def __init__(self):
        self.events = []

    def event(self, name, **values):
        self.events.append((name, values))


def test_a_listener_that_breaks_is_left_alone_and_the_run_goes_on(pipeline):
    broken, heard = Broken(), Heard()
    result = pipeline.run(Telemetry([broken], heard))
    assert result.document.status == "succeeded"
    assert broken.asked == 1
    assert ("message", {"text": "broken: no more is told, after ValueError"}) in heard.events
    assert [n for n, _ in heard.events][-1] == "run_finished"


def test_closing_what_is_broken_raises_nothing():
    Telemetry([Broken()]).close()


def test_a_run_takes_no_longer_for_what_it_could_tell(pipeline):
    pipeline.run(open_telemetry({}, pipeline.root))
    took = []
    for _ in range(3):
        telemetry = open_telemetry({}, pipeline.root)
        clock = time.process_time()
        for _ in range(1000):
            telemetry.event("dataset_progress", dataset="orders", share=0.5)
        took.append(time.process_time() - clock)
    assert min(took) < 0.005
