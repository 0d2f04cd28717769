"""Clauses on Athena."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.warehouses.declaring import as_written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.base import Gap

CLAUSES: Mapping[str, str | Gap] = {**as_written()}
