"""What functions print is read where AWS keeps it: CloudWatch Logs and metrics."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime, timedelta

METRICS = """
import json, logging, time
log = logging.getLogger()
def handler(event, context):
    log.info("found %d", 3)
    log.debug("not shown")
    print(json.dumps({
        "_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [{
            "Namespace": event["space"], "Dimensions": [["pipeline"]],
            "Metrics": [{"Name": "rows", "Unit": "Count"}, {"Name": "seconds", "Unit": "Seconds"}],
        }]},
        "pipeline": "orders", "rows": event["rows"], "seconds": [1.5, 2.5], **event.get("more", {}),
    }))
"""


def test_json_logs_are_lines_of_json(cloud):
    group = f"/own/{uuid.uuid4().hex[:8]}"
    cloud.logs.create_log_group(logGroupName=group)
    name = cloud.function(METRICS, LoggingConfig={"LogFormat": "JSON", "LogGroup": group})
    cloud.call(name, {"space": "A", "rows": 1})
    found = cloud.logs.filter_log_events(logGroupName=group)["events"]
    lines = [json.loads(each["message"]) for each in found]
    kinds = [each.get("type") for each in lines]
    assert (kinds[0], kinds[-1]) == ("platform.start", "platform.report")
    assert lines[-1]["record"]["status"] == "success"
    assert lines[-1]["record"]["metrics"]["memorySizeMB"] == 256
    (own,) = (each for each in lines if "message" in each)
    assert (own["level"], own["message"]) == ("INFO", "found 3")
    assert own["requestId"] == lines[0]["record"]["requestId"]
    text = cloud.logs.filter_log_events(logGroupName=group, filterPattern="found")["events"]
    assert len(text) == 1


def test_embedded_metrics_are_metrics(cloud):
    space = f"space-{uuid.uuid4().hex[:8]}"
    name = cloud.function(METRICS)
    for rows in (3, 4):
        cloud.call(name, {"space": space, "rows": rows})
    now = datetime.now(UTC)

    def total(metric):
        told = cloud.cloudwatch.get_metric_statistics(
            Namespace=space,
            MetricName=metric,
            Dimensions=[{"Name": "pipeline", "Value": "orders"}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now + timedelta(minutes=5),
            Period=3600,
            Statistics=["Sum"],
        )
        return sum(each["Sum"] for each in told["Datapoints"])

    assert (total("rows"), total("seconds")) == (7, 8)


def test_a_metric_without_its_value_is_a_problem_that_status_shows(cloud):
    name = cloud.function(METRICS.replace('"rows": event["rows"], ', ""))
    cloud.call(name, {"space": "A"})
    deadline = time.monotonic() + 5
    while not (told := [each for each in cloud.problems() if name in each]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "KeyError('rows')" in told[0]
