"""Redshift's casts, operators, JSON, and what is standard SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable.aggregating import aggregate
from penstock.dialects.portable.warehouses.plain import others
from penstock.dialects.portable.warehouses.plain.errors import failing

if TYPE_CHECKING:
    from penstock.dialects.portable.entry import Rendering

_CASTS = (
    "between_numbers between_times boolean_and_numbers text_to_boolean text_to_date text_to_decimal"
    " text_to_double text_to_timestamp text_to_whole to_text"
)
_OPERATORS = "add subtract multiply divide whole_division modulo power bits shift compare_numbers"
_YES = "::{0}"
_NO_ZONE = Gap(
    "notimpl",
    "PSK-PORT-020",
    "a text without an offset would be of the session's zone; cast it to a timestamp, which is UTC",
)
# NULL by the page, the empty text by what it said before; of how a number is written it says none:
# https://docs.aws.amazon.com/redshift/latest/dg/JSON_EXTRACT_PATH_TEXT.html
_NO_JSON = Gap(
    "notimpl",
    "PSK-PORT-020",
    "Redshift gives a number as it is written, and NULL or the empty text for what is not there",
)
FUNCTIONS: dict[str, dict[str, Rendering]] = {
    **{f"cast_{name}": {"": _YES} for name in _CASTS.split()},
    "cast_text_to_timestamptz": {"": _NO_ZONE},
    **{f"operator_{name}": {"": _YES} for name in _OPERATORS.split()},
    "error": {"varchar": failing},
    "sum": {"double": aggregate("SUM({distinct}{0})")},
    "json_extract_string": {"varchar, varchar | json, varchar": _NO_JSON},
    "json_array_length": {"varchar, varchar? | json, varchar?": _NO_JSON},
    "json_exists": {"varchar, varchar | json, varchar": _NO_JSON},
    "json_keys": {"varchar, varchar? | json, varchar?": _NO_JSON},
}
"""Function → what it takes → its rendering; of casts and operators the engine says how."""
SAME = others.SAME
