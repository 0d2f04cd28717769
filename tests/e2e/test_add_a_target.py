"""The walk-through of docs/contributing/add-a-target.md, followed to the letter."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "contributing" / "add-a-target.md"

START = "from penstock.cli.main import main; main()"
PIPELINE = """\
name: walk
sources:
  delays: {connector: file, path: delays.csv, schema: {carrier: varchar, late: integer}}
"""


def block(page: str, language: str) -> str:
    """The first code block of a language."""
    found = re.search(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    assert found
    return found[1]


def test_the_walk_through_makes_a_target_that_works(tmp_path: Path):
    page = PAGE.read_text()
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(["sh", "-ec", block(page, "sh")], cwd=tmp_path, check=True)
    renames = re.findall(r"`(\w+)` to\s+`(\w+)`", page)
    assert len(renames) == 2
    made = tmp_path / "src/penstock/runtime/targets/archive"
    assert len([f for f in made.glob("*.py") if f.name != "__init__.py"]) == 2
    for file in made.glob("*.py"):
        text = file.read_text()
        for old, new in renames:
            text = re.sub(rf"\b{old}\b", new, text)
        file.write_text(text)
    registry = tmp_path / "src/penstock/runtime/registry.py"
    head = "TARGETS: dict[str, Entry] = {\n"
    assert head in registry.read_text()
    registry.write_text(registry.read_text().replace(head, head + block(page, "python")))

    folder = tmp_path / "walk"
    folder.mkdir()
    (folder / "delays.csv").write_text("carrier,late\nUA,3\nB6,5\n")
    (folder / "pipeline.yaml").write_text(PIPELINE + block(page, "yaml"))

    def penstock(*args: str):
        done = subprocess.run(
            [sys.executable, "-c", START, "--json", *args],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, json.loads(done.stdout)

    assert penstock("run")[1]["targets"]["kept"]["rows_loaded"] == 2
    assert (folder / "out" / "delays.csv").read_text() == "carrier,late\nUA,3\nB6,5\n"
    code, found = penstock("query", "SELECT sum(late) AS late FROM kept")
    assert (code, found["rows"]) == (0, [{"late": 8}])

    (folder / "pipeline.yaml").write_text(PIPELINE + block(page, "yaml") + "    compresion: gzip\n")
    code, found = penstock("validate")
    assert code == 3
    assert "did you mean `compression`?" in found["diagnostics"][0]["hint"]
