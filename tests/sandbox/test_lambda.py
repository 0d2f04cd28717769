"""Functions run as Lambda runs them."""

from __future__ import annotations

import base64
import json
import threading
import time

import pytest
from botocore.exceptions import ClientError
from cloud import packed

ECHO = """
import os, sys
def handler(event, context):
    print("hello", event.get("n"))
    return {"event": event, "pid": os.getpid(), "name": context.function_name,
            "left": context.get_remaining_time_in_millis(), "request": context.aws_request_id,
            "env": dict(os.environ), "arn": context.invoked_function_arn,
            "modules": [p for p in sys.path]}
"""


def test_a_function_answers_with_lambdas_context_and_environment(cloud):
    name = cloud.function(ECHO, Timeout=100, Environment={"Variables": {"MINE": "1"}})
    told, response = cloud.call(name, {"n": 1}, LogType="Tail")
    assert "FunctionError" not in response
    assert response["ExecutedVersion"] == "$LATEST"
    assert told["event"] == {"n": 1}
    assert 50_000 < told["left"] <= 100_000, "ms of the timeout, however busy this machine is"
    assert told["arn"] == f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
    env = told["env"]
    assert env["MINE"] == "1"
    assert env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "256"
    assert env["AWS_REGION"] == "eu-west-1"
    assert env["AWS_ENDPOINT_URL"] == cloud.state.url
    assert "HOME" not in env, "nothing of this machine's environment is seen"
    tail = base64.b64decode(response["LogResult"]).decode().splitlines()
    assert tail[0] == f"START RequestId: {told['request']} Version: $LATEST"
    assert tail[1] == "hello 1"
    assert tail[2] == f"END RequestId: {told['request']}"
    assert tail[3].startswith(f"REPORT RequestId: {told['request']}\tDuration: ")
    assert "Memory Size: 256 MB" in tail[3]
    assert "Init Duration" in tail[3]
    assert cloud.log(name) == tail


def test_the_second_event_finds_the_process_warm(cloud):
    name = cloud.function(ECHO)
    first, second = cloud.call(name)[0], cloud.call(name)[0]
    assert first["pid"] == second["pid"]
    assert sum("Init Duration" in line for line in cloud.log(name)) == 1


