"""Faults of the troubleshooting guide of architecture 1 that need AWS's side of it."""

from __future__ import annotations

import json
import time
import uuid


def test_a_bucket_that_sends_no_events_starts_nothing(cloud):
    where, (url, arn) = cloud.bucket(), cloud.queue()
    name = f"r-{uuid.uuid4().hex[:8]}"
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [where]}}}
    cloud.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    cloud.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    cloud.s3.put_object(Bucket=where, Key="in/early.csv", Body=b"1")
    time.sleep(1)

    cloud.s3.put_bucket_notification_configuration(
        Bucket=where, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    cloud.s3.put_object(Bucket=where, Key="in/late.csv", Body=b"1")
    (message,) = cloud.received(url)
    assert json.loads(message["Body"])["detail"]["object"]["key"] == "in/late.csv"
