"""Every module and every architecture: its form, its own tests, and what Python knows better."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from penstock.runtime.ledger.dynamodb.schema import ACTIONS, SCHEMA

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


@pytest.mark.parametrize("folder", TESTED, ids=str)
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


# -- the standard folder ------------------------------------------------------------------------

ARCHITECTURES = sorted((ROOT / "architectures").iterdir())
STANDARD = (
    "README.md",
    "terraform/main.tf",
    "terraform/variables.tf",
    "terraform/outputs.tf",
    "terraform/versions.tf",
    "terraform/modules",
    "src",
    "diagrams/architecture-overview.md",
    "diagrams/data-flow.md",
    "monitoring/cloudwatch-dashboards.json",
    "monitoring/alerts.yaml",
    "docs/deployment-guide.md",
    "docs/cost-analysis.md",
    "docs/troubleshooting.md",
)


def committed(folder: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize("folder", ARCHITECTURES, ids=lambda p: p.name)
def test_an_architecture_is_the_standard_folder_and_nothing_in_it_is_a_placeholder(folder: Path):
    assert re.fullmatch(r"architecture-[1-7]-[a-z-]+", folder.name)
    missing = [name for name in STANDARD if not (folder / name).exists()]
    assert not missing
    for file in committed(folder):
        text = file.read_text()
        assert text.strip(), file
        assert not re.search(
            r"\b(TODO|TBD|FIXME|lorem ipsum|coming soon)\b", text, re.IGNORECASE
        ), file


@pytest.mark.parametrize("folder", ARCHITECTURES, ids=lambda p: p.name)
def test_each_diagram_is_one(folder: Path):
    for file in (folder / "diagrams").iterdir():
        assert "```mermaid\n" in file.read_text()


@pytest.mark.parametrize("folder", ARCHITECTURES, ids=lambda p: p.name)
def test_each_alarm_links_to_a_heading_of_the_troubleshooting_guide(folder: Path):
    guide = (folder / "docs/troubleshooting.md").read_text()
    headings = {
        re.sub(r"[^a-z0-9 -]", "", h.lower()).replace(" ", "-")
        for h in re.findall(r"^#+ (.+)$", guide, re.MULTILINE)
    }
    runbooks = re.findall(r"runbook: (\S+)", (folder / "monitoring/alerts.yaml").read_text())
    assert runbooks
    assert set(runbooks) <= headings


@pytest.mark.parametrize("folder", ARCHITECTURES, ids=lambda p: p.name)
def test_the_terraform_reads_the_monitoring_files(folder: Path):
    json.loads((folder / "monitoring/cloudwatch-dashboards.json").read_text())
    main = (folder / "terraform/main.tf").read_text()
    assert "/../monitoring/alerts.yaml" in main
    assert "/../monitoring/cloudwatch-dashboards.json" in main
