"""`penstock schema`: the JSON schema of `pipeline.yaml`, for editors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from penstock.cli.output import Output, pass_output
from penstock.errors import UsageError

# The first line of a pipeline file points an editor's YAML language server here.
PLACE = Path(".penstock") / "pipeline.schema.json"


def pipeline_schema() -> dict[str, Any]:
    """The JSON schema, with the options of every declarative step."""
    from penstock import transforms
    from penstock.spec.schema import json_schema

    return json_schema({name: transforms.load(name) for name in transforms.STEPS})


@click.command("schema")
@click.argument("folder", default=".", type=click.Path(path_type=Path), metavar="[FOLDER]")
@click.option("--write", is_flag=True, help=f"Write it to {PLACE} of the pipeline folder.")
@pass_output
def command(output: Output, *, folder: Path, write: bool) -> None:
    """Print the JSON schema of pipeline.yaml, or write it where the editor looks for it."""
    schema = pipeline_schema()
    text = json.dumps(schema, indent=2, ensure_ascii=False)
    if not write:
        output.result(text, schema)
        return
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder}", code="PSK-CLI-003")
    place = folder / PLACE
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text + "\n", encoding="utf-8")
    line = "# yaml-language-server: $schema=" + PLACE.as_posix()
    output.note(f"wrote {place}; the first line of pipeline.yaml points editors at it: {line}")
    output.result("", {"schema": "penstock.written/1", "files": [place.as_posix()]})
