"""Lambda function: works on one slice of a run."""

from __future__ import annotations

from typing import Any

from penstock.runtime.serverless import entry


def handler(event: Any, context: Any) -> Any:
    """Called by Lambda."""
    return entry.work(event, context)
