"""Terraform itself, with one copy of the AWS provider for all tests.

The provider is fetched once, by one `init`; all other commands are told where it lies
(`dev_overrides`), so that it is not hashed anew for each folder. PENSTOCK_TEST_TERRAFORM_PLUGINS
names a filesystem mirror of providers (the folder that holds `registry.terraform.io`), for machines
that cannot reach the registry.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from programs import run

ROOT = Path(__file__).parents[2]
MIRROR = os.environ.get("PENSTOCK_TEST_TERRAFORM_PLUGINS")
PROVIDER = "registry.terraform.io/hashicorp/aws"


class Terraform:
    """Runs `terraform` in a folder of a copy of the repository's Terraform."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.environment = os.environ | {
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if not Path(self.environment.get("TF_CLI_CONFIG_FILE", ROOT)).exists():
            del self.environment["TF_CLI_CONFIG_FILE"]
        self.fetch_provider(place / "provider")

    def __call__(self, folder: Path, *arguments: str, **variables: str) -> str:
        """What it printed.

        Raises:
            AssertionError: it failed.
        """
        done = run(
            "terraform",
            f"-chdir={folder}",
            *arguments,
            seconds=240,
            env=self.environment | {f"TF_VAR_{k}": v for k, v in variables.items()},
        )
        assert done.returncode == 0, f"terraform {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def init(self, folder: Path) -> None:
        """As a user does it: with the provider in the lock file."""
        mirror = [f"-plugin-dir={MIRROR}"] if MIRROR else []
        self(folder, "init", "-backend=false", "-no-color", *mirror)

    def fetch_provider(self, folder: Path) -> None:
        folder.mkdir()
        shutil.copy(ROOT / "terraform/modules/lake/versions.tf", folder)
        self.init(folder)
        [binary] = (folder / ".terraform/providers" / PROVIDER).glob("*/*/terraform-provider-aws*")
        config = folder / "terraformrc"
        config.write_text(
            "provider_installation {\n"
            f'  dev_overrides {{ "hashicorp/aws" = "{binary.parent}" }}\n'
            "  direct {}\n"
            "}\n"
        )
        self.environment["TF_CLI_CONFIG_FILE"] = str(config)


@pytest.fixture(scope="session")
def terraform(tmp_path_factory) -> Terraform:
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed: nothing of the Terraform is checked")
    place = tmp_path_factory.mktemp("terraform")
    for name in ("terraform", "architectures"):
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    return Terraform(place)
