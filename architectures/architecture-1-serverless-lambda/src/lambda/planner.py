"""Lambda function: plans a run and has workers begin."""

from __future__ import annotations

from typing import Any

from penstock.runtime.serverless import entry


def handler(event: Any, context: Any) -> Any:
    """Called by Lambda."""
    return entry.plan(event, context)
