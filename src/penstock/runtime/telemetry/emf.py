"""Metrics of a run in CloudWatch's embedded metric format: lines of JSON in the log.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

One line tells of the run (dimensions pipeline and environment), one of each dataset (dataset
besides), one of the pipeline's own KPIs, and one of what the watch of a deployment saw. A line
holds at most 100 metrics, so that many KPIs are several lines. A run's id is a property of each
line, not a dimension: it can be searched for in Logs Insights, and makes no metric of its own.
"""

from __future__ import annotations

import json
import math
import time
from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING, Any

from penstock.runtime.ledger.base import DAILY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

NAMESPACE = "Penstock"
MOST_METRICS = 100
"""Of one line (the specification, "MetricDirective object")."""
_LARGE = ("Kilo", "Mega", "Giga", "Tera")
_SIZES = ("Bytes", "Bits", *(f"{large}{small}" for small in ("bytes", "bits") for large in _LARGE))
UNITS = frozenset(
    [f"{what}{per}" for what in ("Count", *_SIZES) for per in ("", "/Second")]
    + ["Seconds", "Milliseconds", "Microseconds", "Percent", "None"]
)
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html"""
COUNTS = {
    "rows_in": "RowsIn",
    "rows_out": "RowsOut",
    "rejected": "RowsRejected",
    "quarantined": "RowsQuarantined",
    "filtered": "RowsFiltered",
    "deduplicated": "RowsDeduplicated",
}
ENDS = {
    "succeeded": "RunsSucceeded",
    "failed": "RunsFailed",
    "stopped": "RunsStopped",
    "skipped": "RunsSkipped",
}

LEAST_EARLIER = 5
"""Of so many runs before, the middle one's cost says what a run usually costs."""

Metric = tuple[str, float, str]


