"""Local files that stand for the objects a source reads on AWS."""

from __future__ import annotations

import glob
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from penstock.program import Program, Read

_S3 = re.compile(r"s3a?://([^/]+)/(.+)", re.DOTALL)
_GLOB = re.compile(r"[*?\[]")


def inputs(
    program: Program, local: Program | None, root: Path, asked: Mapping[str, str]
) -> list[tuple[Path, str, str]]:
    """Which files are put where: file, bucket, key.

    Args:
        program: as it is deployed.
        local: the pipeline as it runs on this machine; its sources of the same name give the
            data that was not asked for.
        root: the pipeline's folder.
        asked: source → file, folder or glob.

    Raises:
        UsageError: a source is unknown, has no data, or reads where no file can be put.
    """
    known = {read.dataset for read in program.reads}
    for name in asked:
        if name not in known:
            raise UsageError(
                f"there is no source `{name}`", hint=f"sources: {', '.join(sorted(known))}"
            )
    own = {read.dataset: read for read in local.reads} if local else {}
    found: list[tuple[Path, str, str]] = []
    for read in program.reads:
        paths = _addresses(read)
        if not paths:
            if read.dataset in asked:
                raise _no_place(read.dataset, f"it is read by `{read.connector}`")
            continue  # a database or an API, which is asked itself
        files = _files(read.dataset, asked.get(read.dataset), own.get(read.dataset), root)
        found += _placed(read.dataset, files, paths[0])
    return found


def _addresses(read: Read) -> list[str]:
    path = read.options.get("path")
    paths: list[Any] = path if isinstance(path, list) else [path]
    return [p for p in paths if isinstance(p, str) and _S3.fullmatch(p)]


def _files(name: str, asked: str | None, own: Read | None, root: Path) -> list[Path]:
    if asked is not None:
        place = Path(asked)
        if place.is_dir():
            files = sorted(p for p in place.rglob("*") if p.is_file())
        else:
            files = [Path(p) for p in sorted(glob.glob(asked, recursive=True))]  # noqa: PTH207
        if not files:
            raise _no_data(name, f"`{asked}` names no file")
        return files
    path = own.options.get("path") if own else None
    paths: list[Any] = path if isinstance(path, list) else [path]
    found = [
        root / each
        for pattern in paths
        if isinstance(pattern, str) and "://" not in pattern
        for each in sorted(glob.glob(pattern, root_dir=root, recursive=True))  # noqa: PTH207
    ]
    files = [p for p in found if p.is_file()]
    if not files:
        raise _no_data(name, "the pipeline's own files are not on this machine")
    return files


def _placed(name: str, files: Sequence[Path], address: str) -> Iterable[tuple[Path, str, str]]:
    held = _S3.fullmatch(address)
    assert held is not None
    bucket, pattern = held[1], held[2]
    if "${" in pattern:
        raise _no_place(name, f"its address depends on the run: {address}")
    if not _GLOB.search(pattern) and len(files) > 1 and not pattern.endswith("/"):
        raise _no_place(name, f"it reads one object, and there are {len(files)} files")
    taken: dict[str, Path] = {}
    for number, file in enumerate(files):
        key = key_for(pattern, file.name)
        if key in taken:  # another folder has a file of that name
            key = key_for(pattern, f"{number}-{file.name}")
        taken[key] = file
    return [(file, bucket, key) for key, file in taken.items()]


def key_for(pattern: str, name: str) -> str:
    """A key that a glob means, as near to a file's name as can be.

    >>> key_for("in/*.csv", "a.csv"), key_for("in/2026-*.csv", "a.csv"), key_for("in/a.csv", "b")
    ('in/a.csv', 'in/2026-a.csv', 'in/a.csv')
    >>> key_for("in/**/*.csv", "a.csv"), key_for("*/x/*.csv", "a.csv"), key_for("in/", "a.csv")
    ('in/a.csv', 'tune/x/a.csv', 'in/a.csv')
    """
    *folders, last = pattern.split("/")
    kept = [_filled(each, "tune") for each in folders if each != "**"]
    stem = name.split(".", maxsplit=1)[0]
    whole = last in {"", "**"} or (_GLOB.search(last) and fnmatchcase(name, last))
    return "/".join([*kept, name if whole else _filled(last, stem)])


def _filled(part: str, word: str) -> str:
    part = part.replace("*", word, 1).replace("*", "").replace("?", "0")
    return re.sub(r"\[!?(.)[^\]]*\]", r"\1", part)


def _no_data(name: str, why: str) -> UsageError:
    return UsageError(
        f"there is no data for the source `{name}`: {why}",
        code="PSK-TUNE-002",
        hint=f"name some: --input {name}=FILE, a folder or a glob",
    )


def _no_place(name: str, why: str) -> UsageError:
    return UsageError(
        f"no file can be put where the source `{name}` reads: {why}",
        code="PSK-TUNE-003",
        hint="leave out --input, or tune with a profile whose source reads `s3://BUCKET/PREFIX/*`",
    )
