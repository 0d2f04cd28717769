"""Every architecture is the brief's standard folder, whole, and says what is true.

Holds for each folder of `architectures/`; a new one joins by being there.
"""

from __future__ import annotations

import ast
import csv
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from commands import installed
from mermaid import diagrams

from penstock.cost.architectures import ARCHITECTURES as COSTED
from penstock.deploy.base import ARCHITECTURES, architecture
from penstock.facts.limits import load_limits
from penstock.facts.prices import load_prices

ROOT = Path(__file__).parents[2]
FOLDERS = sorted((ROOT / "architectures").iterdir())
STANDARD = (
    "README.md",
    "terraform/main.tf",
    "terraform/variables.tf",
    "terraform/outputs.tf",
    "terraform/versions.tf",
    "terraform/backend.tf.example",
    "terraform/modules",
    "diagrams/architecture-overview.md",
    "diagrams/data-flow.md",
    "src",
    "monitoring/cloudwatch-dashboards.json",
    "monitoring/alerts.yaml",
    "docs/deployment-guide.md",
    "docs/cost-analysis.md",
    "docs/troubleshooting.md",
    "docs/security.md",
    "docs/performance.md",
    "sample/pipeline.yaml",
    "sample/data",
    "sample/tests",
)
PLACEHOLDER = re.compile(r"\b(TODO|TBD|FIXME|XXX:|lorem ipsum|coming soon)\b", re.IGNORECASE)
PAGE_WORDS = 150
"""A page of prose that is shorter says nothing of use."""
HANDLER_LINES = 20
COMMENT = re.compile(r"<!-- test: (\S+?)::(\w+) -->")
# `$0.01` <!-- price: network.vpce_interface_hour -->, `900 s` <!-- limit: lambda.timeout -->
FACT = re.compile(r"(\S+)(?: [A-Za-z]+)?\s*<!-- (price|limit): ([\w.-]+) -->")

each = pytest.mark.parametrize("folder", FOLDERS, ids=lambda p: p.name)


def committed(folder: Path) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def pages(folder: Path) -> list[Path]:
    return [file for file in committed(folder) if file.suffix == ".md"]


def test_every_architecture_that_can_be_built_has_its_folder_and_its_costs():
    assert sorted(architecture(name).folder for name in ARCHITECTURES) == [f.name for f in FOLDERS]
    assert set(COSTED) >= set(ARCHITECTURES)


@each
def test_it_is_the_standard_folder_and_nothing_in_it_is_a_placeholder(folder: Path):
    assert re.fullmatch(r"architecture-[1-7]-[a-z-]+", folder.name)
    missing = [name for name in STANDARD if not (folder / name).exists()]
    assert not missing
    for file in committed(folder):
        text = file.read_text()
        assert text.strip(), file
        assert not PLACEHOLDER.search(text), file
    for page in (folder / "docs").iterdir():
        assert len(page.read_text().split()) > PAGE_WORDS, page


@each
def test_its_handlers_are_thin(folder: Path):
    """They call the runtime and decide nothing: what is in one is in no other engine's reach."""
    handlers = sorted((folder / "src").rglob("*.py"))
    assert [p for p in (folder / "src").rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    for file in handlers:
        text = file.read_text()
        tree = ast.parse(text)
        assert len(text.splitlines()) <= HANDLER_LINES, file
        assert ast.get_docstring(tree), file
        imported = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        assert {n.module.partition(".")[0] for n in imported} <= {
            "__future__",
            "penstock",
            "typing",
        }, file
        assert "handler" in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}, file
        branches = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.Match)
        assert not [n for n in ast.walk(tree) if isinstance(n, branches)], file


# -- its sample -------------------------------------------------------------------------------------


@pytest.fixture
def sample(folder: Path, tmp_path: Path) -> Path:
    """A copy of the architecture's sample: running it writes beside it."""
    return Path(shutil.copytree(folder / "sample", tmp_path / "sample"))


