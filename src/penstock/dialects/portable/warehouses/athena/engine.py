"""Athena's spelling."""

from __future__ import annotations

from penstock.dialects.portable.engine import Engine

# https://docs.aws.amazon.com/athena/latest/ug/data-types.html
ATHENA = Engine(
    name="athena",
    sql="trino",
    types={
        "boolean": "BOOLEAN",
        "smallint": "SMALLINT",
        "integer": "INTEGER",
        "bigint": "BIGINT",
        "double": "DOUBLE",
        "varchar": "VARCHAR",
        "date": "DATE",
        "timestamp": "TIMESTAMP(6)",
        "timestamptz": "TIMESTAMP(6) WITH TIME ZONE",
        "blob": "VARBINARY",
        "json": "VARCHAR",
        "decimal": "DECIMAL({}, {})",
    },
    list_type="ARRAY({})",
    struct_type="ROW({})",
    struct_field="{} {}",
    map_type="MAP({}, {})",
    list_value="ARRAY[{}]",
    struct_value="ROW({})",
    struct_item="{1}",
    map_value="MAP({}, {})",
    # https://trino.io/docs/406/functions/window.html: no EXCLUDE
    frames=frozenset({"ROWS", "RANGE", "GROUPS"}),
    unnests=True,
)
