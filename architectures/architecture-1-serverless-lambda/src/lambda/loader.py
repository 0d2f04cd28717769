"""Lambda function: publishes a run whose slices are all there."""

from __future__ import annotations

from typing import Any

from penstock.runtime.serverless import entry


def handler(event: Any, context: Any) -> Any:
    """Called by Lambda."""
    return entry.load(event, context)
