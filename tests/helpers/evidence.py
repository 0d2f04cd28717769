"""Which test shows what of which part, and how far: the evidence labels.

    @pytest.mark.evidence("target:lake", "executed locally", on="S3 of moto")

`pytest --evidence FILE` writes what the marked tests showed, and with `--collect-only` what they
are there to show: `scripts/reference/evidence.py` makes a page of that.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "penstock.evidence/1"
LABELS = ("executed locally", "plan-validated", "run on AWS")
SUBJECT = re.compile(r"(architecture|engine|ledger|source|target|module|part):[a-z][a-z0-9-]*")
NAME = "evidence"


def marker(subject: str, label: str, *, on: str = "this machine") -> pytest.MarkDecorator:
    """The marker, for tests that are marked when they are collected."""
    return pytest.mark.evidence(subject, label, on=on)


def of(item: pytest.Item) -> list[dict[str, str]]:
    """What a test shows.

    Raises:
        pytest.UsageError: a marker is none of ours.
    """
    found = []
    for mark in item.iter_markers("evidence"):
        given = {"on": "this machine", **mark.kwargs}
        if (
            len(mark.args) != 2
            or set(given) != {"on"}
            or mark.args[1] not in LABELS
            or not SUBJECT.fullmatch(mark.args[0])
        ):
            raise pytest.UsageError(
                f"{item.nodeid}: evidence{mark.args}: a subject such as target:lake, and one of "
                f"the labels {', '.join(LABELS)}"
            )
        subject, label = mark.args
        found.append({"subject": subject, "label": label, "on": given["on"]})
    return found


class Recorder:
    """Remembers how each marked test went, and writes it down at the end."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shown: list[dict[str, str]] = []
        self.outcomes: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.config.option.collectonly:
            for item in session.items:
                self.shown += [{**each, "test": item.nodeid} for each in of(item)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Of every phase, so that a test whose set-up or end fails has not passed."""
        before = self.outcomes.get(report.nodeid)
        if report.when == "setup":
            told = [value for name, value in report.user_properties if name == NAME]
            self.shown += [{**each, "test": report.nodeid} for each in told]
        if before in {None, "passed"}:
            self.outcomes[report.nodeid] = report.outcome

    def pytest_sessionfinish(self) -> None:
        found = [
            {**each, "outcome": self.outcomes.get(each["test"], "collected")}
            for each in sorted(self.shown, key=lambda e: (e["subject"], e["label"], e["test"]))
        ]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"schema": SCHEMA, "evidence": found}, indent=1, ensure_ascii=False)
        self.path.write_text(text + "\n", encoding="utf-8")
