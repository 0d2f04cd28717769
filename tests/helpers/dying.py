"""Functions that are killed, and the time that passes until others may go on."""

from __future__ import annotations

import os
import sys
import time
import uuid
from pathlib import Path

from children import start
from functions import killed

from penstock.errors import Conflict
from penstock.runtime.ledger.base import DAILY
from penstock.runtime.ledger.dynamodb import DynamoDBLedger
from penstock.runtime.publish import lane_lock, publish_lock

sys.path.append(str(Path(__file__).parents[1] / "fault"))  # what kills children


def dies(made, which, body, point, when, nth=1, *, deliveries=1):
    root = str(made.folder / uuid.uuid4().hex)
    environment = {**os.environ, **made.functions.environment}
    child = start(killed, which, body, environment, root, point, when, nth, deliveries)
    child.join(60)
    assert child.exitcode == -9, (point, when, child.exitcode)


def a_minute_passes(made):
    """Locks of the dead are free, unless their lease is longer; whether the lane's is."""
    table = made.functions.environment["PENSTOCK_LEDGER"].removeprefix("dynamodb://")
    late = DynamoDBLedger(table, clock=lambda: time.time() + 60)
    free = {}
    for name in (publish_lock("flights"), lane_lock("flights", DAILY)):
        try:
            late.release(late.acquire(name, "test", lease_seconds=1))
        except Conflict:
            free[name] = False
        else:
            free[name] = True
    late.close()
    return free[name]
