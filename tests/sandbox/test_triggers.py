"""Queues, buckets, event rules and schedules call functions as AWS does."""

from __future__ import annotations

import json
import time
import uuid
from urllib.parse import unquote_plus

import pytest
from botocore.exceptions import ClientError

from penstock.errors import SandboxError
from penstock.sandbox import control

# Tells a queue what it got; fails where the body says so.
TELL = """
import boto3, json, os
def handler(event, context):
    boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=json.dumps(event))
    failed = [r["messageId"] for r in event.get("Records", []) if r.get("body") == "bad"]
    if failed and os.environ.get("PARTIAL"):
        return {"batchItemFailures": [{"itemIdentifier": f} for f in failed]}
    if failed:
        raise ValueError("bad")
"""


@pytest.fixture
def out(cloud):
    return cloud.queue()


def telling(cloud, out, seconds=10, **more):
    return cloud.function(TELL, Timeout=seconds, Environment={"Variables": {"OUT": out[0], **more}})


def mapped(cloud, arn, name, **settings):
    return cloud.functions.create_event_source_mapping(
        EventSourceArn=arn, FunctionName=name, **settings
    )


def test_messages_come_in_batches_and_are_deleted(cloud, out):
    url, arn = cloud.queue()
    name = telling(cloud, out)
    for n in range(5):
        cloud.sqs.send_message(QueueUrl=url, MessageBody=f"m{n}")
    mapped(cloud, arn, name, BatchSize=10, MaximumBatchingWindowInSeconds=1)
    told = json.loads(cloud.received(out[0])[0]["Body"])
    first = told["Records"][0]
    assert sorted(r["body"] for r in told["Records"]) == [f"m{n}" for n in range(5)]
    assert first["eventSource"] == "aws:sqs"
    assert first["eventSourceARN"] == arn
    assert first["attributes"]["ApproximateReceiveCount"] == "1"
    assert left(cloud, url) == 0


