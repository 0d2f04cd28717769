"""The layers of the design hold at run time too, and the contracts would notice a breach."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "penstock"
COMPILER_SIDE = {"sqlglot", "pydantic", "rich", "click", "yaml"}
HEAVY = {"duckdb", "pyarrow", "sqlglot", "pydantic", "rich"}


def modules_of(folder: Path) -> list[str]:
    """Dotted names of the modules in a folder of the package."""
    files = folder.rglob("*.py")
    names = (".".join(f.relative_to(SOURCE.parent).with_suffix("").parts) for f in files)
    return sorted(name.removesuffix(".__init__") for name in names)


def imported_by(modules: list[str]) -> set[str]:
    """Top-level packages in memory after importing modules into a fresh interpreter."""
    script = (
        "import importlib, json, sys\n"
        f"for name in {modules!r}: importlib.import_module(name)\n"
        "print(json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_the_whole_runtime_loads_without_the_compilers_packages():
    runtime = modules_of(SOURCE / "runtime")
    assert "penstock.runtime.registry" in runtime
    assert imported_by(runtime) & COMPILER_SIDE == set()


def test_the_runtime_outside_its_engines_loads_no_engine():
    modules = modules_of(SOURCE / "runtime")
    without_engine = [m for m in modules if not m.startswith("penstock.runtime.engines.duckdb")]
    assert imported_by(without_engine) & {"duckdb", "pyarrow"} == set()


def test_no_command_loads_a_heavy_package_before_it_runs():
    commands = modules_of(SOURCE / "cli")
    assert "penstock.cli.main" in commands
    assert imported_by(commands) & HEAVY == set()


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, in which no contract is broken."""
    place = tmp_path_factory.mktemp("layers")
    ignored = shutil.ignore_patterns("__pycache__", "templates")
    shutil.copytree(SOURCE, place / "penstock", ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", place)
    assert contracts(place).returncode == 0
    return place


@pytest.mark.parametrize(
    ("file", "breach"),
    [
        ("spec/breach.py", "import penstock.compiler"),
        ("runtime/breach.py", "import sqlglot"),
        ("compiler/breach.py", "import penstock.runtime.engines.base"),
    ],
)
def test_a_breach_of_a_layer_is_noticed(copied: Path, file: str, breach: str):
    path = copied / "penstock" / file
    path.write_text(f"{breach}\n")
    broken = contracts(copied)
    path.unlink()
    assert broken.returncode == 1
    assert "1 broken" in broken.stdout


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a copy of the package."""
    script = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-c", script], cwd=folder, capture_output=True, text=True, check=False
    )
