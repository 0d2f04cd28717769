"""Reading Parquet files that a manifest names: the one place here that speaks DuckDB's dialect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.runtime.targets.merging import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.program import Column

_GLOB = re.compile(r"[*?\[]")


def scan(
    files: Sequence[str],
    columns: Sequence[Column],
    *,
    layouts: Sequence[Sequence[str]],
    partition: Mapping[str, str],
    file_column: str | None = None,
) -> str:
    """FROM item: the rows of the files, as exactly these columns, in this order.

    Args:
        files: absolute paths.
        layouts: the different sets of columns that the files hold.
        partition: partition column → the key that folders name it by (`month` of `month=1`).
        file_column: also give the path of each row's file, under this name.
    """
    inside = {name.casefold() for names in layouts for name in names}
    chosen = [f"{_expression(c, inside, partition)} AS {quote(c.name)}" for c in columns]
    if not files:
        if file_column:
            chosen.append(f"CAST(NULL AS varchar) AS {quote(file_column)}")
        return f"(SELECT {', '.join(chosen)} WHERE false)"
    options = [f"hive_partitioning={'true' if partition else 'false'}"]
    if partition:
        kinds = {c.name: c.type for c in columns}
        typed = (f"{text(key)}: {text(kinds[name])}" for name, key in partition.items())
        options.append(f"hive_types={{{', '.join(typed)}}}")
    if len(layouts) > 1:
        options.append("union_by_name=true")
    if file_column:
        options.append(f"filename={text(file_column)}")
        chosen.append(quote(file_column))
    paths = ", ".join(text(_GLOB.sub(r"[\g<0>]", path)) for path in files)
    return f"(SELECT {', '.join(chosen)} FROM read_parquet([{paths}], {', '.join(options)}))"


def text(value: str) -> str:
    """A text constant.

    >>> text("it's")
    "'it''s'"
    """
    return "'" + value.replace("'", "''") + "'"


def _expression(column: Column, inside: set[str], partition: Mapping[str, str]) -> str:
    """A cast to the type that a value has already costs nothing."""
    key = partition.get(column.name)
    if key is None:
        key = column.name if column.name.casefold() in inside else None
    return f"CAST({quote(key) if key is not None else 'NULL'} AS {column.type})"
