"""Whether the process that holds a lock still lives, and who works here."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path

# States of /proc/PID/stat in which a process does nothing any more: killed, and not yet reaped.
_DEAD_STATES = frozenset("ZXx")


def host() -> str:
    """The name of this host: where a process id means this process.

    Lambda's sandboxes may have the same host name, and each numbers its own processes. Each writes
    a log stream of its own.
    """
    sandbox = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "").replace(":", "_")
    return f"{socket.gethostname()}/{sandbox}" if sandbox else socket.gethostname()


def is_alive(holder: str) -> bool | None:
    """Whether a holder (`host:pid:start-time`) lives; None where this host cannot know.

    >>> is_alive("no-such-host.example:1:0") is None
    True
    """
    name, _, rest = holder.partition(":")
    pid, _, started = rest.partition(":")
    if name != host() or not pid.isdigit():
        return None
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # it is there, and somebody else's
    found = _stat(int(pid))
    if found is None:
        return True
    state, now = found
    return state not in _DEAD_STATES and started in {"", now}


def _stat(pid: int) -> tuple[str, str] | None:
    """State and start time (clock ticks since boot) of a process; None where there is no /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the name in parentheses, which may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    return fields[0], fields[19]


def describe(holder: str) -> str:
    """A holder in words.

    >>> describe("mill:4711:99")
    'process 4711 on mill'
    """
    name, _, rest = holder.partition(":")
    pid = rest.partition(":")[0]
    return f"process {pid} on {name}" if pid else holder


def current_actor() -> str:
    """Who works here, for the audit trail: `user@host`."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        user = f"uid-{os.getuid()}"
    return f"{user}@{socket.gethostname()}"
