"""Lambda function: plans a run and has workers begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.runtime.serverless import entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.program import Column, Program


def handler(event: Any, context: Any) -> Any:
    """Called by Lambda."""
    return entry.plan(event, context, recompile)


def recompile(root: Path, program: Program, schemas: Mapping[str, tuple[Column, ...]]) -> Program:
    """Compile the pipeline for other schemas; the compiler is loaded only where one has changed."""
    from penstock.compiler import recompile as compiler

    return compiler.recompile(root, program, schemas)
