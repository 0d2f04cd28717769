"""Loads a run whose slices are all there: checks the whole, commits, remembers.

See decision 0030.
"""

from __future__ import annotations

from penstock.runtime.serverless.loader import handler

__all__ = ["handler"]
