"""What an architecture is to `penstock build`, and the literal table of them.

To add one: a folder below `architectures/` here with a class that follows `Architecture`, its
Terraform below `architectures/` of the repository, and a line in `ARCHITECTURES`. Nothing else
branches on a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from penstock.diagnostics import did_you_mean
from penstock.errors import BuildError, UsageError

if TYPE_CHECKING:
    from penstock.program import Program
    from penstock.spec import Definition

ARCHITECTURES: dict[str, str] = {
    "lambda": "penstock.deploy.architectures.serverless_lambda.architecture:ServerlessLambda",
}


@dataclass(frozen=True, slots=True)
class Built:
    """What an architecture made of a pipeline.

    Attributes:
        variables: the inputs of its Terraform, for `pipeline.auto.tfvars.json`.
        packages: what was put into the folder `packages`: name → digest and size.
    """

    variables: dict[str, Any]
    packages: dict[str, dict[str, Any]]


class Architecture(Protocol):
    """One way to run a pipeline on AWS.

    Attributes:
        name: as in `--architecture` and `deploy.architecture`.
        engine: what the pipeline is compiled for.
        folder: of its Terraform, below `architectures/`.
    """

    name: ClassVar[str]
    engine: ClassVar[str]
    folder: ClassVar[str]

    def build(
        self, definition: Definition, program: Program, packages: Path, *, here: bool = False
    ) -> Built:
        """Write the packages, and say the Terraform's inputs.

        Args:
            packages: an empty folder.
            here: for the sandbox: for the processor and the Python of this machine.

        Raises:
            BuildError: the pipeline cannot run there, or is too large for it.
            Unavailable: what it is made of cannot be fetched.
        """
        ...


def architecture(name: str) -> Architecture:
    """The architecture of a name.

    Raises:
        UsageError: there is none.
    """
    if name not in ARCHITECTURES:
        hint = did_you_mean(name, ARCHITECTURES, noun="architectures that can be built")
        raise UsageError(f"no architecture named `{name}` can be built", hint=hint)
    module, _, attribute = ARCHITECTURES[name].partition(":")
    found: Architecture = getattr(import_module(module), attribute)()
    return found


def assets(*parts: str) -> Path:
    """A folder of Terraform: in the installed package, or in the repository it is run from.

    Raises:
        BuildError: it is in neither.
    """
    here = Path(__file__).resolve()
    for root in (here.with_name("assets"), here.parents[3]):
        place = root.joinpath(*parts)
        if place.is_dir():
            return place
    raise BuildError(
        f"this installation of Penstock has no {'/'.join(parts)}",
        code="PSK-BLD-009",
        hint="install the wheel, or run it from the repository",
    )
