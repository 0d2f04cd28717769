"""What a pipeline folder remembers of its deployments: `.penstock/deployments/NAME.json`.

The name is `sandbox`, the profile's, or `default`. The file says where the ledger, the functions
and the queues are, so that `runs`, `logs`, `query`, `replay` and `destroy` find them; it holds no
secret and no state: that is Terraform's.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import did_you_mean
from penstock.errors import DeployError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "penstock.deployment/1"
SANDBOX = "sandbox"
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A pipeline that was deployed.

    Attributes:
        name: `sandbox`, or that of the profile.
        pipeline: its name.
        architecture: as in `penstock build --architecture`.
        region: of AWS.
        program: the digest of the Program that was deployed.
        root: the folder of its Terraform.
        variables: what Terraform was given besides the build's own inputs.
        outputs: of its Terraform: `ledger`, `functions`, `dead_letters`, …
        sandbox: the token of the sandbox it is in; None on AWS.
    """

    name: str
    pipeline: str
    architecture: str
    region: str
    program: str
    root: str
    variables: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    sandbox: str | None = None


def place(folder: Path, name: str) -> Path:
    """The file of a deployment."""
    return folder / ".penstock" / "deployments" / f"{name}.json"


def keep(folder: Path, deployment: Deployment) -> None:
    """Remember a deployment; in one step, so that whoever reads sees the old one or the new one."""
    file = place(folder, deployment.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".json.new")
    document = {"schema": SCHEMA, **asdict(deployment)}
    fresh.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    fresh.replace(file)


def forget(folder: Path, name: str) -> None:
    """A deployment was taken away."""
    place(folder, name).unlink(missing_ok=True)


def known(folder: Path) -> list[str]:
    """The names of the folder's deployments."""
    return sorted(file.stem for file in place(folder, DEFAULT).parent.glob("*.json"))


def find(folder: Path, name: str) -> Deployment:
    """The deployment of a name.

    Raises:
        UsageError: nothing was deployed under it from this folder.
        DeployError: its file cannot be read.
    """
    file = place(folder, name)
    if not file.is_file():
        flag = "--sandbox" if name == SANDBOX else f"--profile {name}"
        hint = did_you_mean(name, known(folder), noun="deployments") if known(folder) else None
        raise UsageError(
            f"nothing was deployed as `{name}` from {folder}",
            code="PSK-DEP-004",
            hint=hint or f"penstock deploy {flag}",
        )
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        assert document.pop("schema") == SCHEMA
        return Deployment(**document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, AssertionError) as error:
        raise DeployError(
            f"{file} says nothing of a deployment that could be understood",
            code="PSK-DEP-004",
            hint="`penstock deploy` writes it anew; it changes nothing that is already there",
        ) from error
