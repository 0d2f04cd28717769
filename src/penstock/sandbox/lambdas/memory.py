"""A function's memory limit: the resident memory of its processes, looked at every 20 ms.

Lambda's limit is a control group's, which no user may make without rights. A limit on address space
(RLIMIT_AS) would refuse what Lambda grants: DuckDB and Arrow reserve far more than they use. So the
processes are watched, and killed as Lambda kills them. What it cannot do: see a peak shorter than
20 ms, or count what lies in /tmp or in the page cache.
"""

from __future__ import annotations

import os
from pathlib import Path

STEP_SECONDS = 0.02
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident(group: int) -> int:
    """Bytes of resident memory of a process group; shared pages count for each process."""
    return sum(_resident(pid) for pid in _members(group))


def _members(group: int) -> list[int]:
    """The group's leader and its descendants."""
    found, pending = [], [group]
    while pending:
        pid = pending.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                pending += map(int, (task / "children").read_text().split())
        except (OSError, ValueError):
            continue
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0
