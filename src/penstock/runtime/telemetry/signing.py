"""Signs what is sent to CloudWatch's own OTLP endpoint, which takes spans without a collector.

`https://xray.REGION.amazonaws.com/v1/traces`, with AWS's signature version 4
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html); the
account has to have Transaction Search on (https://aws-otel.github.io/docs/getting-started/x-ray/).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_HOST = re.compile(r"xray\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?")
# Headers that say what is sent; what a client or a proxy may add or change is not signed.
_SIGNED = ("content-type", "content-encoding")


def region_of(environment: Mapping[str, str]) -> str | None:
    """The region whose endpoint the variables name; None: they name another server.

    >>> region_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "https://xray.eu-west-1.amazonaws.com"})
    'eu-west-1'
    >>> region_of({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4318"})
    """
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    address = next((environment[n] for n in names if environment.get(n)), "")
    match = _HOST.fullmatch(urlsplit(address).hostname or "")
    return match[1] if match else None


def session(region: str) -> Any:
    """A `requests` session that signs each request with the machine's credentials.

    Raises:
        ImportError: boto3 is not installed (extra `aws`).
    """
    import boto3
    import requests
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest

    credentials = boto3.Session().get_credentials()

    def sign(request: Any) -> Any:
        if credentials is None:
            raise OSError("there are no AWS credentials to sign spans with")
        kept = {k: v for k, v in request.headers.items() if k.lower() in _SIGNED}
        signed = AWSRequest(request.method, request.url, headers=kept, data=request.body)
        SigV4Auth(credentials.get_frozen_credentials(), "xray", region).add_auth(signed)
        request.headers.update(dict(signed.headers.items()))
        return request

    made = requests.Session()
    made.auth = sign
    return made
