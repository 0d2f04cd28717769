"""Every module and every architecture: its form, its own tests, and what Python knows better."""

from __future__ import annotations

import re
from pathlib import Path

import evidence
import pytest

from penstock.deploy.base import ARCHITECTURES, architecture
from penstock.runtime.ledger.dynamodb.schema import ACTIONS, SCHEMA

pytestmark = pytest.mark.evidence("part:terraform-modules", "plan-validated", on="Terraform")
ROOT = Path(__file__).parents[2]
TREES = (ROOT / "terraform", ROOT / "architectures")


def folders_of(pattern: str, *, up: int) -> list[Path]:
    found = (file for tree in TREES for file in tree.rglob(pattern))
    return sorted(file.parents[up].relative_to(ROOT) for file in found)


TESTED = folders_of("*.tftest.hcl", up=1)
MODULES = folders_of("modules/*/main.tf", up=0)
FORM = {"main.tf", "variables.tf", "outputs.tf", "versions.tf"}


def test_every_module_has_the_same_form_and_a_test():
    assert {"lake", "ledger", "network", "warehouse", "queue", "function", "schedule", "monitoring", "governance", "webhook"} <= {m.name for m in MODULES}  # fmt: skip
    for module in MODULES:
        assert {p.name for p in (ROOT / module).iterdir()} == FORM | {"tests"}, module
        assert module in TESTED


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_inputs_and_outputs_are_typed_and_described(module: Path):
    blocks = re.findall(
        r'^(variable|output) "(\w+)" \{\n(.*?)^\}',
        (ROOT / module / "variables.tf").read_text() + (ROOT / module / "outputs.tf").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    assert blocks
    for kind, name, body in blocks:
        assert re.search(r'^  description = "\S', body, re.MULTILINE), name
        if kind == "variable":
            assert re.search(r"^  type +=", body, re.MULTILINE), name
            assert "= any" not in body, name


def test_the_hcl_is_formatted(terraform):
    terraform(terraform.place, "fmt", "-check", "-recursive", "-diff")


def shows(folder: Path) -> list[pytest.MarkDecorator]:
    """What the tests of a folder show of an architecture."""
    names = {architecture(name).folder: name for name in ARCHITECTURES}
    found = [f"architecture:{names[part]}" for part in folder.parts if part in names]
    return [evidence.marker(each, "plan-validated", on="Terraform") for each in found]


@pytest.mark.parametrize("folder", [pytest.param(f, marks=shows(f), id=str(f)) for f in TESTED])
def test_its_own_tests_pass(terraform, folder: Path, tmp_path: Path):
    (tmp_path / "packages").mkdir()
    (tmp_path / "program.json").write_text("{}")
    for kind in ("planner", "runtime"):
        (tmp_path / "packages" / f"{kind}-arm64.zip").write_bytes(b"zip")
    place = terraform.place / folder
    terraform(place, "get", "-no-color")
    root = {"build_dir": str(tmp_path)} if (place / "modules").exists() else {}
    assert "0 failed" in terraform(place, "test", "-no-color", **root)


def test_the_ledgers_table_and_rights_are_those_of_the_code():
    text = (ROOT / "terraform/modules/ledger/main.tf").read_text()
    keys = {k["KeyType"]: k["AttributeName"] for k in SCHEMA["KeySchema"]}
    assert f'hash_key                    = "{keys["HASH"]}"' in text
    assert f'range_key                   = "{keys["RANGE"]}"' in text
    assert set(re.findall(r'"(dynamodb:\w+)"', text)) == set(ACTIONS)
    for root in ROOT.glob("architectures/*/terraform/main.tf"):
        assert set(re.findall(r'"(dynamodb:\w+)"', root.read_text())) in (set(), set(ACTIONS))