@pytest.fixture
def penstock(sample: Path):
    """Runs the installed command there."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    environment |= {"NO_COLOR": "1"}
    return lambda *words: installed(*words, folder=sample, env=environment)


@each
def test_its_sample_validates_at_home_and_for_the_architecture(folder: Path, sample, penstock):
    definition = yaml.safe_load((sample / "pipeline.yaml").read_text())
    (profile,) = definition["profiles"]
    chosen = definition["profiles"][profile]["deploy"]["architecture"]
    assert architecture(chosen).folder == folder.name
    for words in ([], ["--profile", profile]):
        done = penstock("validate", *words, "--json")
        assert done.code == 0, done.out
        told = {d["code"] for d in done.document["diagnostics"] if d["severity"] != "info"}
        assert told <= {"PSK-ENV-011"}  # there are no credentials here, and need be none


@each
def test_its_samples_models_are_tested_and_its_data_runs(folder: Path, sample, penstock):
    tested = penstock("test", "--json")
    assert tested.code == 0, tested.out
    assert len(tested.document["tests"]) >= 2
    ran = penstock("run", "--json")
    assert ran.code == 0, ran.out + ran.err
    for file in (sample / "data").glob("*.csv"):
        with file.open(newline="") as lines:
            assert len(list(csv.reader(lines))) > 1, file
    report = ran.document
    assert report["status"] == "succeeded"
    assert all(counts["rows_in"] for counts in report["datasets"].values())
    assert any(counts["quarantined"] for counts in report["datasets"].values())


# -- its pages --------------------------------------------------------------------------------------


@each
def test_its_diagrams_are_of_this_architecture(folder: Path):
    """What Terraform makes is in them; `tests/e2e/test_diagrams.py` has Mermaid draw them."""
    found = {
        name: diagrams((folder / "diagrams" / name).read_text())
        for name in ("architecture-overview.md", "data-flow.md")
    }
    for name, blocks in found.items():
        arrows = [line for text in blocks for line in text.splitlines() if re.search(r"--?>", line)]
        assert len(arrows) >= 8, name
    overview = " ".join(found["architecture-overview.md"])
    main = (folder / "terraform/main.tf").read_text()
    of_runs = re.findall(r"^    (\w+) = \{\n      package", main, re.MULTILINE)
    assert all(name in overview for name in of_runs)


@each
def test_each_alarm_links_to_a_heading_of_the_troubleshooting_guide(folder: Path):
    guide = (folder / "docs/troubleshooting.md").read_text()
    anchors = {anchor(title) for title in re.findall(r"^## (.+)$", guide, re.MULTILINE)}
    runbooks = re.findall(r"runbook: (\S+)", (folder / "monitoring/alerts.yaml").read_text())
    assert runbooks
    assert set(runbooks) <= anchors


def anchor(title: str) -> str:
    return re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-")


@each
def test_each_fault_of_the_guide_is_produced_by_a_test_and_has_a_way_out(folder: Path):
    guide = (folder / "docs/troubleshooting.md").read_text()
    entries = re.split(r"^## (.+)\n", guide, flags=re.MULTILINE)[1:]
    assert len(entries) >= 2 * 8
    for title, text in zip(entries[::2], entries[1::2], strict=True):
        for part in ("**Symptom.**", "**Cause.**", "**What to do.**"):
            assert text.count(part) == 1, f"{title}: {part}"
        named = COMMENT.findall(text)
        assert named, f"{title}: no test"
        for file, name in named:
            assert name in names_of_tests(ROOT / file), f"{title}: {file} has no {name}"


def names_of_tests(file: Path) -> set[str]:
    """The names of the tests of a file."""
    found = ast.walk(ast.parse(file.read_text()))
    return {n.name for n in found if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")}


@each
def test_the_terraform_reads_the_monitoring_files(folder: Path):
    json.loads((folder / "monitoring/cloudwatch-dashboards.json").read_text())
    main = (folder / "terraform/main.tf").read_text()
    assert "/../monitoring/alerts.yaml" in main
    assert "/../monitoring/cloudwatch-dashboards.json" in main


@each
def test_limits_and_prices_in_its_pages_are_those_of_the_facts(folder: Path):
    limits, prices = load_limits(), load_prices()
    found = 0
    for page in pages(folder):
        for text, kind, name in FACT.findall(page.read_text()):
            found += 1
            told = float(re.sub(r"[^\d.]", "", text))
            fact = float(prices[name].usd) if kind == "price" else limits[name].value
            assert told == fact, f"{page}: {text} is not {name}: {fact}"
    assert found >= 8


@each
def test_links_of_its_pages_lead_somewhere(folder: Path):
    for page in pages(folder):
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page}: {target}"


@each
def test_each_input_that_its_guide_names_is_one(folder: Path):
    inputs = set(
        re.findall(
            r'^variable "(\w+)"', (folder / "terraform/variables.tf").read_text(), re.MULTILINE
        )
    )
    guide = (folder / "docs/deployment-guide.md").read_text()
    named = set(re.findall(r"^\| `(\w+) = ", guide, re.MULTILINE))
    assert named
    assert named <= inputs


@each
def test_each_command_that_its_pages_name_is_one(folder: Path):
    """Commands and their options, as `--help` has them."""
    from penstock.cli.main import cli

    for page in pages(folder):
        blocks = re.findall(r"^```\w*\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)
        lines = [line for text in blocks for line in text.splitlines()]
        for line in lines:
            if line.startswith("penstock "):
                words = line.partition("#")[0].split()[1:]
                context = cli.make_context("penstock", [], resilient_parsing=True)
                found = cli
                while hasattr(found, "get_command") and words and not words[0].startswith("-"):
                    inner = found.get_command(context, words[0])
                    if inner is None:
                        break
                    found, words = inner, words[1:]
                assert found is not cli, f"{page}: {line}"
                known = {o for p in found.params for o in [*p.opts, *p.secondary_opts]}
                known |= {"--json", "--quiet", "--help"}
                given = {w.partition("=")[0] for w in words if w.startswith("-") and len(w) > 1}
                assert given <= known, f"{page}: {line}"


def test_the_page_on_adding_one_names_files_that_are_there():
    page = (ROOT / "docs/architectures/adding-one.md").read_text()
    inner = "architecture-1-serverless-lambda"
    named = {
        name
        for name in re.findall(
            r"`((?:src|tests|scripts|docs|terraform|architectures)/[\w./-]+)`", page
        )
        if "containers" not in name and "NAME" not in name
    }
    assert len(named) > 20
    within = (ROOT, ROOT / "architectures" / inner)
    assert [name for name in sorted(named) if not any((w / name).exists() for w in within)] == []
    tables = page.count("penstock.deploy.architectures.serverless_lambda.architecture:")
    assert tables == 1
    assert f'"lambda": "{ARCHITECTURES["lambda"]}"' in page
