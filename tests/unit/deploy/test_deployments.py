"""What a folder remembers of its deployments."""

import pytest

from penstock.deploy.operate import deployments
from penstock.deploy.operate.deployments import Deployment
from penstock.errors import DeployError, UsageError

PROD = Deployment("prod", "orders", "lambda", "eu-central-1", "sha256:1", "/x", outputs={"a": 1})


def test_kept_and_found(tmp_path):
    deployments.keep(tmp_path, PROD)
    assert deployments.find(tmp_path, "prod") == PROD
    assert deployments.known(tmp_path) == ["prod"]
    deployments.forget(tmp_path, "prod")
    assert deployments.known(tmp_path) == []


def test_nothing_was_deployed(tmp_path):
    with pytest.raises(UsageError, match="`sandbox`") as told:
        deployments.find(tmp_path, "sandbox")
    assert told.value.code == "PSK-DEP-004"
    assert told.value.hint == "penstock deploy --sandbox"


def test_the_near_name(tmp_path):
    deployments.keep(tmp_path, PROD)
    with pytest.raises(UsageError) as told:
        deployments.find(tmp_path, "prd")
    assert "did you mean `prod`" in told.value.hint


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": "penstock.deployment/2"}', "\x00"])
def test_a_file_of_another_kind(tmp_path, text):
    deployments.keep(tmp_path, PROD)
    deployments.place(tmp_path, "prod").write_text(text)
    with pytest.raises(DeployError, match="prod") as told:
        deployments.find(tmp_path, "prod")
    assert told.value.code == "PSK-DEP-004"
