"""Metrics that functions print: the embedded metric format, into CloudWatch's, which is moto's.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from penstock.sandbox.lambdas.function import Function

MARK = '"_aws"'


def write(function: Function, lines: Iterable[str]) -> None:
    """Take the metrics out of an invocation's lines.

    Raises:
        ValueError: a line names a metric or a dimension that it does not hold. CloudWatch would
            leave the metric out and say nothing.
    """
    from moto.cloudwatch.models import cloudwatch_backends

    backend = cloudwatch_backends[function.account][function.region]
    for line in lines:
        if MARK in line and line.lstrip().startswith("{"):
            for namespace, data in _data(json.loads(line)):
                backend.put_metric_data(namespace, data)


def _data(told: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Each namespace, and what is to be put into it."""
    try:
        at = datetime.fromtimestamp(told["_aws"]["Timestamp"] / 1000, UTC).replace(tzinfo=None)
        for directive in told["_aws"]["CloudWatchMetrics"]:
            found = []
            for names in directive["Dimensions"] or [[]]:
                dimensions = [{"Name": name, "Value": str(told[name])} for name in names]
                for metric in directive["Metrics"]:
                    value = told[metric["Name"]]
                    values = value if isinstance(value, list) else [value]
                    found.append(
                        {
                            "MetricName": metric["Name"],
                            "Values": [float(each) for each in values],
                            "Unit": metric.get("Unit", "None"),
                            "Timestamp": at,
                            "Dimensions": dimensions,
                        }
                    )
            yield directive["Namespace"], found
    except (KeyError, TypeError) as error:
        raise ValueError(f"no embedded metrics: {error!r} in {json.dumps(told)[:200]}") from error
