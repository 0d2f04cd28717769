"""The first moments of a function's process: its own /tmp, then AWS's runtime client.

Run as a script without Penstock on the path: `python -S launcher.py SPEC`, SPEC being JSON with
`python`, `handler`, `tmp` (a folder), `size` (MB) and `keep` (folders that must stay visible).

With a mount namespace, /tmp is a memory file system of the function's size. Where the system grants
none, TMPDIR names a folder of the function's own, /tmp is this machine's, and the log says so.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
PR_SET_PDEATHSIG = 1  # it ends when the sandbox's server ends, however that ends


def own_tmp(size: int, keep: list[str]) -> None:
    """Mount a /tmp that only this process and its children see.

    Raises:
        OSError: the system does not allow it.
    """
    libc = ctypes.CDLL(None, use_errno=True)

    def must(result: int) -> None:
        if result != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        must(libc.unshare(CLONE_NEWNS))
    else:
        must(libc.unshare(CLONE_NEWNS | CLONE_NEWUSER))
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {uid} 1"),
            ("gid_map", f"{gid} {gid} 1"),
        ):
            Path(f"/proc/self/{name}").write_text(text, encoding="ascii")
    must(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None))
    # What is needed and lies below /tmp is held open, and bound into the new one.
    held = [(path, os.open(path, os.O_PATH)) for path in keep if path.startswith("/tmp/")]  # noqa: S108
    must(libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, f"size={size}m,mode=1777".encode()))
    for path, handle in held:
        Path(path).mkdir(parents=True, exist_ok=True)
        source = f"/proc/self/fd/{handle}".encode()
        must(libc.mount(source, path.encode(), None, MS_BIND | MS_REC, None))
        os.close(handle)


def main(spec: dict[str, Any]) -> None:
    """Become the runtime client."""
    os.chdir(os.environ["LAMBDA_TASK_ROOT"])
    try:
        own_tmp(spec["size"], spec["keep"])
    except OSError as refused:
        Path(spec["tmp"]).mkdir(parents=True, exist_ok=True)
        os.environ["TMPDIR"] = spec["tmp"]
        print(f"SANDBOX /tmp is shared with this machine ({refused})", flush=True)  # noqa: T201
    # The last change of rights is behind it: that would have undone this.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    python = spec["python"]
    os.execv(python, [python, "-S", "-m", "awslambdaric", spec["handler"]])  # noqa: S606


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
