"""A replay killed at any boundary and then finished is row for row one that nobody touched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_killed_replay_loses_and_doubles_nothing(tmp_path):
    script = Path(__file__).with_name("replay_killer.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout)
    assert found["trials"] >= 30
    assert found["wrong"] == [], json.dumps(found, indent=1)
    states = [state for _, state in found["expected"]["states"]]
    assert sorted(states) == ["held", *["replayed"] * 5]
    assert found["expected"]["faults"] == []
