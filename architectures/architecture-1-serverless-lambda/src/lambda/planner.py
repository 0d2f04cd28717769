"""Plans a run: what is new, cut into slices, a message for each. See decision 0030."""

from __future__ import annotations

from penstock.runtime.serverless.planner import handler

__all__ = ["handler"]
