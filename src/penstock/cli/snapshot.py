"""What checking a pipeline gave, kept until something it was made from changes.

Compiling a thousand models takes seconds, and most of the time nothing was changed. A snapshot
holds the diagnostics and the Program of a definition without errors, and what they were made
from: the content of its files, the stamps of its sources' files, the environment, Penstock
itself. It lies in `.penstock/cache/checked` and may be deleted at any time.

Standard library only: what reads a snapshot must not pay for loading the compiler.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock import __version__
from penstock.diagnostics import Diagnostic, Span
from penstock.errors import PenstockError
from penstock.program import Program, canonical
from penstock.runtime import registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FOLDER = (".penstock", "cache", "checked")
FILE = "pipeline.yaml"
MOST_KEPT = 16
_ENVIRONMENT = re.compile(r"\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}")
_OURS = "PENSTOCK_"


@dataclass(frozen=True)
class Checked:
    """What checking a pipeline gave.

    Attributes:
        counts: kind of thing (`source`, `transform`, `rule`, `target`) → how many there are.
        engines: engine → whether it can run the pipeline, as `validate --json` publishes it.
        files: path → text of every file of the definition.
        program: None if there are errors.
        deploy: `architecture` and its `settings`, where the pipeline names one.
    """

    root: Path
    name: str
    diagnostics: tuple[Diagnostic, ...]
    engines: Mapping[str, Any]
    counts: Mapping[str, int]
    files: Mapping[str, str] = field(default_factory=dict)
    program: Program | None = None
    deploy: Mapping[str, Any] | None = None

    @property
    def valid(self) -> bool:
        """Whether there is no error."""
        return not any(d.severity == "error" for d in self.diagnostics)


def recall(root: Path, asked: Mapping[str, Any]) -> Checked | None:
    """What was kept for the same question, if all it was made from is as it was.

    Args:
        asked: engine, profile, variables: anything that the answer depends on.
    """
    try:
        kept = json.loads(_path(root, asked).read_bytes())
        if kept["made_by"] != _made_by() or kept["asked"] != asked:
            return None
        texts = {name: (root / name).read_bytes() for name in kept["files"]}
        if {n: _hash(t) for n, t in texts.items()} != kept["files"]:
            return None
        if _surroundings(root, texts[FILE], python=bool(kept["python"])) != kept["surroundings"]:
            return None
        program = Program.from_json(kept["program"])
        if _sources(program, root) != kept["sources"]:
            return None
        return Checked(
            root=root,
            name=kept["name"],
            diagnostics=tuple(_diagnostic(d) for d in kept["diagnostics"]),
            engines=kept["engines"],
            counts=kept["counts"],
            files={name: text.decode("utf-8-sig") for name, text in texts.items()},
            program=program,
            deploy=kept["deploy"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def keep(checked: Checked, asked: Mapping[str, Any]) -> None:
    """Keep what was found, where it is known what it was made from."""
    program = checked.program
    if program is None or not checked.valid:
        return
    steps = [s for s in program.statements if s.python is not None]
    sources = _sources(program, checked.root)
    if sources is None or FILE not in checked.files:
        return
    with suppress(OSError, ValueError):
        texts = {name: (checked.root / name).read_bytes() for name in checked.files}
        document = {
            "made_by": _made_by(),
            "asked": asked,
            "files": {name: _hash(text) for name, text in texts.items()},
            "python": bool(steps),
            "surroundings": _surroundings(checked.root, texts[FILE], python=bool(steps)),
            "sources": sources,
            "name": checked.name,
            "diagnostics": [asdict(d) for d in checked.diagnostics],
            "engines": checked.engines,
            "counts": checked.counts,
            "program": program.as_json(),
            "deploy": checked.deploy,
        }
        path = _path(checked.root, asked)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(document), "utf-8")
        temporary.replace(path)
        _forget_old(path.parent)


def _path(root: Path, asked: Mapping[str, Any]) -> Path:
    return root.joinpath(*FOLDER, f"{_hash(canonical(asked))[:16]}.json")


def _forget_old(folder: Path) -> None:
    kept = sorted(folder.glob("*.json"), key=lambda p: p.stat().st_mtime, reverse=True)
    for path in kept[MOST_KEPT:]:
        path.unlink(missing_ok=True)


def _surroundings(root: Path, definition: bytes, *, python: bool) -> str:
    """Of what is not named in the definition: the environment, recorded schemas, Python files."""
    names = set(_ENVIRONMENT.findall(definition.decode("utf-8", "replace")))
    names |= {name for name in os.environ if name.startswith(_OURS)}
    told: list[Any] = [sorted((name, os.environ.get(name)) for name in names)]
    told.append(sorted(p.name for p in (root / "schemas").glob("*.yaml")))
    if python:
        told.append([(p.as_posix(), _hash(p.read_bytes())) for p in _python_files(root)])
    return _hash(canonical(told))


def _python_files(root: Path) -> Iterable[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith((".", "__")))
        yield from (Path(folder, name) for name in sorted(files) if name.endswith(".py"))


def _sources(program: Program, root: Path) -> dict[str, str] | None:
    """Source → what tells its files as they are from any others; None: one cannot tell."""
    found: dict[str, str] = {}
    for read in program.reads:
        source = registry.source(read.connector)(read, root)
        if not hasattr(source, "stamped"):
            return None
        try:
            files = source.stamped()
        except PenstockError:  # there is none: that is told anew each time
            return None
        found[read.dataset] = _hash(canonical([(f.name, f.identity) for f in files]))
    return found


def _made_by() -> str:
    """Penstock's version, and its code as it is: a developer changes it under one version."""
    newest, count = 0, 0
    waiting = [Path(__file__).parents[1]]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        waiting.append(Path(entry.path))
                elif entry.name.endswith(".py"):
                    count += 1
                    newest = max(newest, entry.stat().st_mtime_ns)
    return f"{__version__} {count} {newest}"


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _diagnostic(kept: dict[str, Any]) -> Diagnostic:
    span = Span(**kept.pop("span")) if kept["span"] else kept.pop("span")
    return Diagnostic(**{**kept, "span": span, "engines": tuple(kept["engines"])})
