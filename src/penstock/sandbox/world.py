"""What the parts of one sandbox's process share."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MOST_PROBLEMS = 200


@dataclass
class World:
    """One sandbox.

    Attributes:
        home: the folder it may write in.
        url: where its server listens.
        region: the region of what it starts by itself.
        concurrency: functions that may run at once, of all functions together.
        retry_seconds: between the first and the second attempt of an asynchronous event; twice as
            long before the third, as in AWS (60 s and 120 s).
        problems: what AWS would have lost in silence, or what the sandbox does not do; newest last.
    """

    home: Path
    url: str
    region: str
    concurrency: int
    retry_seconds: float
    problems: deque[str] = field(default_factory=lambda: deque(maxlen=MOST_PROBLEMS))
    ended: threading.Event = field(default_factory=threading.Event)

    _under_way: int = 0
    _counting: threading.Lock = field(default_factory=threading.Lock)

    @property
    def under_way(self) -> int:
        """Events that functions work on, or that wait to be tried again."""
        return self._under_way

    def begun(self) -> None:
        """One more event is under way."""
        with self._counting:
            self._under_way += 1

    def over(self) -> None:
        """An event is done with, one way or the other."""
        with self._counting:
            self._under_way -= 1

    def problem(self, what: str) -> None:
        """Remember what could not be done for a caller who is not waiting for an answer."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        self.problems.append(f"{at} {what}")
        print(f"problem: {what}", flush=True)  # noqa: T201  # the server's log
