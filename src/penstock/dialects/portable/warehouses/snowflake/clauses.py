"""Clauses on Snowflake.

https://docs.snowflake.com/en/sql-reference/constructs
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.clauselist import clauses

if TYPE_CHECKING:
    from collections.abc import Mapping

_LISTS = Gap("notimpl", "PSK-PORT-020", "Penstock writes no lists for Snowflake yet")
CLAUSES: Mapping[str, str | Gap] = {}
