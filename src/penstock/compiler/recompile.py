"""Compiles a definition again, far from its folder's machine, for sources that have changed.

The planner of a deployed pipeline has the files of the definition. What they were read with when
the Program was built (profile, variables, environment) lies beside them, in `GIVEN`.
"""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from penstock.compiler import compile_definition
from penstock.errors import BuildError, InvalidDefinition, RunError
from penstock.spec import load_definition

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.program import Column, Program
    from penstock.spec import Definition

GIVEN = ".penstock/given.json"
SCHEMA = "penstock.given/1"
_NAMED = re.compile(r"\$\{env\.([A-Za-z_][A-Za-z0-9_]*)\}")


def given(
    definition: Definition, program: Program, environment: Mapping[str, str] = os.environ
) -> bytes:
    """What `recompile` needs besides the definition's files.

    Of the environment only what the definition names is in it.

    Raises:
        BuildError: the definition does not give that Program again.
    """
    names = sorted({n for text in definition.files.values() for n in _NAMED.findall(text)})
    document = {
        "schema": SCHEMA,
        "profile": definition.profile,
        "variables": {n: _text(v) for n, v in definition.variables.items() if v is not None},
        "environment": {n: environment[n] for n in names if n in environment},
    }
    again = _compiled(
        definition.root, document, program, {r.dataset: r.schema for r in program.reads}
    )
    if again.digest != program.digest:
        raise BuildError(
            "the definition, read again, gives another Program",
            code="PSK-BLD-011",
            hint="was it changed while it was built? Build it again",
        )
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def recompile(root: Path, program: Program, schemas: Mapping[str, tuple[Column, ...]]) -> Program:
    """The Program of the definition in a folder, for sources with these schemas.

    Args:
        program: that of the build.

    Raises:
        InvalidDefinition: it does not compile for them.
        RunError: what it was read with when it was built is not there.
    """
    try:
        document = json.loads((root / GIVEN).read_bytes())
        assert document["schema"] == SCHEMA
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        raise RunError(
            f"{GIVEN} of the package cannot be read",
            code="PSK-FN-003",
            hint="the build puts it there; apply it again",
        ) from error
    return _compiled(root, document, program, schemas)


def _compiled(
    root: Path,
    document: Mapping[str, Any],
    program: Program,
    schemas: Mapping[str, tuple[Column, ...]],
) -> Program:
    definition = load_definition(
        root,
        profile=document["profile"],
        variables=document["variables"],
        environment=document["environment"],
    )
    compiled = compile_definition(definition, program.engine, schemas=schemas)
    if compiled.program is None:
        raise InvalidDefinition(compiled.diagnostics, files=compiled.files)
    return compiled.program


def _text(value: Any) -> str:
    """A variable as `--var` takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
