"""Lambda function: plans a run and has workers begin."""

from __future__ import annotations

from typing import Any

from penstock.runtime.serverless import entry


def handler(event: Any, context: Any) -> Any:
    """Called by Lambda."""
    return entry.plan(event, context, recompile)


def recompile(*asked: Any) -> Any:
    """Compile for other schemas; the compiler is loaded only where one has changed."""
    from penstock.compiler.recompile import recompile as compiled

    return compiled(*asked)
