"""References that only a run can resolve: `${run.id}`, `${run.date}`, `${secret.NAME}`.

A secret's value goes into the options a connector is built with, and nowhere else.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from penstock.diagnostics import did_you_mean
from penstock.errors import Unavailable
from penstock.program import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.program import Program

_RUN = re.compile(r"\$\{run\.(id|date)\}")
_SECRET = re.compile(r"\$\{secret\.([A-Za-z_][A-Za-z0-9_]*)\}")
SECRET_PREFIX = "PENSTOCK_SECRET_"  # noqa: S105  # the prefix of variable names, not a secret
SECRET_ARNS = "PENSTOCK_SECRET_ARNS"  # noqa: S105  # a variable of functions: where secrets lie
_given: dict[str, str] = {}


def mentions_date(program: Program) -> bool:
    """Whether a run on another day is another run, because `${run.date}` decides its rows."""
    return b"${run.date}" in canonical(program.as_json())


def bind_run(program: Program, run_id: str, date: str) -> Program:
    """The Program with `${run.id}` and `${run.date}` filled in.

    Both are made of digits, letters and hyphens only, so that they are safe inside SQL.
    """
    values = {"id": run_id, "date": date}

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return _RUN.sub(lambda m: values[m.group(1)], value)
        if isinstance(value, dict):
            return {k: fill(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(fill(v) for v in value)
        return value

    body = program.as_json()
    if b"${run." not in canonical(body):
        return program
    return replace(type(program).from_json(fill(body)), digest=program.digest)


def with_secrets(
    options: Mapping[str, Any], environment: Mapping[str, str], *, but: Sequence[str] = ()
) -> dict[str, Any]:
    """A connector's options with secrets resolved from `PENSTOCK_SECRET_NAME`.

    Args:
        but: options that are left out, for nobody here needs their secrets.

    Raises:
        Unavailable: a secret is not set (exit code 4).
    """

    def value_of(match: re.Match[str]) -> str:
        name = match.group(1)
        variable = SECRET_PREFIX + name.upper()
        if variable not in environment:
            known = [
                k.removeprefix(SECRET_PREFIX) for k in environment if k.startswith(SECRET_PREFIX)
            ]
            raise Unavailable(
                f"the secret `{name}` is not set",
                code="PSK-ENV-003",
                hint=f"set the environment variable {variable}; "
                + did_you_mean(name.upper(), known, noun="set now"),
            )
        return environment[variable]

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return _SECRET.sub(value_of, value)
        if isinstance(value, dict):
            return {k: fill(v) for k, v in value.items()}
        if isinstance(value, list):
            return [fill(v) for v in value]
        return value

    return {k: fill(v) for k, v in options.items() if k not in but}


def secrets_of(value: Any) -> list[str]:
    """The names of the secrets that options refer to.

    >>> secrets_of({"a": "${secret.KEY}", "b": ["${secret.OLD}", 1]})
    ['KEY', 'OLD']
    """
    if isinstance(value, str):
        return _SECRET.findall(value)
    if isinstance(value, dict):
        value = list(value.values())
    return [n for v in value for n in secrets_of(v)] if isinstance(value, list) else []


def without_secrets(text: str, environment: Mapping[str, str]) -> str:
    """A text of another party, with the values of secrets taken out of it.

    >>> without_secrets("GET /?key=s3cret: 401", {"PENSTOCK_SECRET_API": "s3cret"})
    'GET /?key=***: 401'
    """
    values = {v for k, v in environment.items() if k.startswith(SECRET_PREFIX) and v.strip()}
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "***").replace(quote(value, safe=""), "***")
    return text


def give_secrets(values: Mapping[str, str]) -> None:
    """Have this process know these secrets, by name, instead of any that it was given before.

    They are kept in its memory: variables would be seen by every process that it starts.
    """
    _given.clear()
    _given.update({SECRET_PREFIX + name.upper(): value for name, value in values.items()})


def environment() -> Mapping[str, str]:
    """Where secrets are looked up: what the process was given, then its variables."""
    variables = {k: v for k, v in os.environ.items() if k != SECRET_ARNS}
    return {**variables, **_given}
