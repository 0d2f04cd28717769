"""Every Mermaid diagram of the pages is drawn by Mermaid itself, in a real browser."""

from __future__ import annotations

from pathlib import Path

import mermaid
import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "architectures").glob("*/*.md"),
        *(ROOT / "architectures").glob("*/d*/*.md"),
    ]
)
DRAWN = [page for page in PAGES if mermaid.diagrams(page.read_text("utf-8"))]


@pytest.fixture(scope="module")
def made():
    with mermaid.drawing() as found:
        yield found


@pytest.mark.parametrize("page", DRAWN, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_diagram_is_drawn(made, page: Path):
    for text in mermaid.diagrams(page.read_text("utf-8")):
        told = made.draw(text)
        assert "error" not in told, f"{page}: {told['error']}\n{text}"
        assert len(told["labels"]) > 5, page


def test_a_diagram_that_is_wrong_is_told(made):
    assert "error" in made.draw("flowchart LR\n  a --> [b\n")


def test_every_architecture_has_its_two_diagrams_among_them():
    for folder in (ROOT / "architectures").iterdir():
        assert folder / "diagrams" / "architecture-overview.md" in DRAWN
        assert folder / "diagrams" / "data-flow.md" in DRAWN
