"""The SQL of a merge into files: standard SQL, so that every engine runs it.

A row of the table is replaced where an incoming row has the same keys; NULL keys are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.errors import LoadFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.runtime.engines.base import Engine

SAMPLE = 3


def quote(name: str) -> str:
    """A quoted identifier.

    >>> print(quote('a "b" c'))
    "a ""b"" c"
    """
    return '"' + name.replace('"', '""') + '"'


def same_keys(one: str, other: str, keys: Sequence[str]) -> str:
    """Condition: two rows, by their aliases, have the same keys.

    >>> same_keys("i", "t", ["a", "b"])
    'i."a" IS NOT DISTINCT FROM t."a" AND i."b" IS NOT DISTINCT FROM t."b"'
    """
    return " AND ".join(f"{one}.{quote(k)} IS NOT DISTINCT FROM {other}.{quote(k)}" for k in keys)


def repeated_keys(relation: str, keys: Sequence[str]) -> str:
    """Query: keys that several rows of a relation have, and how many (`copies`)."""
    names = ", ".join(quote(k) for k in keys)
    return (
        f"SELECT {names}, count(*) AS copies FROM {quote(relation)} "
        f"GROUP BY {names} HAVING count(*) > 1"
    )


def refuse_repeated_keys(
    engine: Engine, relation: str, keys: Sequence[str], *, target: str
) -> None:
    """Make sure that no two incoming rows would replace the same row.

    Raises:
        LoadFailed: some do; names how many, and a few of them.
    """
    repeated = repeated_keys(relation, keys)
    total = engine.rows(f"SELECT count(*) AS keys, sum(copies) AS copies FROM ({repeated}) AS r")[0]
    if not total["keys"]:
        return
    samples = engine.rows(repeated, limit=SAMPLE)
    shown = "; ".join(
        ", ".join(f"{k} = {_shown(row[k])}" for k in keys) + f" ({row['copies']} rows)"
        for row in samples
    )
    more = "; …" if total["keys"] > len(samples) else ""
    raise LoadFailed(
        f"target `{target}` merges by {', '.join(keys)}, and {int(total['keys']):,} of these keys "
        f"occur more than once (in {int(total['copies']):,} rows): {shown}{more}",
        code="PSK-TGT-101",
        hint="add a `deduplicate` step, or the column that tells such rows apart to `keys`",
    )


def touched_files(scan: str, file: str, relation: str, keys: Sequence[str]) -> str:
    """Query: the files (column `file` of the FROM item `scan`) with rows that are replaced."""
    return (
        f"SELECT DISTINCT t.{quote(file)} AS path FROM {scan} AS t WHERE EXISTS "
        f"(SELECT 1 FROM {quote(relation)} AS i WHERE {same_keys('i', 't', keys)})"
    )


def merged_rows(
    scan: str | None,
    relation: str,
    *,
    columns: Sequence[str],
    incoming: Sequence[str],
    keys: Sequence[str],
) -> str:
    """Query: the incoming rows, and the rows of `scan` that none of them replaces.

    A replaced row keeps its values in the columns that the incoming rows do not have.

    Args:
        scan: FROM item of the files with rows that are replaced; None: there are none.
        relation: the incoming rows.
        columns: of the table.
        incoming: the columns of `relation`.
    """
    if scan is None:
        return f"SELECT {_list('i', incoming)} FROM {quote(relation)} AS i"
    known = {c.casefold() for c in incoming}
    missing = [c for c in columns if c.casefold() not in known]
    source = f"{quote(relation)} AS i"
    if missing:
        # One old row for each key: a table that was appended to may hold several.
        names = ", ".join(quote(k) for k in keys)
        numbered = (
            f"SELECT {_list('t', columns)}, row_number() OVER "
            f"(PARTITION BY {names} ORDER BY {names}) AS penstock__copy FROM {scan} AS t"
        )
        source += (
            f" LEFT JOIN ({numbered}) AS o ON o.penstock__copy = 1 AND {same_keys('i', 'o', keys)}"
        )
    lost = set(missing)
    taken = ", ".join(f"{'o' if c in lost else 'i'}.{quote(c)} AS {quote(c)}" for c in columns)
    return (
        f"SELECT {taken} FROM {source} UNION ALL SELECT {_list('t', columns)} FROM {scan} AS t "
        f"WHERE NOT EXISTS (SELECT 1 FROM {quote(relation)} AS i WHERE {same_keys('i', 't', keys)})"
    )


def _list(alias: str, columns: Sequence[str]) -> str:
    return ", ".join(f"{alias}.{quote(c)}" for c in columns)


def _shown(value: Any) -> str:
    text = "NULL" if value is None else str(value)
    return text if len(text) <= 60 else text[:59] + "…"
