"""Lambda function: puts the events that others send into the inbox."""

from __future__ import annotations

from typing import Any

from penstock.runtime.serverless import receiver


def handler(event: Any, context: Any) -> Any:
    """Called by Lambda."""
    return receiver.handle(event, context)