class Metrics:
    """Writes the metrics of each run that ends.

    Args:
        write: takes a run's id and a line of it, with its newline.
        environment: the dimension `environment`, such as `prod`.
        cost: gives what a run cost in USD, from its report; None: it is not known.
    """

    def __init__(
        self,
        write: Callable[[str, str], None],
        *,
        environment: str,
        namespace: str = NAMESPACE,
        cost: Callable[[Mapping[str, Any]], float | None] | None = None,
    ) -> None:
        self._write = write
        self._environment = environment
        self._namespace = namespace
        self._cost = cost

    def event(self, name: str, **values: Any) -> None:
        """When a run ends, write its lines; when the watch has looked, one."""
        if name == "looked":
            known = {"pipeline": values["pipeline"], "environment": self._environment}
            seen: list[Metric] = [
                ("FreshnessSeconds", round(values["fresh"], 3), "Seconds"),
                ("RunningSeconds", round(values["running"], 3), "Seconds"),
            ]
            made = _line(self._namespace, time.time(), known, {}, seen)
            self._write("", json.dumps(made, ensure_ascii=False) + "\n")
        if name != "run_finished" or values.get("document") is None:
            return
        report = values["document"].as_json()
        costs = [c for r in values.get("earlier") or () if (c := self._known(r)) is not None]
        found = lines(
            report,
            environment=self._environment,
            namespace=self._namespace,
            previous=values.get("previous"),
            daily=values.get("lane", DAILY) == DAILY,
            cost=self._known(report),
            costs=costs,
        )
        for line in found:
            self._write(report["run_id"], json.dumps(line, ensure_ascii=False) + "\n")

    def _known(self, report: Mapping[str, Any]) -> float | None:
        return self._cost(report) if self._cost else None

    def about(self, fields: dict[str, Any]) -> None:
        """A report says what it is about."""

    def flush(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """Nothing is held."""


def lines(
    report: Mapping[str, Any],
    *,
    environment: str,
    namespace: str = NAMESPACE,
    previous: Mapping[str, Any] | None = None,
    daily: bool = True,
    cost: float | None = None,
    costs: Sequence[float] = (),
    now: float | None = None,
) -> Iterator[dict[str, Any]]:
    """The documents of a run.

    Args:
        report: the run report (`penstock.run/1`).
        previous: that of the succeeded run before it.
        daily: whether it is an ordinary run; a backfill or a replay reads nothing newer, and tells
            nothing of freshness.
        cost: USD.
        costs: of the runs before it.
        now: seconds since 1970; None: the clock.
    """
    moment = time.time() if now is None else now
    known = {"pipeline": report["pipeline"], "environment": environment}
    properties = {"run_id": report["run_id"], "attempt": report["attempt"]}

    def line(metrics: Sequence[Metric], **more: str) -> dict[str, Any]:
        return _line(namespace, moment, {**known, **more}, properties, metrics)

    fresh = _freshness(report, previous, moment) if daily else None
    usual = median(costs) if len(costs) >= LEAST_EARLIER else None
    yield line(list(_of_run(report, fresh, cost, usual)))
    if report["status"] == "skipped":
        return
    for name, counts in report["datasets"].items():
        yield line(list(_of_dataset(name, counts, report)), dataset=name)
    kpis = list(_of_kpis(report.get("kpis") or ()))
    for start in range(0, len(kpis), MOST_METRICS):
        yield line(kpis[start : start + MOST_METRICS])


def _line(
    namespace: str,
    moment: float,
    dimensions: Mapping[str, str],
    properties: Mapping[str, Any],
    metrics: Sequence[Metric],
) -> dict[str, Any]:
    directive = {
        "Namespace": namespace,
        "Dimensions": [list(dimensions)],
        "Metrics": [{"Name": n, "Unit": unit} for n, _, unit in metrics],
    }
    aws = {"Timestamp": int(moment * 1000), "CloudWatchMetrics": [directive]}
    return {"_aws": aws, **dimensions, **properties, **{n: v for n, v, _ in metrics}}


def _of_run(
    report: Mapping[str, Any], fresh: float | None, cost: float | None, usual: float | None
) -> Iterator[Metric]:
    status = report["status"]
    for each, name in ENDS.items():
        yield name, int(status == each), "Count"
    if fresh is not None:
        yield "FreshnessSeconds", round(fresh, 3), "Seconds"
    if status == "skipped":
        return
    yield "RunSeconds", report["seconds"], "Seconds"
    yield "PeakMemoryBytes", report["peak_memory_bytes"], "Bytes"
    sources = [c for c in report["datasets"].values() if c["kind"] == "source"]
    targets = report["targets"].values()
    rows_in = sum(c["rows_in"] for c in sources)
    yield "RowsIn", rows_in, "Count"
    yield "RowsOut", sum(t.get("rows_loaded", 0) for t in targets), "Count"
    rejected = sum(c["rejected"] for c in sources)
    held = _sum(report["datasets"].values(), "quarantined")
    yield "RowsRejected", rejected, "Count"
    yield "RowsQuarantined", held, "Count"
    if rows_in:
        yield "SetAsidePercent", round(100 * (rejected + held) / rows_in, 6), "Percent"
    yield "BytesRead", _sum(sources, "bytes"), "Bytes"
    yield "BytesWritten", _sum(targets, "bytes"), "Bytes"
    yield from _of_rules(report["quality"])
    warned = [q for q in report["quality"] if q["action"] == "warn" and q["outcome"] == "failed"]
    yield "RulesWarned", len(warned), "Count"
    if cost is not None:
        yield "CostUSD", cost, "None"
        if usual:
            yield "CostRatio", round(cost / usual, 6), "None"


def _of_dataset(
    name: str, counts: Mapping[str, Any], report: Mapping[str, Any]
) -> Iterator[Metric]:
    for key, metric in COUNTS.items():
        if (
            counts.get(key) is not None
        ):  # rows_out is not, where a run ended before they were counted
            yield metric, counts[key], "Count"
    yield "Seconds", counts["seconds"], "Seconds"
    if counts["kind"] == "source":
        yield "BytesRead", counts.get("bytes", 0), "Bytes"
    yield from _of_rules([q for q in report["quality"] if q["dataset"] == name])


def _of_rules(quality: Iterable[Mapping[str, Any]]) -> Iterator[Metric]:
    outcomes = [q["outcome"] for q in quality]
    if outcomes:
        yield "RulesPassed", outcomes.count("passed"), "Count"
        yield "RulesFailed", outcomes.count("failed"), "Count"


def _of_kpis(kpis: Iterable[Mapping[str, Any]]) -> Iterator[Metric]:
    for kpi in kpis:
        value = kpi["value"]
        if value is not None and math.isfinite(value):
            yield f"Kpi.{kpi['name']}", value, unit_of(kpi.get("unit"))


def unit_of(text: str | None) -> str:
    """CloudWatch's unit of that name, `None` where it has none.

    >>> unit_of("percent"), unit_of("USD"), unit_of(None)
    ('Percent', 'None', 'None')
    """
    wanted = (text or "").lower()
    return next((unit for unit in UNITS if unit.lower() == wanted), "None")


def _freshness(
    report: Mapping[str, Any], previous: Mapping[str, Any] | None, now: float
) -> float | None:
    """How old what is published is, at most: since the run that read it began.

    A run that found nothing new has seen that what is published is all there is. A run that failed
    leaves what the one before it published.
    """
    whole = report["status"] in {"succeeded", "skipped"}
    seen = report if whole else previous
    if seen is None:
        return None
    began = datetime.fromisoformat(seen["started_at"])
    return max(0.0, now - began.astimezone(UTC).timestamp())


def _sum(items: Iterable[Mapping[str, Any]], key: str) -> int:
    return sum(int(i.get(key) or 0) for i in items)
