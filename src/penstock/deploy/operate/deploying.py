"""Deploys a build: to an AWS account from the build's own folder, to the sandbox from a copy of it.

The copy keeps the sandbox's state away from a `backend.tf`, a lock file and a state that are meant
for an account. It ends with its sandbox.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from penstock.deploy.build import RECORD, SCHEMA
from penstock.deploy.operate import deployments, made_before
from penstock.deploy.operate.deployments import SANDBOX, Deployment
from penstock.deploy.operate.terraform import Terraform
from penstock.errors import DeployError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from penstock.sandbox.state import State

UNPROTECTED = {"protect": False}
INPUTS = "pipeline.auto.tfvars.json"


def read_build(build: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The record of a build, and the inputs of its Terraform.

    Raises:
        UsageError: there is none.
    """
    try:
        record = json.loads((build / RECORD).read_text(encoding="utf-8"))
        assert record["schema"] == SCHEMA
        inputs = json.loads((build / "terraform" / INPUTS).read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AssertionError) as error:
        raise UsageError(
            f"{build} holds no build", code="PSK-DEP-005", hint="make one: penstock build"
        ) from error
    return record, inputs


def on_aws(build: Path, name: str, told: Callable[[str], None]) -> tuple[Deployment, Terraform]:
    """What a build will be in the account that the environment's credentials are for.

    Raises:
        UsageError: there is no build.
    """
    record, inputs = read_build(build)
    region = inputs.get("region") or os.environ.get("AWS_REGION")
    if not region:
        raise UsageError(
            "nothing says in which region",
            code="PSK-DEP-005",
            hint="`deploy: {region: …}` in the profile, or AWS_REGION",
        )
    root = build / "terraform"
    variables = {} if inputs.get("region") else {"region": region}
    found = _deployment(record, name, region, root, variables)
    return found, Terraform(root, {}, told)


def in_sandbox(
    folder: Path, build: Path, sandbox: State, told: Callable[[str], None]
) -> tuple[Deployment, Terraform]:
    """What a build will be in a folder's sandbox; what AWS has before is made there too.

    Raises:
        UsageError: there is no build.
        DeployError: the sandbox does not take what AWS would have.
    """
    record, inputs = read_build(build)
    region = inputs.get("region") or sandbox.region
    root = folder / ".penstock" / "sandbox" / "deployed" / record["pipeline"] / "terraform"
    before = _before(folder)
    if before is None or before.sandbox != sandbox.token:
        shutil.rmtree(root.parent, ignore_errors=True)  # its state is of a sandbox that is gone
    _copied(build, root.parent)
    variables: dict[str, Any] = {"region": region, **UNPROTECTED}
    found = _deployment(record, SANDBOX, region, root, variables)
    found = replace(found, sandbox=sandbox.token)
    environment = enter(found, sandbox)
    found.variables.update(made_before.make(inputs, region, told))
    return found, Terraform(root, environment, told)


def enter(deployment: Deployment, sandbox: State | None) -> dict[str, str]:
    """Have this process, and what it starts, speak with where a deployment is.

    Returns:
        What was set.
    """
    told = speak_with(sandbox) if sandbox else {}
    region = {"AWS_REGION": deployment.region, "AWS_DEFAULT_REGION": deployment.region}
    os.environ.update(region)
    return {**told, **region}


def speak_with(sandbox: State) -> dict[str, str]:
    """Have this process, and what it starts, take a sandbox for AWS.

    Returns:
        What was set.
    """
    from penstock.sandbox.state import variables

    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):  # they would go before the sandbox's keys
        os.environ.pop(name, None)
    # Nothing is far away: what is refused once will be refused again.
    told = variables(sandbox) | {"AWS_MAX_ATTEMPTS": "3"}
    os.environ.update(told)
    return told


def sandbox_of(folder: Path) -> State:
    """The folder's sandbox.

    Raises:
        SandboxError: none is running.
    """
    from penstock.errors import SandboxError
    from penstock.sandbox import control

    found = control.running(folder.resolve())
    if found is None:
        raise SandboxError(
            "no sandbox is running here", code="PSK-SBX-001", hint="start one: penstock sandbox up"
        )
    return found


def _before(folder: Path) -> Deployment | None:
    try:
        return deployments.find(folder, SANDBOX)
    except (UsageError, DeployError):
        return None


def _deployment(
    record: Mapping[str, Any], name: str, region: str, root: Path, variables: dict[str, Any]
) -> Deployment:
    return Deployment(
        name=name,
        pipeline=record["pipeline"],
        architecture=record["architecture"],
        region=region,
        program=record["program"],
        root=str(root.resolve()),
        variables=variables,
    )


def _copied(build: Path, to: Path) -> None:
    """The build without what belongs to an account; packages are linked where that is possible."""
    record, _ = read_build(build)
    for name in (*record["files"], RECORD):
        source, place = build / name, to / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        try:
            os.link(source.resolve(), place)
        except OSError:
            shutil.copyfile(source, place)
