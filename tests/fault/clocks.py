"""A run in a child whose clock is wrong."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime

import trials

from penstock.runtime.ledger.sqlite import SQLiteLedger


def with_clock(folder, program, told, before, after):
    """A run whose clock is off by `before` seconds, and from its first commit by `after`."""
    real, shift = time.time, [before]
    time.time = lambda: real() + shift[0]
    ledger = SQLiteLedger.stage

    def stage(*args, **named):
        shift[0] = after
        return ledger(*args, **named)

    SQLiteLedger.stage = stage
    SQLiteLedger.__init__.__kwdefaults__["clock"] = time.time
    for name, found in list(sys.modules.items()):
        if name.startswith("penstock.") and getattr(found, "datetime", None) is datetime:
            found.datetime = shifted(shift)
    trials._child(folder, program, {}, 0, told, {}, None)


def shifted(shift):
    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.fromtimestamp(time.time(), tz or UTC)

    return Shifted