def left(cloud, url, seconds=5):
    """Messages in a queue, visible or not, once they are few, or the time is up."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    deadline = time.monotonic() + seconds
    while True:
        told = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        count = sum(int(told[name]) for name in names)
        if not count or time.monotonic() > deadline:
            return count
        time.sleep(0.05)


def test_a_message_that_fails_ends_in_the_dead_letter_queue(cloud, out):
    dead_url, dead = cloud.queue()
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    url, arn = cloud.queue(VisibilityTimeout=2, RedrivePolicy=policy)
    name = telling(cloud, out, 2)
    mapped(cloud, arn, name, BatchSize=1)
    cloud.sqs.send_message(QueueUrl=url, MessageBody="bad")
    assert cloud.received(dead_url)[0]["Body"] == "bad"
    counts = [
        json.loads(m["Body"])["Records"][0]["attributes"]["ApproximateReceiveCount"]
        for m in cloud.received(out[0], 2)
    ]
    assert sorted(counts) == ["1", "2"]


def test_only_the_messages_named_come_again(cloud, out):
    dead_url, dead = cloud.queue()
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    url, arn = cloud.queue(VisibilityTimeout=3, RedrivePolicy=policy)
    name = telling(cloud, out, 2, PARTIAL="1")
    for body in ("good", "bad"):
        cloud.sqs.send_message(QueueUrl=url, MessageBody=body)
    mapped(
        cloud,
        arn,
        name,
        MaximumBatchingWindowInSeconds=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    assert [m["Body"] for m in cloud.received(dead_url)] == ["bad"]
    assert left(cloud, url) == 0


def test_a_mapping_the_sandbox_cannot_do_is_refused(cloud, out):
    _, arn = cloud.queue()
    name = telling(cloud, out)
    with pytest.raises(ClientError, match="does not filter"):
        mapped(cloud, arn, name, FilterCriteria={"Filters": [{"Pattern": "{}"}]})
    with pytest.raises(ClientError, match="batch window"):
        mapped(cloud, arn, name, BatchSize=100)
    _, short = cloud.queue(VisibilityTimeout=5)
    with pytest.raises(ClientError, match="5 seconds is less than Function timeout: 10 seconds"):
        mapped(cloud, short, name)


def test_an_object_calls_a_function(cloud, out):
    where = cloud.bucket()
    rule = {"LambdaFunctionArn": cloud.arn(telling(cloud, out)), "Events": ["s3:ObjectCreated:*"]}
    cloud.s3.put_bucket_notification_configuration(
        Bucket=where, NotificationConfiguration={"LambdaFunctionConfigurations": [rule]}
    )
    cloud.s3.put_object(Bucket=where, Key="in/a b.csv", Body=b"12345")
    told = json.loads(cloud.received(out[0])[0]["Body"])["Records"][0]
    assert told["eventName"] == "ObjectCreated:Put"
    assert told["s3"]["bucket"]["name"] == where
    assert unquote_plus(told["s3"]["object"]["key"]) == "in/a b.csv"
    assert told["s3"]["object"]["size"] == 5


def test_an_object_goes_through_eventbridge_to_a_function_and_a_queue(cloud, out):
    where, name = cloud.bucket(), f"r-{uuid.uuid4().hex[:8]}"
    cloud.s3.put_bucket_notification_configuration(
        Bucket=where, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [where]}}}
    cloud.events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    url, arn = cloud.queue()
    transformer = {"InputPathsMap": {"key": "$.detail.object.key"}, "InputTemplate": '{"k": <key>}'}
    function = cloud.arn(telling(cloud, out))
    targets = [
        {"Id": "1", "Arn": function},
        {
            "Id": "2",
            "Arn": arn,
            "InputTransformer": {**transformer, "InputTemplate": '{"k": "<key>"}'},
        },
    ]
    cloud.events.put_targets(Rule=name, Targets=targets)
    cloud.s3.put_object(Bucket=where, Key="x.csv", Body=b"1")
    event = json.loads(cloud.received(out[0])[0]["Body"])
    assert event["detail-type"] == "Object Created"
    assert event["detail"]["object"]["key"] == "x.csv"
    assert event["detail"]["object"]["size"] == 1
    assert event["detail"]["reason"] == "PutObject"
    assert event["time"].endswith("Z")
    assert json.loads(cloud.received(url)[0]["Body"]) == {"k": "x.csv"}


def test_a_target_the_sandbox_does_not_send_to_is_refused(cloud):
    name = f"r-{uuid.uuid4().hex[:8]}"
    cloud.events.put_rule(Name=name, EventPattern='{"source": ["mine"]}')
    arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/s"
    with pytest.raises(ClientError, match="does not deliver to kinesis"):
        cloud.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])


def schedule(cloud, target, expression, **more):
    name = f"s-{uuid.uuid4().hex[:8]}"
    cloud.scheduler.create_schedule(
        Name=name,
        ScheduleExpression=expression,
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"RoleArn": "arn:aws:iam::123456789012:role/any", **target},
        **more,
    )
    return name


def test_a_schedule_fires_when_it_is_due_with_its_context(cloud, out):
    text = '{"at": "<aws.scheduler.scheduled-time>", "n": <aws.scheduler.attempt-number>}'
    target = {"Arn": cloud.arn(telling(cloud, out)), "Input": text}
    name = schedule(cloud, target, "cron(30 6 * * ? *)", ScheduleExpressionTimezone="Europe/Berlin")
    early = control.ask(cloud.folder, "tick", {"at": "2031-07-01T06:30:00+00:00"})
    assert name not in {each["schedule"] for each in early["fired"]}
    fired = control.ask(cloud.folder, "tick", {"at": "2031-07-01T04:30:12+00:00"})["fired"]
    assert {"schedule": name, "target": target["Arn"]} in fired
    told = json.loads(cloud.received(out[0])[0]["Body"])
    assert told == {"at": "2031-07-01T04:30:00Z", "n": 1}
    cloud.scheduler.delete_schedule(Name=name)


def test_an_expression_that_is_none_is_refused(cloud, out):
    name = schedule(cloud, {"Arn": out[1]}, "cron(0 6 * * *)")
    with pytest.raises(SandboxError, match="has 5 fields"):
        control.ask(cloud.folder, "tick", {"at": "2031-01-01T00:00:00+00:00"})
    cloud.scheduler.delete_schedule(Name=name)


def test_settings_terraform_reads_back_are_there(cloud, out):
    name = cloud.function(
        TELL,
        DeadLetterConfig={"TargetArn": out[1]},
        LoggingConfig={"LogFormat": "Text", "LogGroup": "/mine"},
    )
    told = cloud.functions.get_function_configuration(FunctionName=name)
    assert told["DeadLetterConfig"] == {"TargetArn": out[1]}
    assert told["LoggingConfig"]["LogGroup"] == "/mine"
    policy = '{"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:eu-west-1:1:q"]}'
    url, _ = cloud.queue()
    names = {"QueueUrl": url, "AttributeNames": ["All"]}
    assert "RedriveAllowPolicy" not in cloud.sqs.get_queue_attributes(**names)["Attributes"]
    cloud.sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedriveAllowPolicy": policy})
    assert cloud.sqs.get_queue_attributes(**names)["Attributes"]["RedriveAllowPolicy"] == policy


def test_what_moto_would_pretend_is_refused(cloud):
    with pytest.raises(ClientError, match="does not run Glue jobs"):
        cloud.glue.start_job_run(JobName="job")
    with pytest.raises(ClientError, match="does not run Step Functions executions"):
        cloud.stepfunctions.start_execution(
            stateMachineArn="arn:aws:states:eu-west-1:123456789012:stateMachine:m"
        )
