"""Terraform itself, with one copy of the AWS provider for all tests.

PENSTOCK_TEST_TERRAFORM_PLUGINS names a filesystem mirror of providers (the folder that holds
`registry.terraform.io`), for machines that cannot reach the registry. Without it each `init`
shares one download through Terraform's plugin cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MIRROR = os.environ.get("PENSTOCK_TEST_TERRAFORM_PLUGINS")


class Terraform:
    """Runs `terraform` in a folder of a copy of the repository's Terraform."""

    def __init__(self, place: Path, cache: Path) -> None:
        self.place = place
        self.environment = os.environ | {
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "CHECKPOINT_DISABLE": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        if not Path(self.environment.get("TF_CLI_CONFIG_FILE", ROOT)).exists():
            del self.environment["TF_CLI_CONFIG_FILE"]
        if not MIRROR:
            cache.mkdir(exist_ok=True)
            self.environment["TF_PLUGIN_CACHE_DIR"] = str(cache)

    def __call__(self, folder: Path, *arguments: str, **variables: str) -> str:
        """What it printed.

        Raises:
            AssertionError: it failed.
        """
        done = subprocess.run(
            ["terraform", f"-chdir={folder}", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
            env=self.environment | {f"TF_VAR_{k}": v for k, v in variables.items()},
        )
        assert done.returncode == 0, f"terraform {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        return done.stdout

    def init(self, folder: Path) -> None:
        mirror = [f"-plugin-dir={MIRROR}"] if MIRROR else []
        self(folder, "init", "-backend=false", "-no-color", *mirror)


@pytest.fixture(scope="session")
def terraform(tmp_path_factory) -> Terraform:
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed: nothing of the Terraform is checked")
    place = tmp_path_factory.mktemp("terraform")
    for name in ("terraform", "architectures"):
        ignored = shutil.ignore_patterns(".terraform*", "*.tfstate*")
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    return Terraform(place, place / "plugins")
