"""Two versions of a published table, compared by key: rows added, removed and changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import did_you_mean
from penstock.errors import RunError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

SAMPLES = 5
CODE_KEYS = "PSK-CLI-043"
CODE_REPEATED = "PSK-RUN-043"


@dataclass(slots=True)
class Difference:
    """What is different in B, seen from A.

    Attributes:
        keys: what rows are paired by; empty: whole rows are compared, so that none is `changed`.
        columns: column → how many rows have another value in it.
        columns_added: those only B has; with `columns_removed`, they are not compared.
        samples: a few rows of each kind; of a changed one its key and (before, after) by column.
    """

    keys: tuple[str, ...]
    rows_before: int
    rows_after: int
    added: int
    removed: int
    changed: int
    unchanged: int
    columns: dict[str, int] = field(default_factory=dict)
    columns_added: list[str] = field(default_factory=list)
    columns_removed: list[str] = field(default_factory=list)
    samples: dict[str, list[Any]] = field(default_factory=dict)


def compare(
    con: duckdb.DuckDBPyConnection, before: str, after: str, keys: Sequence[str]
) -> Difference:
    """Compare two FROM items.

    Args:
        keys: the columns that pair rows; none: rows are compared whole, equal ones counted.

    Raises:
        UsageError: a key is no column of both.
        RunError: the keys do not tell the rows of one version apart.
    """
    con.execute(f"CREATE OR REPLACE TEMP VIEW penstock_a AS SELECT * FROM {before}")
    con.execute(f"CREATE OR REPLACE TEMP VIEW penstock_b AS SELECT * FROM {after}")
    a, b = _columns(con, "penstock_a"), _columns(con, "penstock_b")
    folded = {name.casefold(): name for name in b}
    shared = [(name, folded[name.casefold()]) for name in a if name.casefold() in folded]
    known = {name.casefold() for name, _ in shared}
    for key in keys:
        if key.casefold() not in known:
            raise UsageError(
                f"`{key}` is no column of both versions",
                code=CODE_KEYS,
                hint=did_you_mean(key, [name for name, _ in shared]),
            )
    # Both sides under the names of B, so that a column renamed in its case is the same one.
    left = ", ".join(f"{_name(old)} AS {_name(new)}" for old, new in shared)
    right = ", ".join(_name(new) for _, new in shared)
    con.execute(f"CREATE OR REPLACE TEMP VIEW penstock_l AS SELECT {left} FROM penstock_a")
    con.execute(f"CREATE OR REPLACE TEMP VIEW penstock_r AS SELECT {right} FROM penstock_b")
    names = [new for _, new in shared]
    found = _by_key(con, names, keys) if keys else _whole(con, names)
    mine, theirs = {n.casefold() for n in a}, {n.casefold() for n in b}
    found.columns_added = [n for n in b if n.casefold() not in mine]
    found.columns_removed = [n for n in a if n.casefold() not in theirs]
    return found


def _by_key(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], keys: Sequence[str]
) -> Difference:
    folded = {k.casefold() for k in keys}
    on = [n for n in names if n.casefold() in folded]
    rest = [n for n in names if n.casefold() not in folded]
    listed = ", ".join(_name(k) for k in on)
    for view, which in (("penstock_l", "first"), ("penstock_r", "second")):
        sql = f"SELECT {listed} FROM {view} GROUP BY {listed} HAVING count(*) > 1 LIMIT 1"
        twice = con.execute(sql).fetchone()
        if twice:
            value = ", ".join(f"{k} = {v!r}" for k, v in zip(on, twice, strict=True))
            raise RunError(
                f"in the {which} version several rows have the key {value}",
                code=CODE_REPEATED,
                hint="name columns that tell rows apart with --keys, or none with --keys ''",
            )
    same = " AND ".join(f"l.{_name(k)} IS NOT DISTINCT FROM r.{_name(k)}" for k in on)
    differs = [f"l.{_name(c)} IS DISTINCT FROM r.{_name(c)}" for c in rest]
    pairs = (
        "(SELECT true AS there, * FROM penstock_l) AS l FULL JOIN "
        f"(SELECT true AS there, * FROM penstock_r) AS r ON {same}"
    )
    both, any_differs = "l.there AND r.there", " OR ".join(differs) or "false"
    counted = [
        "count(*) FILTER (l.there)",
        "count(*) FILTER (r.there)",
        "count(*) FILTER (l.there IS NULL)",
        "count(*) FILTER (r.there IS NULL)",
        f"count(*) FILTER ({both} AND ({any_differs}))",
        *(f"count(*) FILTER ({both} AND {d})" for d in differs),
    ]
    row = con.execute(f"SELECT {', '.join(counted)} FROM {pairs}").fetchone()
    assert row is not None
    old, new, added, removed, changed, *each = row
    keyed = ", ".join(f"r.{_name(k)}" for k in on)
    values = ", ".join(f"l.{_name(c)}, r.{_name(c)}" for c in rest)
    samples: dict[str, list[Any]] = {
        "added": _rows(
            con, f"SELECT r.* EXCLUDE (there) FROM {pairs} WHERE l.there IS NULL", keyed
        ),
        "removed": _rows(
            con,
            f"SELECT l.* EXCLUDE (there) FROM {pairs} WHERE r.there IS NULL",
            keyed.replace("r.", "l."),
        ),
        "changed": [],
    }
    if rest:
        sql = (
            f"SELECT {keyed}, {values} FROM {pairs} WHERE {both} AND ({any_differs}) "
            f"ORDER BY {keyed} LIMIT {SAMPLES}"
        )
        for found in con.execute(sql).fetchall():
            cells = found[len(on) :]
            moved = {
                c: [cells[2 * i], cells[2 * i + 1]]
                for i, c in enumerate(rest)
                if cells[2 * i] != cells[2 * i + 1]
            }
            key = dict(zip(on, found, strict=False))
            samples["changed"].append({"key": key, "columns": moved})
    return Difference(
        keys=tuple(on),
        rows_before=old,
        rows_after=new,
        added=added,
        removed=removed,
        changed=changed,
        unchanged=old - removed - changed,
        columns={c: n for c, n in zip(rest, each, strict=True) if n},
        samples=samples,
    )


def _whole(con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> Difference:
    """Without keys a row has no other side: equal rows are taken off against each other."""
    listed = ", ".join(_name(n) for n in names)
    con.execute(
        "CREATE OR REPLACE TEMP VIEW penstock_added AS "
        f"SELECT {listed} FROM penstock_r EXCEPT ALL SELECT {listed} FROM penstock_l"
    )
    con.execute(
        "CREATE OR REPLACE TEMP VIEW penstock_removed AS "
        f"SELECT {listed} FROM penstock_l EXCEPT ALL SELECT {listed} FROM penstock_r"
    )
    old, new, added, removed = (
        int(con.execute(f"SELECT count(*) FROM {view}").fetchall()[0][0])
        for view in ("penstock_l", "penstock_r", "penstock_added", "penstock_removed")
    )
    return Difference(
        keys=(),
        rows_before=old,
        rows_after=new,
        added=added,
        removed=removed,
        changed=0,
        unchanged=old - removed,
        samples={
            "added": _rows(con, "SELECT * FROM penstock_added", listed),
            "removed": _rows(con, "SELECT * FROM penstock_removed", listed),
            "changed": [],
        },
    )


def _rows(con: duckdb.DuckDBPyConnection, sql: str, order: str) -> list[dict[str, Any]]:
    found = con.execute(f"{sql} ORDER BY {order} LIMIT {SAMPLES}")
    names = [d[0] for d in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _columns(con: duckdb.DuckDBPyConnection, view: str) -> list[str]:
    return [str(row[0]) for row in con.execute(f"DESCRIBE {view}").fetchall()]


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'
