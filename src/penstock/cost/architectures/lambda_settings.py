"""`deploy.settings` of architecture 1, as far as they cost something."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError
from penstock.facts.limits import load_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

MACHINES = ("arm64", "x86_64")
MB_A_PROCESSOR = 1769
"""Memory that comes with one processor (`lambda.memory_max` of the limits says so)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the functions are given: the defaults are those of the Terraform.

    Attributes:
        memory: MB.
        timeout: seconds.
        ephemeral_storage: MB of disk.
        max_concurrency: workers at a time.
    """

    memory: int = 3008
    timeout: int = 900
    ephemeral_storage: int = 2048
    max_concurrency: int = 10
    machine: str = "arm64"

    @property
    def processors(self) -> float:
        """That come with the memory."""
        return self.memory / MB_A_PROCESSOR


def settings_of(given: Mapping[str, Any]) -> Settings:
    """The settings of a pipeline.

    Raises:
        UsageError: one is unknown, or not possible.
    """
    limits = load_limits()
    ranges = {
        "memory": (limits["lambda.memory_min"].value, limits["lambda.memory_max"].value),
        "timeout": (1, limits["lambda.timeout"].value),
        "ephemeral_storage": (512, limits["lambda.tmp_storage_max"].value),
        "max_concurrency": (2, limits["lambda.esm_sqs_max_concurrency"].value),
    }
    known = [field.name for field in fields(Settings)]
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            hint = did_you_mean(name, known, noun="settings")
            raise _refused(f"there is no setting `{name}`", hint)
        if name == "machine":
            if value not in MACHINES:
                raise _refused(f"`machine: {value}` is none of Lambda's", " or ".join(MACHINES))
            found[name] = value
            continue
        low, high = ranges[name]
        number = int(value) if str(value).isascii() and str(value).isdigit() else -1
        if not low <= number <= high:
            raise _refused(f"`{name}: {value}` is not possible", f"from {low:,} to {high:,}")
        found[name] = number
    return Settings(**found)


def _refused(message: str, hint: str) -> UsageError:
    return UsageError(f"architecture lambda: {message}", code="PSK-COST-003", hint=hint)
