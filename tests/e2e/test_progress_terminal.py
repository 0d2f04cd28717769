"""A run as seen on a real terminal, and as seen by a log."""

from __future__ import annotations

import os
import pty
import re
import subprocess
from typing import Any

CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(shop: Any, *args: str) -> str:
    """Everything a command writes to a terminal of 100 by 40."""
    ours, theirs = pty.openpty()
    size = {"COLUMNS": "100", "LINES": "40", "TERM": "xterm-256color"}
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | size
    process = subprocess.Popen(
        shop.command(*args),
        cwd=shop.root,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return seen.decode()


def test_a_terminal_sees_the_live_table_and_keeps_the_summary(shop: Any):
    seen = on_a_terminal(shop, "run")
    assert "\x1b[?25l" in seen
    assert seen.rindex("\x1b[?25h") > seen.rindex("\x1b[?25l")  # the cursor is back
    drawn, _, kept = seen.rpartition("\x1b[?25h")
    assert "memory" in CODES.sub("", drawn)
    words = " ".join(CODES.sub("", kept).split())
    assert "shop succeeded in" in words
    assert "clean_lake 2" in words
    assert "report" in words


def test_a_log_sees_lines_and_the_summary_is_apart(shop: Any):
    done = shop("run")
    assert "\x1b" not in done.out + done.err
    assert re.search(r"^orders: 5 rows in ", done.err, re.MULTILINE)
    assert re.search(r"^clean: 2 rows in .* \(1 filtered, 1 deduplicated, 1 quarantined\)$", done.err, re.MULTILINE)  # fmt: skip
    assert "shop succeeded in" in done.out
    assert "shop succeeded in" not in done.err


def test_json_and_quiet_show_no_progress(shop: Any):
    assert shop("run", "--json").err == ""
    shop.write("data/orders_2.csv", "id,customer,amount,at\n7,ann,1.00,2026-01-04T10:00:00Z\n")
    quiet = shop("--quiet", "run")
    assert quiet.err == ""
    assert "shop succeeded in" in quiet.out
