"""Redshift's Data API: SQL is submitted, and its end is asked for, or told by an event.

https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import LoadFailed
from penstock.runtime import aws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.runtime.targets.redshift.options import RedshiftTargetOptions

MOST_STATEMENTS = 40
MOST_BYTES = 100_000
OVER = frozenset({"FINISHED", "FAILED", "ABORTED"})
WHAT = "Redshift's Data API"
CODE = "PSK-TGT-141"
_WAIT_SECONDS = 20
_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0)


@dataclass(frozen=True, slots=True)
class State:
    """How far a submitted batch is.

    Attributes:
        error: what Redshift says of a failure.
        failed: the SQL that failed, where Redshift tells it.
    """

    status: str
    error: str = ""
    failed: str = ""

    @property
    def over(self) -> bool:
        """Whether it ended, one way or the other."""
        return self.status in OVER


class DataApi:
    """Runs SQL in one database of a workgroup or cluster."""

    def __init__(self, options: RedshiftTargetOptions) -> None:
        self._options = options
        self._made: Any = None

    @property
    def _client(self) -> Any:
        if self._made is None:
            wanted_by = "a `redshift` target"
            self._made = aws.client(
                "redshift-data", region=self._options.region, wanted_by=wanted_by
            )
        return self._made

    def _where(self) -> dict[str, str]:
        options = self._options
        told = {
            "WorkgroupName": options.workgroup,
            "ClusterIdentifier": options.cluster,
            "Database": options.database,
            "DbUser": options.user,
            "SecretArn": options.secret,
        }
        return {k: v for k, v in told.items() if v is not None}

    def submit(self, sqls: Sequence[str], *, name: str = "", event: bool = False) -> str:
        """Begin a batch, which is one transaction; gives its id.

        A repeated request of boto3's own carries the same ClientToken and begins nothing anew.

        Args:
            name: by which `under_way` and the event know it.
            event: EventBridge tells of its end.
        """
        given: dict[str, Any] = {**self._where(), "Sqls": list(sqls), "WithEvent": event}
        if name:
            given["StatementName"] = name
        answer = aws.call(WHAT, self._client.batch_execute_statement, **given)
        return str(answer["Id"])

    def state(self, id_: str, *, wait: bool = False) -> State:
        """How far a batch is; `wait`: the service may take its time to answer."""
        given: dict[str, Any] = {"Id": id_}
        if wait and self._can_wait():
            given["WaitTimeSeconds"] = _WAIT_SECONDS
        found = aws.call(WHAT, self._client.describe_statement, **given)
        failed = [s for s in found.get("SubStatements", ()) if s.get("Status") == "FAILED"]
        first = failed[0] if failed else {}
        error = first.get("Error") or found.get("Error") or ""
        return State(found["Status"], error, first.get("QueryString", ""))

    def ended(self, id_: str) -> State:
        """How a batch ended, waited for."""
        for number in range(10**9):
            found = self.state(id_, wait=True)
            if found.over:
                break
            time.sleep(_PAUSES[min(number, len(_PAUSES) - 1)])
        return found

    def _can_wait(self) -> bool:
        """Whether boto3 knows that the service can wait for the end: older ones do not."""
        shape = self._client.meta.service_model.operation_model("DescribeStatement").input_shape
        return "WaitTimeSeconds" in shape.members

    def under_way(self, name: str) -> str | None:
        """The id of a batch of this name that has not ended."""
        where = {k: v for k, v in self._where().items() if k not in {"DbUser", "SecretArn"}}
        found = aws.call(WHAT, self._client.list_statements, StatementName=name, **where)
        for statement in found["Statements"]:
            if statement.get("StatementName") == name and statement["Status"] not in OVER:
                return str(statement["Id"])
        return None

    def run(self, sql: str) -> None:
        """Run a statement to its end.

        Raises:
            LoadFailed: Redshift refuses it.
        """
        self._finished(sql)

    def rows(self, sql: str) -> list[list[Any]]:
        """The rows of a query: numbers, booleans, texts, None."""
        id_ = self._finished(sql)
        found: list[list[Any]] = []
        more: dict[str, str] = {}
        while True:
            page = aws.call(WHAT, self._client.get_statement_result, Id=id_, **more)
            found += [[_value(f) for f in row] for row in page["Records"]]
            if not page.get("NextToken"):
                return found
            more = {"NextToken": page["NextToken"]}

    def _finished(self, sql: str) -> str:
        answer = aws.call(WHAT, self._client.execute_statement, **self._where(), Sql=sql)
        id_ = str(answer["Id"])
        found = self.ended(id_)
        if found.status != "FINISHED":
            raise refused(self._options.location, found.error or found.status)
        return id_


def refused(where: str, error: str) -> LoadFailed:
    """Redshift does not do what it was asked."""
    return LoadFailed(
        f"Redshift refuses what it was asked of {where}: {error}",
        code=CODE,
        hint="nothing was changed there; `penstock explain PSK-TGT-141` says what to look at",
    )


def _value(field: dict[str, Any]) -> Any:
    return None if field.get("isNull") else next(iter(field.values()))
