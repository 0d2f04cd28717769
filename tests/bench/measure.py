"""A command measured from outside: wall clock, processor, peak memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PENSTOCK = (sys.executable, "-m", "penstock")

# As where it is installed: an installer compiles the modules, an editable install does so at their
# first use. Without that every start is half a second longer.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def timed(command: list[str], cwd: Path) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and peak MB of a process."""
    clock = time.monotonic()
    child = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert child.stdout is not None
    text = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stdout.close()
    wall = time.monotonic() - clock
    if child.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}:\n{text}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
