"""Clauses that Snowflake and Redshift both have, as they are written or as others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.portable.warehouses.declaring import as_written

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.dialects.base import Gap

_NAMED = "the columns by name"
_COALESCED = "ON, with the first value that is not NULL"
CLAUSES: Mapping[str, str | Gap] = {
    **as_written(
        "select",
        "alias",
        "reserved_names",
        "distinct",
        "where",
        "order_by",
        "nulls_first",
        "limit",
        "offset",
        "with",
        "subquery_from",
        "scalar_subquery",
        "correlated_subquery",
        "exists",
        "in_subquery",
        "group_by",
        "group_by_nothing",
        "grouping_sets",
        "rollup",
        "cube",
        "having",
        "inner_join",
        "left_join",
        "right_join",
        "full_join",
        "cross_join",
        "union_all",
        "union",
        "except",
        "intersect",
        "rows_frame",
        "recursive",
    ),
    "lateral_alias": "its expression",
    "star": _NAMED,
    "exclude": _NAMED,
    "replace": _NAMED,
    "rename": _NAMED,
    "from_first": "SELECT … FROM",
    "prefix_alias": "AS",
    "distinct_on": "row_number() in a subquery",
    "qualify": "a condition on a subquery",
    "order_by_all": _NAMED,
    "fetch": "LIMIT",
    "with_columns": "AS in the query",
    "materialized": "left out",
    "any_all": "IN, or a comparison with the least or greatest",
    "group_by_position": "its expression",
    "group_by_all": _NAMED,
    "filter": "CASE inside the aggregate",
    "pivot": "an aggregate with a CASE for each value",
    "unpivot": "CASE over a row for each name",
    "using": _COALESCED,
    "natural_join": _COALESCED,
    "semi_join": "EXISTS",
    "anti_join": "NOT EXISTS",
    "asof_join": "LEAD() gives until when a row holds",
    "lateral_first_rows": "row_number() in a subquery",
    "by_name": _NAMED,
    "common_types": "casts",
    "window_filter": "CASE inside the aggregate",
    "named_window": "its definition",
    "struct_apart": "the field's value",
}
"""Clause → how it is written on both."""
