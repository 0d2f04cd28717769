"""Looks at one line of NDJSON with every digit: is it good, and if not, why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.runtime.engines.duckdb.csv_locate import reason_for
from penstock.runtime.engines.duckdb.reasons import NumberStyle, shown, why_not

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column

_STYLE = NumberStyle()
_KINDS = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def wrong_with(
    line: str,
    suspects: Sequence[Column] | None,
    nulls: Sequence[str] = (),
    columns: Sequence[Column] = (),
) -> tuple[str | None, str] | None:
    """The column and the reason that keep a line from being a row; None: nothing does.

    Args:
        suspects: the columns whose values are not plainly good; None: the line as a whole.
        nulls: texts that stand for NULL.
        columns: all columns, as the file spells them.

    >>> from penstock.program import Column
    >>> wrong_with('{"a": 12345678901234567.89}', [Column("a", "decimal(20,2)")])
    >>> wrong_with('{"a": 1.555}', [Column("a", "decimal(10,2)")])
    ('a', 'a: 1.555 has 3 fraction digits, and decimal(10,2) keeps 2')
    >>> wrong_with('{"a": 1', None)
    (None, "not JSON: Expecting ',' delimiter at column 8")
    """
    try:
        found = json.loads(line, parse_float=_Number, parse_int=_Number, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        return None, f"not JSON: {error.msg} at column {error.pos + 1}"
    except RecursionError:
        return None, "it is nested too deeply"
    if not isinstance(found, _Object):
        what = "a number" if isinstance(found, _Number) else _KINDS.get(type(found), "a value")
        return None, f"an object is expected, and this is {what}"
    if found.twice:
        return found.twice, f"it has two keys `{found.twice}`"
    if wrong := _wrong_key(found, columns):
        return wrong
    if suspects is None:
        return None, "DuckDB cannot take it apart"
    said = []
    for column in suspects:
        value = found.get(column.name)
        if value is None or value in nulls:
            said.append((column, reason_for(column, None, _STYLE)))
            continue
        text = value if isinstance(value, str) else _text(line, column.name)
        kind = types.parse(column.type)
        if kind.name == "decimal" and why_not(text, kind, _STYLE) is None:
            continue
        if kind.name == "decimal" or not kind.fields:
            said.append((column, reason_for(column, text, _STYLE)))
        else:
            said.append((column, f"{column.name}: {shown(text)} does not fit into {kind}"))
    if not said:
        return None
    return said[0][0].name, "; ".join(reason for _, reason in said)


def _text(line: str, key: str) -> str:
    """A nested value as JSON."""
    return json.dumps(json.loads(line)[key], ensure_ascii=False)


def _wrong_key(found: _Object, columns: Sequence[Column]) -> tuple[str, str] | None:
    """The column whose key is not the only one, or in other letter case, and the reason."""
    for column in columns:
        value = found.get(column.name)
        kind = types.parse(column.type)
        if kind.fields and (twice := _twice_within(value)):
            return column.name, f"{column.name}: an object in it has two keys `{twice}`"
        alike = [k for k in found if k.casefold() == column.name.casefold()]
        if len(alike) > 1:
            shown_keys = " and ".join(f"`{k}`" for k in alike)
            return column.name, f"its keys {shown_keys} differ in letter case only"
        if alike and alike[0] != column.name:
            return column.name, f"its key `{alike[0]}` is `{column.name}` in the file's first lines"
    return None


def mend(line: str) -> str:
    """The line with its numbers as texts, so that no digit of them is lost."""
    return json.dumps(json.loads(line, parse_float=str, parse_int=str))


def _twice_within(value: Any) -> str | None:
    """A key that comes twice in an object, at any depth."""
    if isinstance(value, _Object):
        return value.twice or next((t for v in value.values() if (t := _twice_within(v))), None)
    if isinstance(value, list):
        return next((t for v in value if (t := _twice_within(v))), None)
    return None


class _Object(dict[str, Any]):
    """An object, and the first key that comes twice."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.twice = next((k for k, _ in pairs if k in seen or seen.add(k)), None)  # type: ignore[func-returns-value]
