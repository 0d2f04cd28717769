"""`deploy.settings` of architecture 1: what a pipeline says of its functions."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from penstock.cost.architectures.lambda_settings import MACHINES, PYTHONS, Settings
from penstock.deploy.wheels import here
from penstock.diagnostics import did_you_mean
from penstock.errors import BuildError

# Hard limits of AWS Lambda and its event source mappings: lowest, highest
# (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.md).
_LIMITS = {
    "memory": (512, 10240),
    "timeout": (60, 900),
    "ephemeral_storage": (512, 10240),
    "max_concurrency": (2, 1000),
}


def settings_of(given: dict[str, Any]) -> Settings:
    """Check `deploy.settings`.

    Raises:
        BuildError: a setting is unknown, or outside of what Lambda takes.
    """
    known = [field.name for field in fields(Settings)]
    for name, value in given.items():
        if name not in known:
            raise _refused(f"there is no setting `{name}`", did_you_mean(name, known))
        if name == "machine" and value not in MACHINES:
            raise _refused(f"`machine: {value}` is none of Lambda's", " or ".join(MACHINES))
        if name == "python" and value not in PYTHONS:
            raise _refused(f"`python: {value!r}` is none of Lambda's", _any_of(PYTHONS))
        if name in _LIMITS:
            low, high = _LIMITS[name]
            if type(value) is not int or not low <= value <= high:
                raise _refused(f"`{name}: {value}` is not possible", f"from {low} to {high}")
    return Settings(**given)


def settings_here(given: dict[str, Any]) -> Settings:
    """The settings with which the sandbox can run the functions on this machine.

    Raises:
        BuildError: a setting is unknown, or outside of what Lambda takes.
    """
    machine, python = here()
    return replace(settings_of(given), machine=machine, python=python)


def _any_of(versions: tuple[str, ...]) -> str:
    return " or ".join(f'"{version}"' for version in versions)


def _refused(message: str, hint: str | None) -> BuildError:
    return BuildError(f"deploy.settings: {message}", code="PSK-BLD-008", hint=hint)
