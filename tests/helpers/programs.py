"""Programs that tests start: what they said, also where they hang.

`subprocess.run` kills the program alone when its time is up, and then waits for its children to
close what they inherited: a `terraform` below a `penstock` kept a test from ever ending.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

Done = subprocess.CompletedProcess[str]


def run(
    *command: str | os.PathLike[str],
    seconds: float,
    cwd: str | os.PathLike[str] | None = None,
    env: dict[str, str] | None = None,
) -> Done:
    """Run it to its end in a process group of its own.

    Raises:
        AssertionError: it did not end in time; it and its children are dead then.
    """
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=cwd, env=env, stdout=pipe, stderr=pipe, text=True, start_new_session=True
    ) as process:
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _kill(process)
            out, err = process.communicate()
            words = " ".join([Path(command[0]).name, *map(str, command[1:])])
            raise AssertionError(f"{words} hangs after {seconds} s:\n{out}{err}") from None
        except BaseException:
            _kill(process)
            raise
        return Done(command, process.returncode, out, err)


def _kill(process: subprocess.Popen[str]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
