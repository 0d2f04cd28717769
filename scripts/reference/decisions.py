"""The list of decision records."""

from __future__ import annotations

from pathlib import Path

RECORDS = Path(__file__).parents[2] / "docs" / "decisions"


def page() -> str:
    """Every record, by its title."""
    lines = ["# Decisions", "", "Choices that outlive the change they came with, and why.", ""]
    for record in sorted(RECORDS.glob("[0-9]*.md")):
        title = record.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        lines.append(f"- [{title}]({record.name})")
    return "\n".join(lines)
