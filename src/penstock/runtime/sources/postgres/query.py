"""The one SELECT that reads a table or query: which columns, which rows, and which are rejected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.errors import StepFailed
from penstock.runtime.sources.postgres.columns import take
from penstock.runtime.widening import TAKES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.program import Column
    from penstock.runtime.sources.postgres.columns import ServerColumn

CODE_TYPE = "PSK-SRC-108"
CODE_MISSING = "PSK-SRC-109"
CODE_LATE = "PSK-SRC-072"
REASON, RAW = "penstock_reason", "penstock_raw"


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT whose last two columns are the number of the reason to reject a row, and the row.

    Attributes:
        relation: SQL that stands in FROM.
        reasons: column and reason, by number.
    """

    relation: str
    selected: tuple[str, ...]
    fault: str
    raw: str
    reasons: tuple[tuple[str, str], ...]

    def copy(self, conditions: Sequence[str]) -> str:
        """The COPY of the rows for which every condition is true.

        Every value is in quotes, so that NULL is what has none; each row is a message of its own
        (libpq, PQgetCopyData: "always returned one data row at a time").
        """
        where = " AND ".join(f"({c})" for c in conditions) or "TRUE"
        # OFFSET 0 has the server find the fault of a row once, not once for each column.
        inner = (
            f"SELECT t.*, {self.fault} AS {REASON} FROM {self.relation} AS t WHERE {where} OFFSET 0"
        )
        columns = ", ".join((*self.selected, f"t.{REASON}", self.raw))
        return f"COPY (SELECT {columns} FROM ({inner}) AS t) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"


def build(
    relation: str,
    name: str,
    server: Sequence[ServerColumn],
    schema: Sequence[Column],
    evolution: str,
) -> Query:
    """The SELECT that gives the columns of a schema.

    Args:
        relation: SQL that stands in FROM.
        name: what it is called in messages.

    Raises:
        StepFailed: a column is missing, of a type that is not read as the schema's without
            guessing, or came after the Program was compiled.
    """
    found = matched(schema, server)
    missing = [c for c in schema if c.name not in found]
    if missing and (evolution == "strict" or any(c.required for c in missing)):
        first = next((c for c in missing if c.required), missing[0])
        why = "is required" if first.required else "the rule is `strict`"
        raise StepFailed(
            f"{name} has no column `{first.name}`, and {why}",
            code=CODE_MISSING,
            hint="its columns: " + ", ".join(c.name for c in server),
        )
    _refuse_late(name, server, found, evolution)
    selected, faults, wrong = [], [], []
    for column in schema:
        have = found.get(column.name)
        if have is None:
            selected.append("NULL")
            continue
        x = f"t.{quoted(have.name)}"
        taken = take(have, types.parse(column.type), x)
        if taken is None:
            wrong.append(
                f"`{column.name}` is {have.spelled} there, and {column.type} in the schema"
            )
            continue
        mine = [(condition, column.name, why) for condition, why in taken.faults]
        faults += mine
        if column.required:
            faults.append((f"{x} IS NULL", column.name, "is required, and has no value"))
        sql = f"CASE WHEN t.{REASON} IS NULL THEN {taken.sql} END" if mine else taken.sql
        selected.append(sql)
    if wrong:
        raise StepFailed(
            f"columns of {name} cannot be read as declared: " + "; ".join(wrong),
            code=CODE_TYPE,
            hint="declare the type that it has, or varchar for its text; or cast it in a `query:`",
        )
    cases = " ".join(f"WHEN {condition} THEN {i}" for i, (condition, _, _) in enumerate(faults))
    row = ", ".join(_shown(c) for c in server)
    raw = (
        f"CASE WHEN t.{REASON} IS NOT NULL THEN row_to_json((SELECT r FROM (SELECT {row}) AS r))"
        "::text END"
    )
    return Query(
        relation=relation,
        selected=tuple(selected),
        fault=f"CASE {cases} END" if cases else "NULL::integer",
        raw=raw if cases else "NULL::text",
        reasons=tuple((column, f"`{column}` {why}") for _, column, why in faults),
    )


def matched(schema: Sequence[Column], server: Sequence[ServerColumn]) -> dict[str, ServerColumn]:
    """Column of the schema → that of the server: of its name, or alone of it, letter case aside."""
    exactly = {c.name: c for c in server}
    found = {c.name: exactly[c.name] for c in schema if c.name in exactly}
    used = {c.name for c in found.values()}
    for column in schema:
        alike = [
            c for c in server if c.name not in used and c.name.casefold() == column.name.casefold()
        ]
        if column.name not in found and len(alike) == 1:
            found[column.name] = alike[0]
            used.add(alike[0].name)
    return found


def _refuse_late(
    name: str, server: Sequence[ServerColumn], found: Mapping[str, ServerColumn], evolution: str
) -> None:
    used = {c.name for c in found.values()}
    late = [c.name for c in server if c.name not in used and c.type is not None]
    if late and evolution in TAKES:
        raise StepFailed(
            f"{name} has a column `{late[0]}` that it had not when the pipeline was compiled",
            code=CODE_LATE,
            hint="run again: the pipeline is compiled anew, and the column taken up",
        )
    if late and evolution == "strict":
        raise StepFailed(
            f"{name} has a column `{late[0]}` that is not in the schema, and the rule is `strict`",
            code=CODE_MISSING,
            hint="declare it, or `schema_evolution: add`",
        )


def inside(bounds: Mapping[str, Any], have: ServerColumn) -> str:
    """SQL, never NULL: whether a row is inside the bounds of a run (`Window.as_bounds`).

    The column stands alone where it can, so that an index on it serves. Texts are compared as the
    engine compares them: by code points, whatever the database's collation.
    """
    kind = str(bounds["type"])
    x = f"t.{quoted(have.name)}"
    if kind == "varchar":
        x = f'{x}::text COLLATE "C"'
    name = {"double": "double precision", "varchar": "text"}.get(kind, kind)
    if kind in {"double", "date"} and have.type != kind:
        x = f"{x}::{name}"
    tests = [
        f"{x} {sign} CAST({literal(str(bounds[key]))} AS {name})"
        for sign, key in ((">", "above"), (">=", "from"), ("<", "to"))
        if bounds.get(key) is not None
    ]
    within = " AND ".join(tests) or "TRUE"
    mine = f"t.{quoted(have.name)}"
    return (
        f"({within}) OR {mine} IS NULL" if bounds["nulls"] else f"({within}) AND {mine} IS NOT NULL"
    )


def quoted(name: str) -> str:
    """A name as an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a literal, under standard_conforming_strings."""
    return "'" + text.replace("'", "''") + "'"


def _shown(column: ServerColumn) -> str:
    r"""A column of a rejected row: bytes as `\xNN` each, which every engine reads as bytes."""
    x = f"t.{quoted(column.name)}"
    if column.kind == "bytea":
        x = f"regexp_replace(encode({x}, 'hex'), '(..)', '\\x\\1', 'g')"
    return f"{x} AS {quoted(column.name)}"
