"""A run of the flights pipeline (see `tests/data/observe/make_flights_run.py`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

RUN = Path(__file__).parents[2] / "data" / "observe" / "flights_run.json"


@pytest.fixture
def flights_run() -> dict[str, Any]:
    """`report`, `program` and `extra` of a run that succeeded, with rows set aside."""
    return json.loads(RUN.read_text("utf-8"))


@pytest.fixture
def stopped_run(flights_run: dict[str, Any]) -> dict[str, Any]:
    """The same run, stopped by a rule over `flights_clean`."""
    report, program = flights_run["report"], flights_run["program"]
    rule = report["quality"][3]
    rule["action"] = program["checks"][3]["action"] = "stop"
    file, line, column = program["places"]["check:3"]
    report |= {
        "status": "stopped",
        "targets": {"fleet_export": {"seconds": 0.019}},
        "quality": [q for q in report["quality"] if q["dataset"] != "delays"],
        "error": {
            "code": "PSK-RUN-015",
            "message": f"`flights_clean` breaks the stop rule {rule['rule']}: {rule['reason']}",
            "hint": "nothing of this run was published; mend the data or the rule, then run again",
            "file": file,
            "line": line,
            "column": column,
        },
    }
    for name in ("delays", "weather_delays"):
        del report["datasets"][name]
    return flights_run
