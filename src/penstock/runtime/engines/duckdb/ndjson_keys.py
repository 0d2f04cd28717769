"""Tests of a line's keys: none stands twice, none is a column's in other letter case.

DuckDB takes the first of two values with the same key, and finds no key in other letter case.
Most lines have the keys of the file's first ones, or none but columns: that is quick to tell.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.runtime.engines.duckdb.quoting import literal, name
from penstock.runtime.engines.duckdb.textfiles import compression_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from penstock.program import Column
    from penstock.types import Type

SMALL = 1 << 16
"""Bytes up to which a file is quicker looked at here than by DuckDB."""
Known = dict[tuple[str, ...], list[str]]
"""Keys that lead to an object (none: the record itself) → the keys that it often has."""


def known_keys(lines: Iterable[bytes]) -> Known:
    """The keys of the objects in some lines: of each place the most frequent ones.

    >>> known_keys([b'{"a": 1, "b": {"x": 1}}', b'{"a": 1, "a": 2}'])
    {(): ['a', 'b'], ('b',): ['x']}
    """
    seen: dict[tuple[str, ...], Counter[tuple[str, ...]]] = {}

    def note(pairs: list[tuple[str, Any]], path: tuple[str, ...] = ()) -> None:
        keys = tuple(k for k, _ in pairs)
        if len({k.lower() for k in keys}) == len(keys):
            seen.setdefault(path, Counter())[keys] += 1
        for key, value in pairs:
            if isinstance(value, _Pairs):
                note(value.pairs, (*path, key))

    for line in lines:
        with suppress(ValueError, RecursionError):
            record = json.loads(line, object_pairs_hook=_Pairs)
            if isinstance(record, _Pairs):
                note(record.pairs)
    return {path: list(some.most_common(1)[0][0]) for path, some in seen.items()}


def keys_of_small(path: str, size: int) -> set[str] | None:
    """The keys of all records of a small file; None: it has to be looked at by DuckDB.

    That is one that is large or packed, is not plain NDJSON, or has keys that differ in letter
    case only. DuckDB's four queries for it cost some 15 ms, however small it is.
    """
    if size > SMALL or compression_of(path) != "none":
        return None
    found: set[str] = set()
    try:
        for line in Path(path).read_bytes().split(b"\n"):
            if line.strip():
                record = json.loads(line.decode(), parse_constant=_no_constant)
                if not isinstance(record, dict):
                    return None
                found |= record.keys()
    except (ValueError, RecursionError, OSError):
        return None
    return found if len({k.casefold() for k in found}) == len(found) else None


def _no_constant(text: str) -> Any:
    raise ValueError(text)


class _Pairs:
    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def once(columns: Sequence[Column], known: Known) -> str:
    """SQL: no key of a line `line`, whose keys are `k` and whose values are `r`, is lost.

    Args:
        columns: as the file spells them.
    """
    present = " + ".join(f"CAST(r.{name(c.name)} IS NOT NULL AS INTEGER)" for c in columns)
    tests = [_once("k", [c.name for c in columns], known.get(()), present)]
    for column in columns:
        tests += _nested((column.name,), types.parse(column.type), known)
    return " AND ".join(tests)


def _nested(path: tuple[str, ...], kind: Type, known: Known) -> list[str]:
    if kind.name != "struct":
        return []
    place = literal("$" + "".join(f".{name(p)}" for p in path))
    keys = f"json_keys(line, {place})"
    tests = [_once(keys, [str(n) for n, _ in kind.fields], known.get(path))]
    for field, inner in kind.fields:
        tests += _nested((*path, str(field)), inner, known)
    return tests


def _once(keys: str, names: Sequence[str], known: list[str] | None, present: str = "") -> str:
    quick = f"WHEN len({keys}) = {present} THEN true " if present else ""
    if known and not _alike(known, names):
        quick += f"WHEN {keys} = {literal(known)} THEN true "
    lower = f"list_transform({keys}, lambda x: lower(x))"
    folded = literal([n.lower() for n in names])
    return (
        f"coalesce(CASE {quick}ELSE len({keys}) = len(list_distinct({lower})) AND "
        f"len(list_filter({keys}, lambda x: list_contains({folded}, lower(x)) "
        f"AND NOT list_contains({literal(list(names))}, x))) = 0 END, true)"
    )


def _alike(keys: Iterable[str], names: Sequence[str]) -> bool:
    """Whether a key is a name in other letter case."""
    folded = {n.lower() for n in names}
    return any(k.lower() in folded and k not in names for k in keys)
