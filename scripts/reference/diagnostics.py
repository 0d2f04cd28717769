"""Every diagnostic code, from its explanation."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import penstock
from reference.markdown import deeper

EXPLANATIONS = Path(penstock.__file__).parent / "explanations"
AREAS = {
    "BLD": "Builds",
    "BUG": "Faults of Penstock",
    "CLI": "The command line",
    "COST": "Costs",
    "DEF": "The definition as a whole",
    "DEP": "Deployments",
    "DQ": "Quality rules",
    "ENV": "The surroundings",
    "FN": "Functions of a deployment",
    "KPI": "Key figures of a pipeline",
    "LED": "The ledger",
    "PORT": "Portability between engines",
    "CMD": "Commands",
    "PY": "Python steps",
    "REF": "References, names and the graph",
    "RUN": "Runs",
    "SBX": "The sandbox",
    "SQL": "SQL models",
    "SRC": "Sources",
    "STEP": "Declarative steps",
    "TEST": "Unit tests",
    "TGT": "Targets",
    "TUNE": "Sizes of functions",
    "TYPE": "Types",
    "YAML": "The pipeline file",
}


def page() -> str:
    """The explanations, under the areas of their codes."""
    lines = [
        "# Diagnostics",
        "",
        "Each finding has a stable code. `penstock explain CODE` prints what stands here.",
    ]
    files = sorted(EXPLANATIONS.glob("PSK-*.md"))
    for area, group in groupby(files, key=lambda f: f.stem.split("-")[1]):
        lines += ["", f"## {AREAS[area]} ({area})"]
        for file in group:
            title, _, body = file.read_text(encoding="utf-8").partition("\n")
            lines += ["", f"### {file.stem}: {title.lstrip('# ')} {{ #{file.stem.lower()} }}"]
            lines += ["", _examples(deeper(body.strip(), 2))]
    return "\n".join(lines)


def _examples(body: str) -> str:
    """Right and wrong as words in bold: as headings they would fill the page's contents."""
    return body.replace("#### Wrong", "**Wrong**\n").replace("#### Right", "**Right**\n")
