"""Which engine runs what: from the capabilities and gaps the compiler asks."""

from __future__ import annotations

from typing import get_args

from penstock import dialects
from penstock.dialects.base import Capabilities, Gap, Kind
from reference.markdown import table

KINDS = {
    "sql": "SQL models",
    "steps": "declarative steps",
    "python": "Python steps",
    "command": "commands",
}
WORDS = {"notimpl": "not built yet", "notyet": "the engine cannot yet", "never": "no"}


def page() -> str:
    """The support matrix and its reasons."""
    columns = [KINDS[kind] for kind in get_args(Kind)]
    rows, reasons = [], []
    for name in dialects.ENGINES:
        cells = []
        missing = dialects.missing(name)
        found = None if missing else dialects.load(name)
        for kind in get_args(Kind):
            gap = missing or _gap(found, kind)
            cells.append(WORDS[gap.kind] if gap else "yes")
            if gap:
                reason = f"- {name}, {KINDS[kind]}: {gap.because} ({link(gap.code)})"
                reasons.append(reason if not missing else f"- {name}: {gap.because}")
        rows.append([f"`{name}`", *cells])
    return "\n".join(
        [
            "# Engines",
            "",
            "What each engine runs today. A pipeline that needs more than an engine has is refused",
            "by `penstock validate`, with the reason; it is never run differently in silence.",
            "",
            table(["engine", *columns], rows),
            "",
            *dict.fromkeys(reasons),
        ]
    )


def link(code: str) -> str:
    """A code, linked to its explanation."""
    return f"[{code}](diagnostics.md#{code.lower()})"


def _gap(capabilities: Capabilities | None, kind: Kind) -> Gap | None:
    return capabilities.gap(kind) if capabilities else None
