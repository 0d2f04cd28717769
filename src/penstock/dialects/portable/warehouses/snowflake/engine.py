"""Snowflake's spelling."""

from __future__ import annotations

from penstock.dialects.portable.engine import Engine

SNOWFLAKE = Engine(name="snowflake", sql="snowflake", types={})
