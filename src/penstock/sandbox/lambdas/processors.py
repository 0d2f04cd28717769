"""The processors that come with a function's memory, for who measures its time.

Lambda gives a function a share of its processors in proportion to its memory: 1,769 MB are one
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). A control group with a
quota would do it, which no user may make without rights. So the process is stopped for the rest of
each tenth of a second, once it has used its share of it; and it sees as many processors as in
Lambda, if this machine has them.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MB_A_PROCESSOR = 1769
# https://github.com/rwnx/lambda-cpuinfo measured what a function sees: from which memory on, MB.
_SEEN = ((8846, 6), (7077, 5), (5308, 4), (3009, 3), (0, 2))
_PERIOD_SECONDS = 0.1
_STEP_SECONDS = 0.002


def share(memory: int) -> float:
    """Processors that come with so many MB.

    >>> share(1769), round(share(512), 2)
    (1.0, 0.29)
    """
    return memory / MB_A_PROCESSOR


def seen(memory: int) -> int:
    """Processors that a function of so many MB sees, and starts threads for.

    >>> seen(512), seen(3008), seen(10240)
    (2, 2, 6)
    """
    return next(count for least, count in _SEEN if memory >= least)


def here() -> int:
    """Processors of this machine that may be used."""
    return len(os.sched_getaffinity(0))


def used(pid: int) -> float:
    """Seconds of processor that a process has used, all its threads together.

    Raises:
        OSError: there is no such process.
    """
    return time.clock_gettime((~pid << 3) | 2)  # MAKE_PROCESS_CPUCLOCK of Linux


@contextmanager
def held_to(pid: int, memory: int) -> Iterator[None]:
    """Give a process the processors of so many MB and no more; it leads its process group.

    Args:
        pid: it must have just begun: threads that it has started already see all processors.
    """
    mine = sorted(os.sched_getaffinity(0))
    with suppress(OSError):
        os.sched_setaffinity(pid, mine[: seen(memory)])
    ended = threading.Event()
    keeper = threading.Thread(target=_keep, args=(pid, share(memory), ended), daemon=True)
    if share(memory) < min(seen(memory), len(mine)):  # else it cannot use more
        keeper.start()
    try:
        yield
    finally:
        ended.set()
        if keeper.ident is not None:
            keeper.join()
        with suppress(OSError):
            os.killpg(pid, signal.SIGCONT)


def _keep(pid: int, allowed: float, ended: threading.Event) -> None:
    quota = allowed * _PERIOD_SECONDS
    with suppress(OSError):  # it has ended
        before, credit = used(pid), quota
        while not ended.is_set():
            until = time.monotonic() + _PERIOD_SECONDS
            stopped = False
            while (left := until - time.monotonic()) > 0 and not ended.is_set():
                if not stopped and used(pid) - before >= credit:
                    os.killpg(pid, signal.SIGSTOP)
                    stopped = True
                ended.wait(left if stopped else min(left, _STEP_SECONDS))
            if stopped:
                os.killpg(pid, signal.SIGCONT)
            now = used(pid)
            # What was too much is owed; what was not used is not kept, as with a quota.
            credit = min(quota, credit - (now - before) + quota)
            before = now
