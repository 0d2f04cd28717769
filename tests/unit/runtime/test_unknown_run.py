"""Which run a ledger must know: the one that succeeded last, whatever its name sorts to."""

from __future__ import annotations

import json

import pytest

from penstock.runtime.rebuild import unknown_run

SECOND = "20260102-030405"
RUNS = {
    "20260102-030404-ffffff": ("succeeded", "2026-01-02T03:04:04.900000Z"),
    f"{SECOND}-aaaaaa": ("succeeded", "2026-01-02T03:04:05.700000Z"),
    f"{SECOND}-bbbbbb": ("succeeded", "2026-01-02T03:04:05.200000Z"),
    f"{SECOND}-cccccc": ("failed", "2026-01-02T03:04:05.900000Z"),
}
NEWEST = f"{SECOND}-aaaaaa"


class Ledger:
    def __init__(self, *known):
        self.known = known

    def run(self, name):
        return name if name in self.known else None


@pytest.fixture
def root(tmp_path):
    for name, (status, ended) in RUNS.items():
        folder = tmp_path / ".penstock" / "runs" / name
        folder.mkdir(parents=True)
        (folder / "end.json").write_text(json.dumps({"status": status, "ended_at": ended}))
    (tmp_path / ".penstock" / "runs" / f"{SECOND}-dddddd").mkdir()  # killed before it ended
    return tmp_path


@pytest.mark.parametrize(
    ("ledger", "unknown"),
    [
        (None, NEWEST),
        (Ledger(), NEWEST),
        (Ledger(*(r for r in RUNS if r != NEWEST)), NEWEST),
        (Ledger(NEWEST), None),
    ],
)
def test_runs_of_one_second(root, ledger, unknown):
    assert unknown_run(root, ledger) == unknown


def test_nothing_ran(tmp_path):
    assert unknown_run(tmp_path, None) is None