def test_packages_of_this_machine_are_not_seen(cloud):
    name = cloud.function("import duckdb\ndef handler(event, context): pass")
    told, response = cloud.call(name)
    assert response["FunctionError"] == "Unhandled"
    assert told["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'duckdb'" in told["errorMessage"]


def test_boto3_is_there_and_talks_to_the_sandbox(cloud):
    code = "import boto3\ndef handler(event, context):\n"
    code += "    return boto3.client('sts').get_caller_identity()['Account']"
    assert cloud.call(cloud.function(code))[0] == "123456789012"


def test_an_exception_is_lambdas_error_document(cloud):
    name = cloud.function("def handler(event, context):\n    raise ValueError('no')")
    told, response = cloud.call(name)
    assert response["FunctionError"] == "Unhandled"
    assert (told["errorType"], told["errorMessage"]) == ("ValueError", "no")
    assert told["stackTrace"]


def test_a_function_that_takes_too_long_is_killed(cloud):
    code = "import time\ndef handler(event, context):\n    time.sleep(event.get('s', 0)); return 1"
    name = cloud.function(code, Timeout=1)
    began = time.monotonic()
    told, response = cloud.call(name, {"s": 30})
    assert time.monotonic() - began < 5
    assert response["FunctionError"] == "Unhandled"
    assert told["errorType"] == "Sandbox.Timedout"
    assert told["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert any("Task timed out after 1.00 seconds" in line for line in cloud.log(name))
    assert any(line.endswith("Status: timeout") for line in cloud.log(name))
    assert cloud.call(name)[0] == 1, "a new environment handles the next event"


def test_a_process_that_ends_is_told(cloud):
    name = cloud.function("import os\ndef handler(event, context):\n    os._exit(3)")
    told, response = cloud.call(name)
    assert response["FunctionError"] == "Unhandled"
    assert told["errorType"] == "Runtime.ExitError"
    assert told["errorMessage"].endswith("Runtime exited with error: exit status 3")


def test_more_memory_than_the_function_has_kills_it(cloud):
    code = (
        "import time\ndef handler(event, context):\n    x = bytearray(400 * 2**20); time.sleep(2)"
    )
    told, response = cloud.call(cloud.function(code, MemorySize=256))
    assert response["FunctionError"] == "Unhandled"
    assert told["errorType"] == "Runtime.OutOfMemory"
    assert told["errorMessage"].endswith("signal: killed")


def test_tmp_is_the_functions_own_and_of_its_size(cloud):
    code = """
import os, tempfile
def handler(event, context):
    before = os.path.exists(os.path.join(tempfile.gettempdir(), "mine"))
    with open(os.path.join(tempfile.gettempdir(), "mine"), "wb") as file:
        try:
            for _ in range(event.get("mb", 1)):
                file.write(bytes(2**20))
        except OSError as error:
            return [before, error.strerror]
    return [before, "written"]
"""
    one, two = cloud.function(code), cloud.function(code, EphemeralStorage={"Size": 512})
    assert cloud.call(one)[0] == [False, "written"]
    assert cloud.call(one)[0] == [True, "written"], "a warm environment keeps it"
    assert cloud.call(two)[0] == [False, "written"]
    told = cloud.call(two, {"mb": 600})[0]
    if not any("SANDBOX /tmp is shared" in line for line in cloud.log(two)):
        assert told == [True, "No space left on device"]


def test_new_code_and_new_settings_are_used_at_once(cloud):
    name = cloud.function("def handler(event, context): return 1")
    assert cloud.call(name)[0] == 1
    new = packed({"index.py": "import os\ndef handler(e, c): return os.environ.get('A', '')"})
    cloud.s3.create_bucket(
        Bucket="code-new", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    cloud.s3.put_object(Bucket="code-new", Key="new.zip", Body=new)
    cloud.functions.update_function_code(FunctionName=name, S3Bucket="code-new", S3Key="new.zip")
    assert cloud.call(name)[0] == ""
    cloud.functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {"A": "2"}}
    )
    assert cloud.call(name)[0] == "2"


def test_reserved_concurrency_throttles_a_caller_who_waits(cloud):
    code = "import time\ndef handler(event, context):\n    time.sleep(event.get('s', 0)); return 1"
    name = cloud.function(code)
    cloud.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    busy = threading.Thread(target=cloud.call, args=(name, {"s": 2}))
    busy.start()
    time.sleep(0.7)
    with pytest.raises(ClientError) as refused:
        cloud.call(name)
    busy.join()
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert cloud.call(name)[0] == 1


def test_an_event_that_fails_is_tried_three_times_and_goes_to_the_destination(cloud):
    url, arn = cloud.queue()
    name = cloud.function("def handler(event, context):\n    raise ValueError('no')")
    cloud.functions.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    told = cloud.functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"a": 1}')
    assert told["StatusCode"] == 202
    record = json.loads(cloud.received(url)[0]["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["functionArn"].endswith(f":function:{name}:$LATEST")
    assert record["requestPayload"] == {"a": 1}
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "no"
    assert sum(line.startswith("START") for line in cloud.log(name)) == 3


def test_an_event_that_fails_goes_to_the_dead_letter_queue(cloud):
    url, arn = cloud.queue()
    name = cloud.function(
        "def handler(event, context):\n    raise ValueError('no')",
        DeadLetterConfig={"TargetArn": arn},
    )
    cloud.functions.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    cloud.functions.invoke(FunctionName=name, InvocationType="Event", Payload=b'{"a": 1}')
    message = cloud.received(url)[0]
    assert json.loads(message["Body"]) == {"a": 1}
    told = {k: v["StringValue"] for k, v in message["MessageAttributes"].items()}
    assert told["ErrorMessage"] == "no"
    assert told["RequestID"]


def test_what_the_sandbox_cannot_run_is_an_error(cloud):
    name = cloud.function("x", Runtime="nodejs22.x")
    with pytest.raises(ClientError, match="runs Python functions"):
        cloud.call(name)
