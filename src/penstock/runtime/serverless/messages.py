"""What the functions say to each other: names of work, never the work itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, TypeVar

from penstock.errors import RunError

CODE = "PSK-FN-002"


@dataclass(frozen=True, slots=True)
class Task:
    """A slice is to be worked on. `slice` counts from 0, of `of`."""

    schema: ClassVar[str] = "penstock.task/1"
    pipeline: str
    run_id: str
    attempt: int
    slice: int
    of: int


@dataclass(frozen=True, slots=True)
class LoadMessage:
    """Every slice of a run is there: what they staged is to be published."""

    schema: ClassVar[str] = "penstock.load/1"
    pipeline: str
    run_id: str
    attempt: int


M = TypeVar("M", Task, LoadMessage)
_TYPES: dict[str, type] = {"pipeline": str, "run_id": str, "attempt": int, "slice": int, "of": int}


def write(message: Task | LoadMessage) -> str:
    """The body of a message.

    >>> write(LoadMessage("shop", "r1", 1))
    '{"schema": "penstock.load/1", "pipeline": "shop", "run_id": "r1", "attempt": 1}'
    """
    return json.dumps({"schema": message.schema, **asdict(message)})


def read(kind: type[M], text: str) -> M:
    """A message back from its body.

    Raises:
        RunError: it is another one, or none.
    """
    try:
        found: dict[str, Any] = json.loads(text)
        if found.pop("schema") != kind.schema:
            raise ValueError("another schema")
        if any(type(value) is not _TYPES[name] for name, value in found.items()):
            raise ValueError("a value of another type")
        return kind(**found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(
            f"a message is not one of schema {kind.schema}: {text[:200]}",
            code=CODE,
            hint="the queue is Penstock's own: nothing else may send to it, and all functions of "
            "a pipeline are of one build",
        ) from error
