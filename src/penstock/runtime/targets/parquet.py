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


def scan_named(
    files: Sequence[tuple[str, Mapping[str, str | None]]],
    columns: Sequence[Column],
    *,
    partition_by: Sequence[str] = (),
    ids: Mapping[str, int] | None = None,
    file_column: str | None = None,
) -> str:
    """FROM item: as `scan`, for files of which a log tells everything but the columns inside.

    Args:
        files: absolute path, and partition column → its value as text.
        partition_by: columns that are not inside the files.
        ids: column → the id that the files know it by; None: they know it by its name.
    """
    chosen = [quote(c.name) for c in columns]
    if not files:
        empty = [f"CAST(NULL AS {c.type}) AS {quote(c.name)}" for c in columns]
        if file_column:
            empty.append(f"CAST(NULL AS varchar) AS {quote(file_column)}")
        return f"(SELECT {', '.join(empty)} WHERE false)"
    held = set(partition_by)
    schema = ", ".join(
        f"{ids[c.name] if ids else text(c.name)}: "
        f"{{name: {text(c.name)}, type: {text(c.type)}, default_value: NULL}}"
        for c in columns
        if c.name not in held
    )
    paths = ", ".join(text(_GLOB.sub(r"[\g<0>]", path)) for path, _ in files)
    source = (
        f"read_parquet([{paths}], schema=MAP {{{schema}}}, hive_partitioning=false, "
        "filename='penstock__source')"
    )
    if file_column:
        chosen.append(f"penstock__source AS {quote(file_column)}")
    if not partition_by:
        return f"(SELECT {', '.join(chosen)} FROM {source})"
    kinds = {c.name: c.type for c in columns}
    values = ", ".join(
        "(" + ", ".join([text(path), *(_constant(keys[k]) for k in partition_by)]) + ")"
        for path, keys in files
    )
    typed = ", ".join(f"CAST({quote(k)} AS {kinds[k]}) AS {quote(k)}" for k in partition_by)
    names = ", ".join(["penstock__path", *(quote(k) for k in partition_by)])
    return (
        f"(SELECT {', '.join(chosen)} FROM {source} AS f JOIN "
        f"(SELECT penstock__path, {typed} FROM (VALUES {values}) AS v({names})) AS p "
        "ON f.penstock__source = p.penstock__path)"
    )


def _constant(value: str | None) -> str:
    return "NULL" if value is None else text(value)


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
