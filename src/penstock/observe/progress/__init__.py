"""What `penstock run` shows while it works: a live table, plain lines, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.observe.progress.base import Progress, Silent
from penstock.observe.terminal import encodes, plain_reason

if TYPE_CHECKING:
    from typing import TextIO

DRAWN = "✓⠋━╌"  # what the live table draws with

__all__ = ["Progress", "Silent", "make_progress"]


def make_progress(stream: TextIO, *, quiet: bool = False, plain: bool = False) -> Progress:
    """The display that suits a stream (stderr).

    Args:
        quiet: show nothing (`--quiet`, `--json`).
        plain: one line for each event, even on a terminal.
    """
    if quiet:
        return Silent()
    drawable = stream.isatty() and not plain_reason() and encodes(stream, DRAWN)
    if plain or not drawable:
        from penstock.observe.progress.lines import PlainLines

        return PlainLines(stream)
    from penstock.observe.progress.live import LiveTable

    return LiveTable(stream)
