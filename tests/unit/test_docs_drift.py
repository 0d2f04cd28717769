"""The generated pages say what the code says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def generator():
    sys.path.insert(0, str(ROOT / "scripts"))
    import generate_docs

    yield generate_docs
    sys.path.remove(str(ROOT / "scripts"))


def test_every_generated_page_is_in_step_with_the_code(generator):
    behind = [
        name
        for name in generator.PAGES
        if any(
            path.read_text(encoding="utf-8") != generator.render(name)
            for path in generator.places(name)
        )
    ]
    assert behind == [], "run `make docs` and commit what it wrote"


def test_the_page_on_cost_is_current_wherever_it_stands(generator, tmp_path, monkeypatch):
    copy = generator.COPIES["cost-analysis.md"]
    assert generator.places("cost-analysis.md")[0] == ROOT / "docs" / "cost-analysis.md"
    for path in generator.places("cost-analysis.md"):
        assert path.read_text(encoding="utf-8") == generator.render("cost-analysis.md")
    monkeypatch.setattr(generator, "ROOT", tmp_path)
    assert tmp_path / copy not in generator.places("cost-analysis.md")
    (tmp_path / copy).parent.parent.mkdir(parents=True)
    assert tmp_path / copy in generator.places("cost-analysis.md")


def test_the_commands_page_holds_every_command_and_option(generator):
    page = generator.render("reference/commands.md")
    for words in ("## penstock run\n", "### penstock quarantine export\n", "--full-refresh"):
        assert words in page


def test_the_diagnostics_page_holds_every_explanation(generator):
    page = generator.render("reference/diagnostics.md")
    files = list((ROOT / "src" / "penstock" / "explanations").glob("PSK-*.md"))
    assert files
    missing = [f.stem for f in files if f"{{ #{f.stem.lower()} }}" not in page]
    assert missing == []
