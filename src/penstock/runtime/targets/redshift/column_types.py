"""Penstock's types in Redshift: how a column is kept, how it travels in Parquet, how it is read.

https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
"""

from __future__ import annotations

from dataclasses import dataclass

from penstock import types
from penstock.errors import LoadFailed
from penstock.program import Column

LONGEST_TEXT = 65535
"""Bytes of a VARCHAR(MAX)."""
_KEPT = {
    "boolean": "BOOLEAN",
    "smallint": "SMALLINT",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE PRECISION",
    "varchar": "VARCHAR(MAX)",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMPTZ",
    "time": "TIME",
    "blob": "VARBYTE(1024000)",
    "json": "SUPER",
}
# As SVV_COLUMNS names them.
_NAMES = {
    "boolean": "boolean",
    "smallint": "smallint",
    "integer": "integer",
    "bigint": "bigint",
    "double precision": "double",
    "character varying": "varchar",
    "character": "varchar",
    "date": "date",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "binary varying": "blob",
    "super": "json",
}
_NESTED = {"list", "struct", "map"}


@dataclass(frozen=True, slots=True)
class Way:
    """How a column goes from a dataset into the table.

    Attributes:
        written: DuckDB expression over the column, as the file has it.
        staged: type of the column that COPY fills.
        loaded: expression over that column, as the table keeps it; None: it is the same.
    """

    written: str
    staged: str
    loaded: str | None = None


def kept(kind: str) -> str:
    """The type of a table's column.

    >>> kept("decimal(8,2)"), kept("integer[]"), kept("varchar")
    ('DECIMAL(8,2)', 'SUPER', 'VARCHAR(MAX)')
    """
    parsed = types.parse(kind)
    if parsed.name == "decimal":
        return str(parsed).upper()
    return "SUPER" if parsed.name in _NESTED else _KEPT[parsed.name]


def stored(column: Column) -> Column:
    """The column as the table gives it back: nested values are JSON there, all may be NULL."""
    kind = "json" if types.parse(column.type).name in _NESTED else column.type
    return Column(folded(column.name), kind)


def folded(name: str) -> str:
    """A name as Redshift keeps it.

    https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
    """
    return "".join(c.lower() if c.isascii() else c for c in name)


def way(kind: str, name: str, there: str) -> Way:
    """How a column travels.

    COPY of Parquet fills TIMESTAMP but not TIME or TIMESTAMPTZ, and SUPER from nested columns
    only: https://docs.aws.amazon.com/redshift/latest/dg/copy-usage_notes-copy-from-columnar.html

    Args:
        name: of the dataset's column, quoted; `there` that of the table's.
    """
    parsed = types.parse(kind)
    if parsed.name == "timestamptz":
        return Way(f"{name} AT TIME ZONE 'UTC'", "TIMESTAMP", f"{there} AT TIME ZONE 'UTC'")
    if parsed.name == "time":
        return Way(f"CAST({name} AS varchar)", "VARCHAR(32)", f"CAST({there} AS TIME)")
    if parsed.name == "json":
        return Way(f"CAST({name} AS varchar)", "VARCHAR(MAX)", f"JSON_PARSE({there})")
    if parsed.name in _NESTED and _has_map(parsed):
        text = f"CAST(to_json({name}) AS varchar)"
        return Way(text, "VARCHAR(MAX)", f"JSON_PARSE({there})")
    return Way(name, kept(kind))


def nested(kind: str) -> bool:
    """Whether COPY has to be told to make JSON of the column."""
    parsed = types.parse(kind)
    return parsed.name in _NESTED and not _has_map(parsed)


def _has_map(kind: types.Type) -> bool:
    return kind.name == "map" or any(_has_map(t) for _, t in kind.fields)


def from_catalogue(name: str, kind: str, digits: int | None, scale: int | None) -> Column:
    """A column as SVV_COLUMNS tells it.

    Raises:
        LoadFailed: it is of a type that Penstock has not.
    """
    if kind == "numeric":
        return Column(name, f"decimal({digits},{scale})")
    if kind not in _NAMES:
        raise LoadFailed(
            f"the table's column `{name}` is {kind}, which no type of the pipeline file holds",
            code="PSK-TGT-145",
            hint="load into another table, or change the column's type there",
        )
    return Column(name, _NAMES[kind])


def as_text(kind: str, name: str) -> str:
    """Redshift expression: a value as a text from which `from_text` makes it again."""
    parsed = types.parse(kind).name
    if parsed == "json":
        return f"JSON_SERIALIZE({name})"
    if parsed == "blob":
        return f"TO_HEX({name})"
    if parsed == "timestamptz":
        name = f"({name} AT TIME ZONE 'UTC')"
    # Without a length, CAST cuts texts at 256 bytes.
    plain = parsed in {"boolean", "double", "varchar"}
    return name if plain else f"CAST({name} AS VARCHAR(64))"


def from_text(kind: str, name: str, wanted: str) -> str:
    """DuckDB expression: the value of `as_text`, in the type that the pipeline has for it."""
    parsed = types.parse(kind).name
    if parsed == "blob":
        return f"unhex({name})"
    if parsed == "timestamptz":
        return f"CAST({name} || '+00' AS timestamptz)"
    if parsed == "json" and types.parse(wanted).name in _NESTED:
        return f"CAST(CAST({name} AS json) AS {wanted})"
    return f"CAST({name} AS {kind})"
