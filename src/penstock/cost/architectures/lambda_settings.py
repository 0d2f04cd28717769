"""`deploy.settings` of architecture 1: what can be said, and what holds if nothing is."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError
from penstock.facts.limits import load_limits

if TYPE_CHECKING:
    from collections.abc import Mapping

Machine = Literal["arm64", "x86_64"]
MACHINES: tuple[Machine, ...] = ("arm64", "x86_64")
PYTHONS = ("3.12", "3.13", "3.14")
"""Python of the functions, as in the runtime's name `python3.13`."""
_WORDS: dict[str, tuple[str, ...]] = {"machine": MACHINES, "python": PYTHONS}
MB_A_PROCESSOR = 1769
"""Memory that comes with one processor (`lambda.memory_max` of the limits says so)."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the functions are given: the defaults are those of the Terraform.

    Attributes:
        memory: MB of a worker and of the loader; 1,769 MB come with one processor.
        timeout: seconds.
        ephemeral_storage: MB of disk, for what does not fit into memory.
        max_concurrency: workers at a time.
        machine: `arm64` or `x86_64`.
        python: version of Python.
    """

    memory: int = 3008
    timeout: int = 900
    ephemeral_storage: int = 2048
    max_concurrency: int = 10
    machine: Machine = "arm64"
    python: str = "3.13"

    def as_json(self) -> dict[str, Any]:
        """As Terraform takes it."""
        return asdict(self)

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
        if name in _WORDS:
            if value not in _WORDS[name]:
                raise _refused(f"`{name}: {value}` is none of Lambda's", " or ".join(_WORDS[name]))
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
