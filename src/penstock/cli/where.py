"""`--sandbox` and `--profile`: which deployment a command speaks with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.deploy.operate.deployments import Deployment
    from penstock.runtime.ledger.base import Ledger

F = TypeVar("F", bound="Callable[..., Any]")


def where_options(function: F) -> F:
    """`--sandbox` and `--profile`, for what was deployed."""
    function = click.option("--sandbox", is_flag=True, help="What was deployed to the sandbox.")(
        function
    )
    return click.option("--profile", help="What was deployed with this profile.")(function)


def deployed(root: Path, *, sandbox: bool, profile: str | None) -> Deployment:
    """The deployment that is asked for; this process speaks with where it is from now on.

    Raises:
        UsageError: nothing was deployed under that name.
        SandboxError: the sandbox is not running, or is another one.
    """
    from penstock.deploy.operate import deployments
    from penstock.deploy.operate.deploying import enter, sandbox_of
    from penstock.errors import SandboxError

    if not sandbox:
        found = deployments.find(root, profile or deployments.DEFAULT)
        enter(found, None)
        return found
    running = sandbox_of(root)
    found = deployments.find(root, deployments.SANDBOX)
    if found.sandbox != running.token:
        raise SandboxError(
            "the sandbox was started anew since, and holds nothing of the deployment",
            code="PSK-SBX-001",
            hint="penstock deploy --sandbox",
        )
    enter(found, running)
    return found


def deployed_ledger(found: Deployment) -> Ledger:
    """The ledger of a deployment.

    Raises:
        LedgerError: it cannot be read.
    """
    from penstock.runtime.ledger.opening import open_ledger

    return open_ledger(str(found.outputs["ledger"]))
