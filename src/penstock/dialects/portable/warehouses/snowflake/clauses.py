"""Clauses on Snowflake.

https://docs.snowflake.com/en/sql-reference/constructs
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.warehouses.declaring import as_written
from penstock.dialects.portable.warehouses.plain import clauses

if TYPE_CHECKING:
    from collections.abc import Mapping


def _gap(why: str, *names: str) -> dict[str, Gap]:
    return dict.fromkeys(names, Gap("notimpl", "PSK-PORT-020", why))


CLAUSES: Mapping[str, str | Gap] = {
    **clauses.CLAUSES,
    **as_written("grouping", "full_join_other", "lateral_columns", "over", "range_frame"),
    "values": "VALUES with casts",
    # https://docs.snowflake.com/en/sql-reference/operators-query
    **_gap("Snowflake has EXCEPT and INTERSECT without ALL", "except_all", "intersect_all"),
    # https://docs.snowflake.com/en/sql-reference/functions-window-syntax
    **_gap("Snowflake's frames are of ROWS and RANGE", "groups_frame", "frame_exclude"),
    **_gap(
        "Penstock writes no lists for Snowflake yet",
        "unnest",
        "ordinality",
        "series",
        "list_literal",
        "list_of_lists",
        "subscript",
        "comprehension",
        "lambda",
        "list_in_group",
    ),
    **_gap("Penstock writes no structs and maps for Snowflake yet", "struct", "map"),
}
"""Clause → how Snowflake writes it."""
