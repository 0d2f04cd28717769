"""What starts a deployed pipeline: a clock, new files, an HTTP call, or a stream."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from penstock.diagnostics import did_you_mean
from penstock.quantities import seconds
from penstock.spec.base import Model, Name, exactly_one
from penstock.spec.quantities import Duration  # noqa: TC001  # pydantic reads it
from penstock.spec.refusal import refuse

_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()  # noqa: SIM905
_DAYS = "SUN MON TUE WED THU FRI SAT".split()  # noqa: SIM905
# Field, lowest, highest, names (the first stands for the lowest).
_FIELDS: tuple[tuple[str, int, int, list[str]], ...] = (
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day of the month", 1, 31, []),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)


def check_cron(text: str) -> str:
    """A five-field cron expression, as it is.

    Raises:
        PydanticCustomError: it is none; says which field.

    >>> check_cron("*/15 8-18 * JAN,MAR MON-FRI")
    '*/15 8-18 * JAN,MAR MON-FRI'
    """
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise refuse(
            f"a cron expression has five fields, and `{text}` has {len(fields)}",
            hint="minute, hour, day of the month, month, day of the week: `15 2 * * *`",
        )
    for field, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        for item in field.split(","):
            _check_item(item, name, low, high, names)
    return text


def _check_item(item: str, name: str, low: int, high: int, names: list[str]) -> None:
    """One item of a list: `*`, `5`, `1-5`, `*/15`, `MON-FRI`."""
    match = re.fullmatch(r"(\*|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?", item)
    if not match:
        raise refuse(f"`{item}` is not a {name}", hint=f"`*`, or from {low} to {high}")
    ends = [_number(word, name, low, high, names) for word in match.group(2, 3) if word]
    if len(ends) == 2 and ends[0] > ends[1]:
        raise refuse(f"the {name} `{item}` runs backwards")
    if match[4] and not 1 <= int(match[4]) <= high:
        raise refuse(f"the step of the {name} `{item}` is from 1 to {high}")


def _number(word: str, name: str, low: int, high: int, names: list[str]) -> int:
    if word.upper() in names:
        return low + names.index(word.upper())
    if not word.isascii() or not word.isdigit() or not low <= int(word[:9]) <= high:
        shown = f", or {names[0]} to {names[-1]}" if names else ""
        raise refuse(f"`{word}` is not a {name}", hint=f"from {low} to {high}{shown}")
    return int(word)


def _timezone(text: str) -> str:
    known = available_timezones()
    if text in known:
        return text
    near = did_you_mean(text, known)
    raise refuse(
        f"`{text}` is not a time zone",
        hint=near if near.startswith("did") else "a name such as `Europe/Berlin` or `UTC`",
    )


def _every(text: str) -> str:
    if seconds(text) % 60:
        raise refuse("a pipeline starts at most once a minute, at whole minutes")
    return text


class Webhook(Model):
    """An HTTP call that starts the pipeline."""

    path: Annotated[str, Field(json_schema_extra={"pattern": "^/"})]
    """Path of the URL, from `/` on."""
    method: Literal["POST", "PUT"] = "POST"

    @model_validator(mode="after")
    def _absolute(self) -> Webhook:
        if not re.fullmatch(r"(/[A-Za-z0-9._~{}-]+)+/?|/", self.path):
            raise refuse(f"the path `{self.path}` is not one of a URL", hint="such as `/flights`")
        return self


class Trigger(Model):
    """What starts it once deployed.

    Exactly one of `schedule`, `every`, `files`, `webhook`, `stream`.
    """

    model_config = exactly_one("schedule", "every", "files", "webhook", "stream")

    schedule: Annotated[str, AfterValidator(check_cron)] | None = None
    """Five-field cron: minute, hour, day of the month, month, day of the week."""
    every: Annotated[Duration, AfterValidator(_every)] | None = None
    """A fixed rhythm, such as `15 minutes`."""
    timezone: Annotated[str, AfterValidator(_timezone)] | None = None
    """Of `schedule`; without it, UTC."""
    files: Name | None = None
    """New files of this source."""
    webhook: Webhook | None = None
    stream: Literal[True] | None = None
    """Continuously."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Trigger:
        ways = ("schedule", "every", "files", "webhook", "stream")
        given = [w for w in ways if getattr(self, w) is not None]
        if len(given) != 1:
            found = " and ".join(f"`{g}`" for g in given) if given else "none"
            raise refuse(
                f"exactly one thing starts a pipeline, and here is {found}",
                hint="keep one of " + ", ".join(ways),
            )
        if self.timezone and not self.schedule:
            raise refuse("`timezone` goes with `schedule`", hint="remove it")
        return self
