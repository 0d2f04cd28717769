"""Works on one slice of a run: reads, transforms, checks, stages. See decision 0030."""

from __future__ import annotations

from penstock.runtime.serverless.worker import handler

__all__ = ["handler"]
