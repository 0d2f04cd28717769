"""A webhook can be posted to the sandbox, and its function answers as behind API Gateway."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request

import pytest

from penstock.sandbox import control

ANSWER = """
import json
def handler(event, context):
    if event.get("body") == "raise":
        raise ValueError("no")
    if event.get("body") == "plain":
        return {"ok": True}
    if event.get("body") == "wrong":
        return {"statusCode": "many"}
    return {"statusCode": 202, "headers": {"X-Mine": "1"}, "cookies": ["a=1", "b=2"],
            "body": json.dumps(event)}
"""


@pytest.fixture(scope="module")
def address(cloud):
    """Gives the URL of a route; every route's function is the same."""
    gateway = cloud.apigatewayv2
    api = gateway.create_api(Name="hooks", ProtocolType="HTTP")["ApiId"]
    integration = gateway.create_integration(
        ApiId=api,
        IntegrationType="AWS_PROXY",
        IntegrationUri=cloud.arn(cloud.function(ANSWER)),
        PayloadFormatVersion="2.0",
    )["IntegrationId"]
    for key in ("POST /in/{name}", "ANY /all/{rest+}", "GET /in/fixed"):
        gateway.create_route(ApiId=api, RouteKey=key, Target=f"integrations/{integration}")
    gateway.create_route(
        ApiId=api,
        RouteKey="GET /closed",
        Target=f"integrations/{integration}",
        AuthorizationType="AWS_IAM",
    )
    gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    told = control.ask(cloud.folder, "status")["addresses"]
    return {each["route"]: each["url"] for each in told if each["api"] == "hooks"}


def send(url, body=None, method="POST", **headers):
    """Status, headers and body of the answer."""
    request = urllib.request.Request(url, data=body, method=method)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.status, refused.headers, refused.read()


def test_a_post_comes_to_the_function_in_payload_format_2(address):
    url = address["POST /in/{name}"].replace("{name}", "shop") + "?a=1&a=2&b="
    status, headers, body = send(
        url, b'{"n": 1}', Content_Type="application/json", X_Signature="abc", Cookie="s=1; t=2"
    )
    assert status == 202
    assert headers["X-Mine"] == "1"
    assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    event = json.loads(body)
    assert event["version"] == "2.0"
    assert event["routeKey"] == "POST /in/{name}"
    assert event["rawPath"] == "/in/shop"
    assert event["rawQueryString"] == "a=1&a=2&b="
    assert event["queryStringParameters"] == {"a": "1,2", "b": ""}
    assert event["pathParameters"] == {"name": "shop"}
    assert event["headers"]["x-signature"] == "abc"
    assert event["cookies"] == ["s=1", "t=2"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"n": 1}', False)
    assert event["requestContext"]["http"]["method"] == "POST"
    assert event["requestContext"]["stage"] == "$default"


def test_bytes_come_in_base64(address):
    url = address["ANY /all/{rest+}"].replace("{rest+}", "a/b")
    _, _, body = send(url, b"\xff\x00", "PUT", Content_Type="application/octet-stream")
    event = json.loads(body)
    assert base64.b64decode(event["body"]) == b"\xff\x00"
    assert event["isBase64Encoded"] is True
    assert event["pathParameters"] == {"rest": "a/b"}


def test_answers_are_read_as_api_gateway_reads_them(address):
    url = address["POST /in/{name}"].replace("{name}", "x")

    def post(text):
        return send(url, text, Content_Type="text/plain")

    status, headers, body = post(b"plain")
    assert (status, json.loads(body)) == (200, {"ok": True})
    assert headers["Content-Type"] == "application/json"
    for text in (b"raise", b"wrong"):
        status, _, body = post(text)
        assert (status, json.loads(body)) == (500, {"message": "Internal Server Error"})


def test_the_better_route_is_taken_and_what_fits_none_is_not_found(address):
    fixed = address["GET /in/fixed"]
    assert json.loads(send(fixed, method="GET")[2])["routeKey"] == "GET /in/fixed"
    assert json.loads(send(fixed, b"")[2])["routeKey"] == "POST /in/{name}"
    assert send(fixed, method="DELETE")[0] == 404
    assert send(fixed.replace("/in/fixed", "/none"), method="GET")[0] == 404


def test_an_authorizer_is_not_passed_over_in_silence(address):
    status, _, body = send(address["GET /closed"], method="GET")
    assert (status, json.loads(body)) == (501, {"message": "the sandbox does not check AWS_IAM"})
