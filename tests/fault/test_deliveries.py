"""Every event and message comes 1 to 5 times, in any order: no row is lost, none doubled.

`make fault` tries 50 seeds; `make test` some of them.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

pytestmark = pytest.mark.evidence(
    "architecture:lambda", "executed locally", on="S3, SQS and DynamoDB of moto"
)
SEEDS = min(50, int(os.environ["SEEDS"])) if "SEEDS" in os.environ else 5
SAMPLE = Path(__file__).parents[1] / "data" / "events" / "eventbridge-s3.json"
LATE = {"in/d.csv": "carrier,flight,dest,delay\nff,8,JFK,9\ngg,-9,LAX,9\n"}


class Deliveries:
    """What waits to be delivered, each as often as the dice say, and some tries with no time."""

    def __init__(self, case, dice):
        self.case, self.dice = case, dice
        self.waiting = []

    def arrived(self, name):
        """A file is there, and its event on its way."""
        event = json.loads(SAMPLE.read_text())
        event["detail"]["object"]["key"] = f"{self.case.prefix}/{name}"
        self._add("events", json.dumps(event))

    def _add(self, which, body):
        self.waiting += [(which, body)] * self.dice.randint(1, 5)

    def go_on(self):
        """Deliver some messages at once; those that are to come again, and new ones, wait."""
        which, _ = self.dice.choice(self.waiting)
        same = [m for m in self.waiting if m[0] == which]
        batch = self.dice.sample(same, min(len(same), self.dice.randint(1, 3)))
        for each in batch:
            self.waiting.remove(each)
        seconds = 5.0 if which == "tasks" and self.dice.random() < 0.2 else 900.0
        again = self.case.functions.deliver(which, *(b for _, b in batch), seconds=seconds)
        self.waiting += [(which, body) for body in again]
        for found in self.case.functions.waiting():
            self._add(*found)


@pytest.fixture(scope="module")
def expected():
    """The rows of a local run, once one is known."""
    return {}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_messages_in_any_order_and_any_number(case, seed, expected):
    dice = random.Random(seed)
    made = case(form=dice.choice(["parquet", "parquet", "delta", "iceberg"]))
    deliveries = Deliveries(made, dice)
    for name in ("in/a.csv", "in/b.csv", "in/c.csv"):
        deliveries.arrived(name)
    moment = dice.randint(1, 12)
    for number in range(1000):
        if number == moment:
            for name, text in LATE.items():
                made.put(name, text)
                deliveries.arrived(name)
        if not deliveries.waiting:
            if number > moment:
                break
            continue
        deliveries.go_on()
    else:
        raise AssertionError("messages go round for ever")
    if not expected:
        expected.update(made.local()[1])
    assert made.published() == expected
    assert {run.status for run in made.functions.runs()} == {"succeeded"}
    assert 1 <= len(made.functions.runs()) <= 2
    loaded = [run.report["targets"]["all"]["rows_loaded"] for run in made.functions.runs()]
    assert sum(loaded) == len(expected["all"])
