"""Durations and sizes as people write them: `26 hours`, `1 day 12 hours`, `256 MB`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from penstock.quantities import seconds, size
from penstock.spec.refusal import refuse


def _unit(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise refuse(f"the number {value} needs a unit", hint="such as `20 minutes` or `256 MB`")
    return value


def _duration(text: str) -> str:
    try:
        positive = seconds(text) > 0
    except ValueError as error:
        raise refuse(
            str(error),
            hint="a number and a unit: seconds, minutes, hours, days, weeks, such as `26 hours`",
        ) from error
    if not positive:
        raise refuse("a duration is longer than nothing")
    return text


def _size(text: str) -> str:
    try:
        positive = size(text) > 0
    except ValueError as error:
        raise refuse(
            str(error), hint="a number and a unit: KB, MB, GB, such as `256 MB`"
        ) from error
    if not positive:
        raise refuse("a size is more than nothing")
    return text


Duration = Annotated[
    str,
    BeforeValidator(_unit),
    AfterValidator(_duration),
    Field(json_schema_extra={"examples": ["26 hours", "15 minutes"]}),
]
Size = Annotated[
    str,
    BeforeValidator(_unit),
    AfterValidator(_size),
    Field(json_schema_extra={"examples": ["256 MB"]}),
]
