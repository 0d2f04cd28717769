"""Clauses on Athena: https://trino.io/docs/406/sql/select.html."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.warehouses.athena.binding import gap
from penstock.dialects.portable.warehouses.athena.forms import GAPS
from penstock.dialects.portable.warehouses.declaring import as_written, desugared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.base import Gap

CLAUSES: Mapping[str, str | Gap] = {
    **as_written(
        *("select", "alias", "reserved_names", "distinct", "where", "order_by", "nulls_first"),
        *("limit", "offset", "with", "values", "subquery_from", "scalar_subquery"),
        *("correlated_subquery", "exists", "in_subquery", "group_by", "group_by_nothing"),
        *("grouping_sets", "rollup", "cube", "grouping", "having", "filter"),
        *("inner_join", "left_join", "right_join", "full_join", "full_join_other", "cross_join"),
        *("lateral_columns", "unnest", "ordinality", "union_all", "union", "except"),
        *("except_all", "intersect", "intersect_all", "over", "rows_frame", "range_frame"),
        *("groups_frame",),
    ),
    **desugared(
        *("lateral_alias", "star", "exclude", "replace", "rename", "from_first", "prefix_alias"),
        *("distinct_on", "qualify", "order_by_all", "fetch", "with_columns", "materialized"),
        *("any_all", "group_by_position", "group_by_all", "pivot", "unpivot", "using"),
        *("natural_join", "semi_join", "anti_join", "asof_join", "lateral_first_rows", "series"),
        *("by_name", "common_types", "window_filter", "named_window", "subscript"),
        *("comprehension",),
    ),
    "recursive": gap(GAPS["WITH RECURSIVE"]),
    "frame_exclude": gap("Trino's frames leave out no rows"),
    "list_literal": "ARRAY[…]",
    "list_of_lists": "ARRAY[ARRAY[…]]",
    "lambda": "x -> …, with places by zip_with",
    "list_in_group": "as written; IS NOT DISTINCT FROM in place of =",
    "struct": "a ROW",
    "struct_apart": "a ROW's field",
    "map": "MAP(ARRAY[…], ARRAY[…])",
}
