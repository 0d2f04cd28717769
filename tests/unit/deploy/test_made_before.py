"""What on AWS is there before a deployment is made in the sandbox, and only what is missing."""

from __future__ import annotations

import uuid

import boto3
import pytest
from botocore.exceptions import ClientError

from penstock.deploy.operate import made_before
from penstock.errors import UsageError

REGION = "us-east-1"


@pytest.fixture
def name(sandbox):
    return f"n{uuid.uuid4().hex[:8]}"


def test_workgroups_and_databases_are_made_once(name):
    inputs = {
        "warehouses": [
            {"workgroup": name, "database": "dev", "secret": False},
            {"cluster": "old", "database": "dev", "secret": False},
        ],
        "tables": [
            {"database": name, "table": "a"},
            {"database": name, "table": "b"},
            {"database": name, "table": "a", "region": "eu-west-1"},
        ],
    }
    told = []
    assert made_before.make(inputs, REGION, told.append) == {}
    assert len([line for line in told if name in line]) == len(told) == 3
    made_before.make(inputs, REGION, told.append)
    assert len(told) == 3
    found = boto3.client("redshift-serverless").get_workgroup(workgroupName=name)["workgroup"]
    assert found["workgroupArn"].startswith(f"arn:aws:redshift-serverless:{REGION}:")
    assert found["status"] == "AVAILABLE"
    abroad = boto3.client("glue", region_name="eu-west-1")
    assert abroad.get_database(Name=name)["Database"]["Name"] == name


def test_a_warehouse_with_a_secret(name, monkeypatch):
    inputs = {
        "warehouses": [{"workgroup": name, "database": "dev", "secret": True}],
        "secret_names": [name],
    }
    with pytest.raises(UsageError) as told:
        made_before.make(inputs, REGION, print)
    assert told.value.code == "PSK-ENV-003"
    monkeypatch.setenv(f"PENSTOCK_SECRET_{name.upper()}", "arn:aws:secretsmanager:x")
    found = made_before.make(inputs, REGION, print)
    assert set(found["secrets"]) == {name}
    assert found["warehouse_secrets"]


def test_a_workgroup_is_refused_as_redshift_does(name):
    api = boto3.client("redshift-serverless")
    with pytest.raises(api.exceptions.ResourceNotFoundException):
        api.get_workgroup(workgroupName=name)
    with pytest.raises(api.exceptions.ResourceNotFoundException):
        api.create_workgroup(workgroupName=name, namespaceName=name)
    api.create_namespace(namespaceName=name)
    with pytest.raises(api.exceptions.ConflictException):
        api.create_namespace(namespaceName=name)
    assert api.get_namespace(namespaceName=name)["namespace"]["namespaceName"] == name
    with pytest.raises(ClientError, match="does not answer DeleteNamespace"):
        api.delete_namespace(namespaceName=name)
