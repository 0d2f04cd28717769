"""What a type annotation allows at a path: the keys of models and dataclasses."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, RootModel


def known_keys(annotation: Any, path: Sequence[str | int]) -> set[str]:
    """The keys that may stand at a path below a value of this type.

    >>> class Inner(BaseModel):
    ...     a: int
    >>> sorted(known_keys(dict[str, Inner | str], ["x"]))
    ['a']
    """
    reached = list(_members(annotation))
    for step in path:
        reached = [m for r in reached for child in _children(r, step) for m in _members(child)]
    return {key for r in reached for key in _fields(r)}


def _members(annotation: Any) -> Iterator[Any]:
    """The alternatives of a union, without `Annotated`."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    elif origin is typing.Annotated:
        yield from _members(get_args(annotation)[0])
    elif isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _members(annotation.model_fields["root"].annotation)
    else:
        yield annotation


def _children(annotation: Any, step: str | int) -> list[Any]:
    origin, args = get_origin(annotation), get_args(annotation)
    if isinstance(step, int) and origin in (list, tuple, set, Sequence) and args:
        return [args[0]]
    if isinstance(step, str):
        if origin in (dict, Mapping) and len(args) == 2:
            return [args[1]]
        return [t for name, t in _fields(annotation).items() if name == step]
    return []


def _fields(annotation: Any) -> dict[str, Any]:
    """Key → type of a model's or a dataclass's fields."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {f.alias or n: f.annotation for n, f in annotation.model_fields.items()}
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        hints = get_type_hints(annotation)
        return {f.name: hints[f.name] for f in dataclasses.fields(annotation) if f.init}
    return {}
