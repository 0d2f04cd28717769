"""`penstock init NAME`: a new pipeline folder in which everything runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli.output import Output, pass_output
from penstock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

LONGEST = 63
PLACEHOLDER = "my_pipeline"
# A file named .gitignore would work on this repository, too.
RENAMED = {"gitignore": ".gitignore"}
NEXT = ("penstock validate", "penstock test", "penstock run")


@click.command("init")
@click.argument("name", type=click.Path(path_type=Path))
@pass_output
def command(output: Output, *, name: Path) -> None:
    """Make a new pipeline folder NAME: definition, models, tests, and a real sample that runs.

    NAME may be a path, or `.` for the empty folder you are in. Nothing is fetched.
    """
    folder = name
    pipeline = pipeline_name(folder)
    check_free(folder)
    try:
        written = write(folder, pipeline)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot write {error.filename or folder}: {reason}") from error
    steps = [*([] if folder.resolve() == Path.cwd() else [f"cd {folder}"]), *NEXT]
    lines = [f"{pipeline}: {len(written)} files in {folder}/", "", *(f"  {s}" for s in steps)]
    document = {
        "schema": "penstock.init/1",
        "pipeline": pipeline,
        "folder": str(folder),
        "files": written,
        "next": steps,
    }
    output.result("\n".join(lines), document)


def pipeline_name(folder: Path) -> str:
    """The pipeline's name: the folder's.

    Raises:
        UsageError: the folder's name cannot be one. The folder one is in (`.`) is never refused:
            its name was not chosen here.

    >>> pipeline_name(Path("pipelines/daily-flights"))
    'daily-flights'
    """
    given = folder.resolve().name
    near = nearest_name(given)
    if given != near and folder.resolve() != Path.cwd():
        raise UsageError(
            f"`{given}` cannot name a pipeline: it takes up to {LONGEST} lower-case letters and "
            "digits, with single `-` or `_` between them, and starts with a letter",
            code="PSK-CLI-021",
            hint=f"did you mean `{near}`?",
        )
    return near


def nearest_name(text: str) -> str:
    """The valid name that is nearest to a text: the text itself, if it is one.

    >>> nearest_name("2013 Flights (NYC)!"), nearest_name("a_b-c"), nearest_name("???")
    ('flights-nyc', 'a_b-c', 'pipeline')
    """
    words = re.findall(r"[a-z0-9]+|[_-]", text.lower().replace(" ", "-"))
    name = re.sub(r"[_-]*([_-])[_-]*", r"\1", "".join(words))
    return re.sub(r"^[^a-z]+", "", name).strip("_-")[:LONGEST].rstrip("_-") or "pipeline"


def check_free(folder: Path) -> None:
    """Make sure that nothing stands where the pipeline will.

    Raises:
        UsageError: there is a file, or a folder that is not empty.
    """
    if folder.is_dir():
        found = sorted(p.name for p in folder.iterdir() if p.name != ".git")
        if not found:
            return
        shown = ", ".join(found[:3]) + (", …" if len(found) > 3 else "")
        message = f"{folder} is not empty (it holds {shown})"
    elif folder.exists():
        message = f"{folder} is a file"
    else:
        return
    raise UsageError(message, code="PSK-CLI-020", hint="name a folder that does not exist yet")


def write(folder: Path, pipeline: str) -> list[str]:
    """Write the scaffold, and the JSON schema its first line points to.

    Returns:
        The files' paths, relative to the folder.

    Raises:
        OSError: the file system refused.
    """
    from importlib.resources import files

    from penstock.cli.schema import pipeline_schema

    schema = json.dumps(pipeline_schema(), indent=2, ensure_ascii=False) + "\n"
    written: list[str] = []
    for path, source in _walk(files("penstock") / "templates" / "pipeline"):
        content = source.read_bytes()
        if path in {"pipeline.yaml", "README.md"}:
            content = content.replace(PLACEHOLDER.encode(), pipeline.encode())
        _write(folder / RENAMED.get(path, path), content)
        written.append(RENAMED.get(path, path))
    _write(folder / ".penstock" / "pipeline.schema.json", schema.encode())
    return sorted([*written, ".penstock/pipeline.schema.json"])


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _walk(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        path = f"{prefix}{item.name}"
        if item.is_dir():
            yield from _walk(item, f"{path}/")
        else:
            yield path, item
