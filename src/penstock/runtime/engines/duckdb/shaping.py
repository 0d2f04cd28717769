"""Values of XML in the shape that a schema says: XML does not tell one value from a list of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.runtime.engines.duckdb.xml_records import VALUE, Several

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from penstock.program import Column
    from penstock.types import Type

Path = tuple[str, ...]


class Misfit(Exception):
    """A value has another shape than its type.

    Args:
        reason: why, in the reader's words.
    """

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


def shaped(record: dict[str, Any], schema: Sequence[Column], nulls: Collection[str]) -> Any:
    """A record's values in the shape of a schema; texts that stand for NULL are None.

    Raises:
        Misfit: a value cannot have the shape.

    >>> from penstock.program import Column
    >>> shaped({"a": "1", "b": ""}, [Column("a", "integer[]"), Column("b", "date")], [""])
    {'a': ['1'], 'b': None}
    """
    kinds = {c.name: types.parse(c.type) for c in schema}
    found = {}
    for name, value in record.items():
        kind = kinds.get(name)
        try:
            found[name] = _any(value, nulls) if kind is None else _shape(value, kind, nulls)
        except ValueError as error:
            raise Misfit(name, f"{name}: {error}") from error
    return found


def _shape(value: Any, kind: Type, nulls: Collection[str]) -> Any:
    if isinstance(value, str) and value in nulls:
        return None
    if value is None or kind.name == "json":
        return _any(value, nulls)
    if kind.name == "list":
        each = value if isinstance(value, Several) else [value]
        return [_shape(v, kind.fields[0][1], nulls) for v in each]
    if isinstance(value, Several):
        raise ValueError(  # noqa: TRY004 - it is data
            f"it comes {len(value)} times, and {kind} holds one value"
        )
    if kind.name == "struct":
        inner = dict(kind.fields)
        fields = value if isinstance(value, dict) else {VALUE: value}
        if not any(n in inner for n in fields):
            raise ValueError(f"it has nothing of {kind}")
        if more := [n for n in fields if n not in inner]:
            raise ValueError(f"it has `{more[0]}`, which {kind} has not")
        return {n: _shape(v, inner[n], nulls) for n, v in fields.items()}
    if kind.name == "map":
        return _any(value, nulls)
    if isinstance(value, dict):
        raise ValueError(  # noqa: TRY004
            f"it holds elements or attributes, and {kind} holds one value"
        )
    return value


def _any(value: Any, nulls: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {n: _any(v, nulls) for n, v in value.items()}
    if isinstance(value, list):
        return [_any(v, nulls) for v in value]
    return None if value in nulls else value


def repeated(records: Iterable[Any]) -> set[Path]:
    """Where several values of a name stand, in any of the records."""
    found: set[Path] = set()
    for record in records:
        _repeated(record, (), found)
    return found


def _repeated(value: Any, path: Path, found: set[Path]) -> None:
    if isinstance(value, Several):
        found.add(path)
        for item in value:
            _repeated(item, path, found)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _repeated(inner, (*path, name), found)


def alike(value: Any, lists: Collection[Path], nulls: Collection[str], path: Path = ()) -> Any:
    """A value with a list wherever any record has one, to look at types."""
    if isinstance(value, Several):
        return [alike(v, (), nulls) if not isinstance(v, dict) else _inner(v, lists, nulls, path)
                for v in value]  # fmt: skip
    made = _inner(value, lists, nulls, path) if isinstance(value, dict) else _any(value, nulls)
    return [made] if path in lists and made is not None else made


def _inner(
    value: dict[str, Any], lists: Collection[Path], nulls: Collection[str], path: Path
) -> dict[str, Any]:
    return {n: alike(v, lists, nulls, (*path, n)) for n, v in value.items()}
