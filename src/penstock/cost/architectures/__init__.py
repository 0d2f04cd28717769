"""One file for each architecture: what a run, a month and an idle month use.

A new one adds its file and its line in `ARCHITECTURES`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, get_args

from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError

if TYPE_CHECKING:
    from penstock.cost.architectures.base import Architecture

# name, as `deploy.architecture` has it → module of this folder
ARCHITECTURES: dict[str, str] = {
    "lambda": "serverless_lambda",
}


def architecture(name: str) -> Architecture:
    """What knows the usage of an architecture.

    Raises:
        UsageError: there is none of this name, or its cost cannot be worked out yet.
    """
    if name in ARCHITECTURES:
        module = import_module(f"penstock.cost.architectures.{ARCHITECTURES[name]}")
        found: Architecture = module.ARCHITECTURE
        return found
    from penstock.spec.operation import Architecture as Named

    if name in get_args(Named):
        raise UsageError(
            f"the cost of the architecture `{name}` cannot be worked out yet",
            code="PSK-COST-001",
            hint=f"it can for: {', '.join(ARCHITECTURES)}",
        )
    raise UsageError(
        f"there is no architecture `{name}`",
        code="PSK-COST-001",
        hint=did_you_mean(name, get_args(Named), noun="architectures"),
    )
