"""Clauses on Redshift.

https://docs.aws.amazon.com/redshift/latest/dg/r_SELECT_synopsis.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.warehouses.plain import clauses

if TYPE_CHECKING:
    from collections.abc import Mapping


def _gap(why: str, *names: str) -> dict[str, Gap]:
    return dict.fromkeys(names, Gap("notyet", "PSK-PORT-020", why))


CLAUSES: Mapping[str, str | Gap] = {
    **clauses.CLAUSES,
    "grouping": "bits put together",
    # https://docs.aws.amazon.com/redshift/latest/dg/c_Window_functions.html#r_Window_function_synopsis
    "over": "with a frame of ROWS beside an ORDER BY; the ranks without one",
    "values": "SELECTs with UNION ALL",
    **_gap("Redshift does a FULL JOIN over equal columns only", "full_join_other"),
    **_gap("Redshift has no LATERAL", "lateral_columns"),
    **_gap("Redshift has EXCEPT and INTERSECT without ALL", "except_all", "intersect_all"),
    **_gap("Redshift's frames are of ROWS", "range_frame", "groups_frame", "frame_exclude"),
    **_gap(
        "Redshift has SUPER, whose elements have no type, and no lists",
        "unnest",
        "ordinality",
        "series",
        "list_literal",
        "list_of_lists",
        "subscript",
        "comprehension",
        "lambda",
        "list_in_group",
        "struct",
        "map",
    ),
}
"""Clause → how Redshift writes it."""
