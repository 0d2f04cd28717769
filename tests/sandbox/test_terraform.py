"""Terraform deploys into the sandbox, finds nothing to change, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import time
import urllib.request
from pathlib import Path

import pytest
from cloud import packed
from programs import run

from penstock.sandbox import control
from penstock.sandbox.state import variables

ROOT = Path(__file__).parent / "terraform"
CODE = """
import os
def handler(event, context):
    print("got", event)
    return {"greeting": os.environ["GREETING"]}
"""


class Terraform:
    """`terraform` in a folder, with the sandbox for AWS."""

    def __init__(self, folder, cloud) -> None:
        self.folder = folder
        self.environment = {**os.environ, **variables(cloud.state), "TF_IN_AUTOMATION": "1"}
        self.environment |= {"TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
        if not Path(self.environment.get("TF_CLI_CONFIG_FILE", ROOT)).exists():
            del self.environment["TF_CLI_CONFIG_FILE"]

    def __call__(self, *words, codes=(0,)):
        done = run("terraform", f"-chdir={self.folder}", *words, seconds=240, env=self.environment)
        assert done.returncode in codes, f"terraform {' '.join(words)}\n{done.stdout}{done.stderr}"
        return done


@pytest.fixture
def queue(cloud):
    """URL and ARN of a queue whose messages the function is to take."""
    return cloud.queue(VisibilityTimeout=60)


@pytest.fixture
def terraform(cloud, queue, tmp_path):
    """Terraform, ready to apply, in a copy of the root."""
    if not shutil.which("terraform"):
        pytest.skip("terraform is not installed: deploying into the sandbox is not tried")
    shutil.copytree(ROOT, tmp_path / "root", ignore=shutil.ignore_patterns(".terraform*"))
    (tmp_path / "function.zip").write_bytes(packed({"index.py": CODE}))
    document = {"package": str(tmp_path / "function.zip"), "queue_arn": queue[1]}
    (tmp_path / "root" / "test.auto.tfvars.json").write_text(json.dumps(document))
    made = Terraform(tmp_path / "root", cloud)
    mirror = os.environ.get("PENSTOCK_TEST_TERRAFORM_PLUGINS")
    made("init", "-no-color", *([f"-plugin-dir={mirror}"] if mirror else []))
    return made


def test_apply_use_plan_nothing_destroy(cloud, queue, terraform):
    before = there(cloud)
    words = ("-auto-approve", "-no-color", "-parallelism=30")
    terraform("apply", *words)
    plan = terraform("plan", "-no-color", "-detailed-exitcode", codes=(0, 2))
    assert plan.returncode == 0, plan.stdout

    told = control.ask(cloud.folder, "status")
    assert "shop (eu-west-1)" in told["functions"]
    (url,) = [each["url"] for each in told["addresses"] if each["api"] == "shop"]
    with urllib.request.urlopen(url, data=b"an order") as answer:
        assert json.loads(answer.read()) == {"greeting": "hello"}
    cloud.s3.put_object(Bucket="shop-123456789012", Key="in/file.csv", Body=b"1")
    logged(cloud, "in/file.csv")
    cloud.sqs.send_message(QueueUrl=queue[0], MessageBody="a message")
    logged(cloud, "a message")
    fired = control.ask(cloud.folder, "tick", {"at": "2031-01-01T01:30:00+00:00"})["fired"]
    assert "nightly" in {each["schedule"] for each in fired}
    logged(cloud, "2031-01-01T01:30:00Z")

    terraform("destroy", *words)
    assert there(cloud) == before


def logged(cloud, text, seconds=10):
    """Wait until the function has printed a text."""
    deadline = time.monotonic() + seconds
    while not any("got" in line and text in line for line in cloud.log("shop")):
        assert time.monotonic() < deadline, cloud.problems()
        time.sleep(0.05)


def there(cloud):
    """What lies in the sandbox, of the kinds that the root makes."""
    found = {
        "functions": cloud.functions.list_functions()["Functions"],
        "mappings": cloud.functions.list_event_source_mappings()["EventSourceMappings"],
        "buckets": cloud.s3.list_buckets()["Buckets"],
        "tables": cloud.dynamodb.list_tables()["TableNames"],
        "roles": cloud.iam.list_roles()["Roles"],
        "rules": cloud.events.list_rules()["Rules"],
        "schedules": cloud.scheduler.list_schedules()["Schedules"],
        "groups": cloud.scheduler.list_schedule_groups()["ScheduleGroups"],
        "apis": cloud.apigatewayv2.get_apis()["Items"],
        "topics": cloud.sns.list_topics()["Topics"],
        "alarms": cloud.cloudwatch.describe_alarms()["MetricAlarms"],
        "logs": cloud.logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/shop")["logGroups"],
    }
    return {kind: len(each) for kind, each in found.items()}
