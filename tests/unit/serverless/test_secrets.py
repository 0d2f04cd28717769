"""Secrets come from Secrets Manager, and their values are nowhere else."""

from __future__ import annotations

import json
import os
import uuid

import boto3
import pytest

from penstock.errors import RunError, Unavailable
from penstock.runtime import references
from penstock.runtime.serverless import secrets

MISSING = "arn:aws:secretsmanager:us-east-1:123456789012:secret:nothing-AbCdEf"


@pytest.fixture
def keep(aws):
    """Keep a secret; gives its ARN."""
    client = boto3.client("secretsmanager", region_name="us-east-1")

    def kept(**value):
        return client.create_secret(Name=uuid.uuid4().hex, **value)["ARN"]

    return kept


@pytest.fixture
def given():
    yield references.give_secrets
    references.give_secrets({})


def test_they_are_fetched_by_their_arns(keep):
    arns = {"db": keep(SecretString='{"password": "p"}'), "api": keep(SecretBinary="kéy".encode())}
    assert secrets.fetch(json.dumps(arns)) == {"db": '{"password": "p"}', "api": "kéy"}


@pytest.mark.parametrize("arns", [None, "", "{}"])
def test_a_pipeline_may_have_none(arns):
    assert secrets.fetch(arns) == {}


def test_a_secret_that_is_not_there(aws):
    with pytest.raises(Unavailable) as told:
        secrets.fetch(json.dumps({"db": MISSING}))
    assert told.value.code == "PSK-FN-006"
    assert "`db`" in told.value.message
    assert MISSING in told.value.message
    assert "ResourceNotFoundException" in told.value.message
    assert "GetSecretValue" in told.value.hint


def test_a_secret_that_is_no_text(keep):
    with pytest.raises(Unavailable) as told:
        secrets.fetch(json.dumps({"db": keep(SecretBinary=b"\xff\xfe")}))
    assert told.value.message.endswith("it is no text")
    assert "fe" not in told.value.message.rpartition(":")[2]


def test_nobody_answers(aws, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unavailable) as told:
        secrets.fetch(json.dumps({"db": MISSING}))
    assert told.value.code == "PSK-FN-006"


@pytest.mark.parametrize(
    "text",
    ["x", "[]", '"x"', '{"db": 1}', '{"db": "p4ssw0rd"}', '{"db": "arn:aws:ssm:us-east-1:1:x"}'],
)
def test_a_variable_that_names_no_secrets(text):
    with pytest.raises(RunError) as told:
        secrets.fetch(text)
    assert told.value.code == "PSK-FN-003"
    assert "p4ssw0rd" not in told.value.message


def test_what_is_given_is_found_by_name_and_only_in_memory(given, monkeypatch):
    monkeypatch.setenv("PENSTOCK_SECRET_DB", "of the environment")
    monkeypatch.setenv("PENSTOCK_SECRET_OTHER", "o")
    monkeypatch.setenv("PENSTOCK_SECRET_ARNS", "{}")
    given({"db": "v4lue"})
    options = {"a": "${secret.db}", "b": "${secret.DB}", "c": "${secret.other}"}
    found = references.with_secrets(options, references.environment())
    assert found == {"a": "v4lue", "b": "v4lue", "c": "o"}
    assert "v4lue" not in str(dict(os.environ))
    with pytest.raises(Unavailable) as told:
        references.with_secrets({"a": "${secret.arns}"}, references.environment())
    assert "v4lue" not in f"{told.value.message} {told.value.hint}"
    given({})
    found = references.with_secrets(options, references.environment())
    assert found["a"] == "of the environment"
