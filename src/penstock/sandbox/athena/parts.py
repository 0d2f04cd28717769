"""Athena's requests about queries; those about workgroups and the like are moto's.

https://docs.aws.amazon.com/athena/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from penstock.sandbox.athena import texts
from penstock.sandbox.athena.cloud import Cloud
from penstock.sandbox.athena.engine import Query
from penstock.sandbox.athena.refusal import QueryError, Refusal, TooMuch

if TYPE_CHECKING:
    from penstock.sandbox.athena.engine import Answer, Engine

Answered = tuple[int, list[tuple[str, str]], bytes]
PREFIX = "AmazonAthena."
OVER = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})
MOST_ROWS = 1000
_OURS = {
    "StartQueryExecution",
    "GetQueryExecution",
    "BatchGetQueryExecution",
    "GetQueryResults",
    "StopQueryExecution",
    "ListQueryExecutions",
}
_NOT_DONE = ("ExecutionParameters", "ResultReuseConfiguration", "EngineConfiguration")


@dataclass
class Execution:
    """A query that was started."""

    id: str
    sql: str
    workgroup: str
    database: str | None
    output: str
    limit: int | None
    state: str = "QUEUED"
    reason: str = ""
    started: float = field(default_factory=time.time)
    ended: float | None = None
    answer: Answer | None = None

    def over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.state in OVER

    def told(self) -> dict[str, Any]:
        """As GetQueryExecution tells it."""
        seconds = (self.ended or time.time()) - self.started
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.started}
        if self.ended is not None:
            status["CompletionDateTime"] = self.ended
        if self.reason:
            status["StateChangeReason"] = self.reason
        return {
            "QueryExecutionId": self.id,
            "Query": self.sql,
            "StatementType": "DML",
            "WorkGroup": self.workgroup,
            "ResultConfiguration": {"OutputLocation": f"{self.output}{self.id}.csv"},
            "QueryExecutionContext": {"Database": self.database} if self.database else {},
            "Status": status,
            "Statistics": {
                "DataScannedInBytes": self.answer.scanned if self.answer else 0,
                "EngineExecutionTimeInMillis": int(seconds * 1000),
                "TotalExecutionTimeInMillis": int(seconds * 1000),
            },
        }


class Athena:
    """Answers requests.

    Args:
        url: where the sandbox's S3, Glue and Athena's workgroups are asked.
        engine: what runs the queries.
    """

    def __init__(self, url: str, engine: Engine) -> None:
        self._url = url
        self.engine = engine
        self._guard = threading.Lock()
        self._all: dict[str, Execution] = {}
        self._tokens: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any]) -> Answered | None:
        """A part of the sandbox's application; None: the request is another service's."""
        name = environ.get("HTTP_X_AMZ_TARGET", "").removeprefix(PREFIX)
        if name not in _OURS:
            return None
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            action = getattr(self, "_" + re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower())
            told, status = action(json.loads(body or b"{}"), _region(environ)), 200
        except Refusal as refusal:
            told = {"__type": refusal.kind, "message": refusal.message, "Message": refusal.message}
            status = 400
        return status, [("Content-Type", "application/x-amz-json-1.1")], json.dumps(told).encode()

    def close(self) -> None:
        """End what runs the queries."""
        self.engine.close()

    # -- actions

    def _start_query_execution(self, asked: dict[str, Any], region: str) -> dict[str, Any]:
        for name in _NOT_DONE:
            if asked.get(name):
                raise Refusal(f"the sandbox does not do {name}")
        cloud = Cloud(self._url, region)
        name = asked.get("WorkGroup", "primary")
        settings = _workgroup(cloud, name)
        own = settings.get("ResultConfiguration", {}).get("OutputLocation")
        given = asked.get("ResultConfiguration", {}).get("OutputLocation")
        # https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
        output = (
            own if own and settings.get("EnforceWorkGroupConfiguration", True) else given or own
        )
        if not output:
            raise Refusal("No output location provided. An output location is required.")
        with self._guard:
            token = asked.get("ClientRequestToken") or ""
            if token in self._tokens:
                return {"QueryExecutionId": self._tokens[token]}
            made = Execution(
                id=str(uuid.uuid4()),
                sql=asked.get("QueryString", ""),
                workgroup=name,
                database=asked.get("QueryExecutionContext", {}).get("Database"),
                output=output.rstrip("/") + "/",
                limit=settings.get("BytesScannedCutoffPerQuery"),
            )
            self._all[made.id] = made
            if token:
                self._tokens[token] = made.id
        threading.Thread(target=self._run, args=(made, cloud), daemon=True).start()
        return {"QueryExecutionId": made.id}

    def _get_query_execution(self, asked: dict[str, Any], _: str) -> dict[str, Any]:
        return {"QueryExecution": self._found(asked).told()}

    def _batch_get_query_execution(self, asked: dict[str, Any], _: str) -> dict[str, Any]:
        ids = asked.get("QueryExecutionIds", [])
        return {
            "QueryExecutions": [self._all[i].told() for i in ids if i in self._all],
            "UnprocessedQueryExecutionIds": [
                {"QueryExecutionId": i} for i in ids if i not in self._all
            ],
        }

    def _get_query_results(self, asked: dict[str, Any], _: str) -> dict[str, Any]:
        made = self._found(asked)
        if made.answer is None or made.state != "SUCCEEDED":
            raise Refusal(f"Query did not finish successfully. Final query state: {made.state}")
        rows = texts.result_rows(made.answer.columns, made.answer.rows)
        start = int(asked.get("NextToken") or 0)
        end = start + min(int(asked.get("MaxResults") or MOST_ROWS), MOST_ROWS)
        told: dict[str, Any] = {
            "UpdateCount": made.answer.changed,
            "ResultSet": {
                "Rows": rows[start:end],
                "ResultSetMetadata": texts.metadata(made.answer.columns),
            },
        }
        return told | ({"NextToken": str(end)} if end < len(rows) else {})

    def _stop_query_execution(self, asked: dict[str, Any], _: str) -> dict[str, Any]:
        made = self._found(asked)
        with self._guard:
            if not made.over():
                made.state, made.reason, made.ended = "CANCELLED", "stopped", time.time()
        return {}

    def _list_query_executions(self, asked: dict[str, Any], _: str) -> dict[str, Any]:
        name = asked.get("WorkGroup", "primary")
        found = [m.id for m in reversed(self._all.values()) if m.workgroup == name]
        return {"QueryExecutionIds": found[: int(asked.get("MaxResults") or 50)]}

    # -- running

    def _found(self, asked: dict[str, Any]) -> Execution:
        id_ = asked.get("QueryExecutionId", "")
        if id_ not in self._all:
            raise Refusal(f"QueryExecution {id_} was not found")
        return self._all[id_]

    def _run(self, made: Execution, cloud: Cloud) -> None:
        state, reason = "SUCCEEDED", ""
        with self._guard:
            if made.over():
                return
            made.state = "RUNNING"
        query = Query(made.sql, made.database, made.limit, made.over)
        try:
            answer = self.engine.run(cloud, query)
            cloud.write(f"{made.output}{made.id}.csv", texts.csv(answer.columns, answer.rows))
            made.answer = answer
        except TooMuch:
            # https://docs.aws.amazon.com/athena/latest/ug/workgroups-setting-control-limits-cloudwatch.html
            state, reason = "CANCELLED", "Bytes scanned limit was exceeded"
        except QueryError as error:
            state, reason = "FAILED", str(error)
        except Exception as error:  # noqa: BLE001  # nobody else would hear of it
            state, reason = "FAILED", f"the sandbox failed: {error!r}"
        with self._guard:
            if not made.over():
                made.state, made.reason, made.ended = state, reason, time.time()


def _workgroup(cloud: Cloud, name: str) -> dict[str, Any]:
    from botocore.exceptions import ClientError

    try:
        found = cloud.client("athena").get_work_group(WorkGroup=name).get("WorkGroup")
    except ClientError as error:
        found = None
        raise Refusal(f"WorkGroup {name} is not found.") from error
    if not found:
        raise Refusal(f"WorkGroup {name} is not found.")
    if found.get("State") == "DISABLED":
        raise Refusal(f"WorkGroup {name} is disabled.")
    return dict(found.get("Configuration") or {})


def _region(environ: dict[str, Any]) -> str:
    """The region that a signature names."""
    found = re.search(
        r"Credential=[^/]+/[0-9]+/([a-z0-9-]+)/", environ.get("HTTP_AUTHORIZATION", "")
    )
    return found[1] if found else "us-east-1"
