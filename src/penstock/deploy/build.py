"""Makes a build: one folder with everything that `terraform apply` needs.

    program.json     packages/     monitoring/     terraform/     build.json

A second build into the same folder replaces what the first wrote, which `build.json` lists, and
nothing else: Terraform's state, its lock file and a `backend.tf` of the user's stay.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock import __version__
from penstock.deploy.base import assets
from penstock.errors import BuildError, in_words
from penstock.program import canonical

if TYPE_CHECKING:
    from penstock.deploy.base import Architecture
    from penstock.program import Program
    from penstock.spec import Definition

SCHEMA = "penstock.build/1"
RECORD = "build.json"
# In the repository modules are shared by all architectures; in a build each is beside its root.
_SHARED = re.compile(r'(source\s*=\s*")(?:\.\./)+terraform/modules/([\w-]+)"')
_MODULES = frozenset({".tf", ".example"})


@dataclass(frozen=True, slots=True)
class Build:
    """A build that was made: its folder, and what `build.json` says."""

    folder: Path
    record: dict[str, Any]


def build(
    definition: Definition,
    program: Program,
    chosen: Architecture,
    output: Path,
    *,
    here: bool = False,
) -> Build:
    """Build a pipeline for an architecture.

    Args:
        output: the folder; it is made, or holds an older build.
        here: for the sandbox: what it runs, runs on this machine.

    Raises:
        BuildError: the pipeline cannot run there, or the folder holds something else.
        Unavailable: what the packages are made of cannot be fetched.
    """
    before = _before(output)
    with tempfile.TemporaryDirectory(prefix="penstock-build-") as place:
        fresh = Path(place)
        (fresh / "packages").mkdir()
        built = chosen.build(definition, program, fresh / "packages", here=here)
        (fresh / "program.json").write_bytes(canonical(program.as_json()) + b"\n")
        _terraform(chosen, built.variables, fresh)
        record = {
            "schema": SCHEMA,
            "penstock": __version__,
            "pipeline": program.pipeline,
            "architecture": chosen.name,
            "engine": program.engine,
            "program": program.digest,
            "packages": built.packages,
            "files": _digests(fresh),
        }
        try:
            _replace(output, before, fresh, record)
        except OSError as error:
            told = in_words(error)
            raise told or error from error
    return Build(output, record)


def _before(output: Path) -> list[str]:
    """The files of an older build.

    Raises:
        BuildError: the folder holds something that is no build.
    """
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return []
    try:
        record = json.loads((output / RECORD).read_text(encoding="utf-8"))
        assert record["schema"] == SCHEMA
        return [name for name in record["files"] if ".." not in Path(name).parts]
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        raise BuildError(
            f"{output} holds something that is not a build",
            code="PSK-BLD-007",
            hint="name another folder with --output, or empty this one",
        ) from error


def _terraform(chosen: Architecture, variables: dict[str, Any], fresh: Path) -> None:
    source = assets("architectures", chosen.folder)
    root = fresh / "terraform"
    modules = root / "modules"
    _copy(source / "terraform", root)
    shared = assets("terraform", "modules")
    wanted = _named(root)
    while wanted:  # a module may use another
        name = wanted.pop()
        _copy(shared / name, modules / name)
        wanted |= {n for n in _named(modules / name) if not (modules / n).exists()}
    for file in root.rglob("*.tf"):
        within = "./modules/" if file.parent == root else "../"
        text = file.read_text(encoding="utf-8")
        file.write_text(_SHARED.sub(rf'\1{within}\2"', text), encoding="utf-8")
    shutil.copytree(source / "monitoring", fresh / "monitoring")
    text = json.dumps(variables, indent=2, ensure_ascii=False)
    (root / "pipeline.auto.tfvars.json").write_text(text + "\n", encoding="utf-8")


def _named(folder: Path) -> set[str]:
    texts = (file.read_text(encoding="utf-8") for file in folder.rglob("*.tf"))
    return {name for text in texts for _, name in _SHARED.findall(text)}


def _copy(source: Path, to: Path) -> None:
    """The files that Terraform reads; tests, states and caches are not part of a build."""
    for file in sorted(source.rglob("*")):
        inside = file.relative_to(source)
        hidden = any(part.startswith(".") or part == "tests" for part in inside.parts)
        if file.is_file() and file.suffix in _MODULES and not hidden:
            (to / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, to / inside)


def _digests(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def _replace(output: Path, before: list[str], fresh: Path, record: dict[str, Any]) -> None:
    """Put the new files into place; `build.json` comes last, so that it never lists too few."""
    output.mkdir(parents=True, exist_ok=True)
    for name in record["files"]:
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(fresh / name, output / name)
    for name in set(before) - set(record["files"]):
        (output / name).unlink(missing_ok=True)
    text = json.dumps(record, indent=2, ensure_ascii=False)
    (output / RECORD).write_text(text + "\n", encoding="utf-8")
