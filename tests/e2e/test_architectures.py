"""One pipeline gives the same rows at home and through every architecture that can be built.

An architecture joins by its line in `WAYS`: how a run of it is started and awaited here. What runs
is its own code on stand-ins for AWS; the cheapest way that leaves nothing of it out will do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import evidence
import pytest
from twins import COUNTS

from penstock.deploy.base import ARCHITECTURES

if TYPE_CHECKING:
    from penstock.runtime.ledger.base import RunRecord

MORE = {
    "in/d.csv": "carrier,flight,dest,delay\nff,8,JFK,9\n gg,9,LAX,-3\n",
    "in/e.csv": "carrier,flight,dest,delay\nhh,10,XXX,50\nii,-11,JFK,1\njj,x,JFK,1\n,12,LAX,2\n",
}
NOTHING = "skipped"


class Way(Protocol):
    """A pipeline (`twins.Case`) in an architecture: its sources and targets are those of the case."""

    def start(self) -> str:
        """Have a run begin as a schedule would, and wait for its end; says how it began."""

    def runs(self) -> list[RunRecord]:
        """The runs of its ledger, the latest first."""

    def published(self) -> dict[str, list[tuple]]:
        """Target → the rows that its readers see, sorted."""


class Functions:
    """Architecture 1: planner, workers and loader; messages come up to three times, in any order."""

    def __init__(self, made) -> None:
        self.made = made

    def start(self) -> str:
        began = self.made.functions.plan()["status"]
        self.made.functions.drain(seed=7, most=3)
        return began

    def runs(self) -> list[RunRecord]:
        return self.made.functions.runs()

    def published(self) -> dict[str, list[tuple]]:
        return self.made.published()


WAYS: dict[str, type[Way]] = {"lambda": Functions}
ON = {"lambda": "S3, SQS and DynamoDB of moto"}


def test_every_architecture_that_can_be_built_has_joined():
    assert set(WAYS) == set(ON) == set(ARCHITECTURES)


def shown(names):
    """Architectures as parameters, each marked with what the test shows of it."""
    marks = {n: evidence.marker(f"architecture:{n}", "executed locally", on=ON[n]) for n in names}
    return [pytest.param(name, marks=marks[name], id=name) for name in names]


@pytest.mark.parametrize("form", ["parquet", "iceberg"])
@pytest.mark.parametrize("name", shown(WAYS))
def test_the_same_rows_at_home_and_through_the_architecture(name, form, case):
    made = case(form=form)
    way = WAYS[name](made)
    assert way.start() != NOTHING
    report, expected = made.local()
    assert way.published() == expected
    assert all(expected.values())
    accounted_for_as(report, way.runs()[0])

    # What is there is not read again; what comes is.
    assert way.start() == NOTHING
    assert way.published() == expected
    for path, text in MORE.items():
        made.put(path, text)
    way.start()
    report, expected = made.local()
    assert way.published() == expected
    assert [run.status for run in way.runs() if run.status != NOTHING] == ["succeeded"] * 2
    accounted_for_as(report, way.runs()[0])


@pytest.mark.parametrize("name", shown(WAYS))
def test_a_run_that_a_rule_stops_publishes_nothing_anywhere(name, case):
    made = case(action="stop")
    made.put("in/e.csv", MORE["in/e.csv"])
    way = WAYS[name](made)
    way.start()
    assert way.runs()[0].status == "stopped"
    assert made.files() == set()


def accounted_for_as(report, run):
    """Every row of every dataset went where it went at home, and every rule found the same."""
    assert run.status == report["status"] == "succeeded"
    for name, counts in report["datasets"].items():
        mine = run.report["datasets"][name]
        assert {k: mine.get(k) for k in COUNTS} == {k: counts.get(k) for k in COUNTS}, name
    assert run.report["quality"] == report["quality"]
