"""Redshift's spelling."""

from __future__ import annotations

from penstock.dialects.portable.engine import Engine

REDSHIFT = Engine(name="redshift", sql="redshift", types={})
