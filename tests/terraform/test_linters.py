"""What others say of the Terraform: checkov, and parliament of the policies."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import linters
import pytest

pytestmark = [
    pytest.mark.evidence("architecture:lambda", "plan-validated", on="checkov, parliament"),
    pytest.mark.evidence("part:terraform-modules", "plan-validated", on="checkov, parliament"),
]
ROOT = Path(__file__).parents[2]
REDSHIFT = "arn:aws:redshift:us-east-1:123456789012"
SERVERLESS = "arn:aws:redshift-serverless:us-east-1:123456789012"
GLUE = "arn:aws:glue:us-east-1:123456789012"


def test_checkov_finds_what_is_excepted_with_a_reason_and_nothing_else(tmp_path: Path):
    """Without the exceptions: so one that is needed no longer is seen too."""
    place = linters.terraform_files(tmp_path)
    skips = re.compile(r"^\s*#checkov:skip=(\w+):(.*)\n", re.MULTILINE)
    excepted = set()
    for file in place.rglob("*.tf"):
        text = file.read_text()
        for check, reason in skips.findall(text):
            assert len(reason.split()) > 5, f"{file}: {check}"
            excepted.add((str(file.relative_to(place)), check))
        file.write_text(skips.sub("", text))
    found = linters.checkov(place)
    assert len(found["passed_checks"]) > 300
    failed = {(str(c["file_path"]).lstrip("/"), c["check_id"]) for c in found["failed_checks"]}
    assert failed == excepted


def test_parliament_finds_what_is_wrong():
    wrong = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObjekt", "Resource": "*"}]}  # fmt: skip
    [[name, issue, _, _]] = linters.parliament({"p": json.dumps(wrong)})
    assert (name, issue) == ("p", "UNKNOWN_ACTION")


@pytest.fixture(scope="module")
def access(terraform, tmp_path_factory) -> dict[str, object]:
    """The policy of a pipeline that uses everything, as Terraform renders it; it asks no one."""
    module = "architectures/architecture-1-serverless-lambda/terraform/modules/access"
    folder = tmp_path_factory.mktemp("access") / "access"  # its own: other tests use the module
    shutil.copytree(terraform.place / module, folder)
    variables = {
        "reads": [{"bucket": "acme-in", "prefix": "flights/"}],
        "writes": [{"bucket": "acme-lake", "prefix": "curated/delays"}],
        "secret_arns": ["arn:aws:secretsmanager:us-east-1:123456789012:secret:hook-abcdef"],
        "database_users": ["arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABC/loader"],
        "warehouses": [
            {"arn": f"{SERVERLESS}:workgroup/5f1c", "database": "dev"},
            {"arn": f"{REDSHIFT}:cluster:a", "cluster": "a", "database": "dev"},
            {"arn": f"{REDSHIFT}:cluster:b", "cluster": "b", "database": "dev", "user": "loader"},
        ],
        "tables": [{"catalog": GLUE, "database": "sales", "table": "orders"}],
        "key_arns": ["arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    }
    (folder / "fake.auto.tfvars.json").write_text(json.dumps(variables))
    (folder / "offline_override.tf").write_text(
        'provider "aws" {\n  region                      = "us-east-1"\n'
        '  access_key                  = "x"\n  secret_key                  = "x"\n'
        "  skip_credentials_validation = true\n  skip_requesting_account_id  = true\n}\n"
    )
    terraform(folder, "apply", "-auto-approve", "-no-color")
    return json.loads(json.loads(terraform(folder, "output", "-json"))["policy_json"]["value"])


def test_parliament_finds_nothing_in_the_policy_of_a_pipeline(access: dict[str, object]):
    assert linters.parliament({"access": json.dumps(access)}) == []


def test_the_policy_names_what_the_pipeline_reads_and_writes_and_nothing_else(access):
    resources = {
        each
        for statement in access["Statement"]
        for each in (
            [statement["Resource"]]
            if isinstance(statement["Resource"], str)
            else statement["Resource"]
        )
    }
    assert resources == {
        "arn:aws:s3:::acme-in",
        "arn:aws:s3:::acme-in/flights/*",
        "arn:aws:s3:::acme-lake",
        "arn:aws:s3:::acme-lake/curated/delays*",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:hook-abcdef",
        "arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABC/loader",
        f"{SERVERLESS}:workgroup/5f1c",
        f"{REDSHIFT}:cluster:a",
        f"{REDSHIFT}:cluster:b",
        f"{REDSHIFT}:dbname:a/dev",
        f"{REDSHIFT}:dbname:b/dev",
        f"{REDSHIFT}:dbuser:b/loader",
        "*",  # of its own statements alone
        f"{GLUE}:catalog",
        f"{GLUE}:database/sales",
        f"{GLUE}:table/sales/orders",
        "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    }
