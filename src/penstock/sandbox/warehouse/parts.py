"""The Data API's requests and answers.

https://docs.aws.amazon.com/redshift-data/latest/APIReference/Welcome.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from penstock.sandbox.warehouse.database import Databases
from penstock.sandbox.warehouse.events import status_change
from penstock.sandbox.warehouse.refusal import Refusal
from penstock.sandbox.warehouse.results import PAGE
from penstock.sandbox.warehouse.statements import Statement, Statements, Sub
from penstock.sandbox.warehouse.values import bound

if TYPE_CHECKING:
    from collections.abc import Callable

    Answer = tuple[int, list[tuple[str, str]], bytes]

PREFIX = "RedshiftData."
MOST_STATEMENTS = 40
MOST_BYTES = 100 << 10
"""Of one statement: https://docs.aws.amazon.com/redshift/latest/mgmt/data-api.html"""
LONGEST_WAIT = 30
_TOLD = ("ClusterIdentifier", "WorkgroupName", "Database", "DbUser", "SecretArn", "StatementName")
_NOT_DONE = ("SessionId", "SessionKeepAliveSeconds")


class Warehouse:
    """Answers requests; `close` ends its PostgreSQL.

    Args:
        s3_url: where the sandbox's S3 is asked for objects.
        deliver: takes a region and an event of EventBridge's.
    """

    def __init__(self, s3_url: str, deliver: Callable[[str, dict[str, Any]], None]) -> None:
        self._s3_url = s3_url
        self._databases = Databases()
        self._statements = Statements(
            self._databases,
            self._fetch,
            self._keys,
            lambda made: deliver(made.region, status_change(made)),
        )

    def __call__(self, environ: dict[str, Any]) -> Answer | None:
        """A part of the sandbox's application; None: the request is another service's."""
        name = environ.get("HTTP_X_AMZ_TARGET", "")
        if not name.startswith(PREFIX):
            return None
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        action = getattr(self, "_" + _snake(name.removeprefix(PREFIX)), None)
        try:
            if action is None:
                raise Refusal(f"the sandbox does not answer {name.removeprefix(PREFIX)}")
            told = action(json.loads(body or b"{}"), _region(environ))
        except Refusal as refusal:
            told = {"__type": refusal.kind, "message": refusal.message, "Message": refusal.message}
            return 400, _headers(), json.dumps(told).encode()
        return 200, _headers(), json.dumps(told).encode()

    def close(self) -> None:
        """End the server and forget what it held."""
        self._databases.close()

    # -- actions

    def _execute_statement(self, asked: dict[str, Any], region: str) -> dict[str, Any]:
        return self._submit(asked, [asked.get("Sql", "")], region, batch=False)

    def _batch_execute_statement(self, asked: dict[str, Any], region: str) -> dict[str, Any]:
        sqls = asked.get("Sqls") or []
        if not 1 <= len(sqls) <= MOST_STATEMENTS:
            raise Refusal(f"Sqls takes 1 to {MOST_STATEMENTS} statements, not {len(sqls)}")
        if asked.get("ExecutionMode") not in {None, "TRANSACTION"}:
            raise Refusal(f"the sandbox does not do ExecutionMode {asked['ExecutionMode']}")
        return self._submit(asked, sqls, region, batch=True)

    def _submit(
        self, asked: dict[str, Any], sqls: list[str], region: str, *, batch: bool
    ) -> dict[str, Any]:
        for name in _NOT_DONE:
            if name in asked:
                raise Refusal(f"the sandbox does not do {name}")
        if ("ClusterIdentifier" in asked) == ("WorkgroupName" in asked):
            raise Refusal("either ClusterIdentifier or WorkgroupName is needed")
        if not asked.get("Database"):
            raise Refusal("Database is needed")
        if any(not s.strip() or len(s.encode()) > MOST_BYTES for s in sqls):
            raise Refusal(f"a statement has 1 to {MOST_BYTES} bytes")
        sqls = [bound(s, asked.get("Parameters") or []) for s in sqls]
        made = self._statements.submit(
            asked, sqls, batch=batch, region=region, token=asked.get("ClientToken")
        )
        return {"Id": made.id, "CreatedAt": made.created, **_given(made)}

    def _describe_statement(self, asked: dict[str, Any], _: str) -> dict[str, Any]:
        made, number = self._statements.found(asked.get("Id", ""))
        made.over.wait(min(int(asked.get("WaitTimeSeconds") or 0), LONGEST_WAIT))
        if number is not None:
            return {**_sub(made, number), "Database": made.given["Database"]}
        first = made.subs[0]
        told = {
            "Id": made.id,
            **_given(made),
            "CreatedAt": made.created,
            "UpdatedAt": made.updated,
            "Status": made.status,
            "Duration": int(sum(s.seconds for s in made.subs) * 1e9),
            "HasResultSet": any(s.records is not None for s in made.subs),
            "RedshiftPid": 0,
            "RedshiftQueryId": 0,
            "ResultRows": -1 if made.batch else first.rows,
            "ResultSize": -1,
        }
        if made.batch:
            told["SubStatements"] = [_sub(made, i) for i in range(len(made.subs))]
        else:
            told["QueryString"] = first.sql
        return told | ({"Error": made.error} if made.error else {})

    def _get_statement_result(self, asked: dict[str, Any], _: str) -> dict[str, Any]:
        made, number = self._statements.found(asked.get("Id", ""))
        if number is None and made.batch:
            raise Refusal("a batch has several results: ask for `ID:NUMBER`")
        sub = made.subs[number or 0]
        if made.status != "FINISHED" or sub.records is None:
            raise Refusal("Query does not have result.", "ResourceNotFoundException")
        start = int(asked.get("NextToken") or 0)
        told = {
            "ColumnMetadata": sub.metadata,
            "Records": sub.records[start : start + PAGE],
            "TotalNumRows": len(sub.records),
        }
        more = start + PAGE < len(sub.records)
        return told | ({"NextToken": str(start + PAGE)} if more else {})

    def _list_statements(self, asked: dict[str, Any], _: str) -> dict[str, Any]:
        wanted = asked.get("Status", "ALL")
        prefix = asked.get("StatementName", "")
        places = ("Database", "ClusterIdentifier", "WorkgroupName")
        found = [
            made
            for made in self._statements.every()
            if wanted in {"ALL", made.status}
            and made.given.get("StatementName", "").startswith(prefix)
            and all(asked.get(p) in {None, made.given.get(p)} for p in places)
        ]
        start, count = int(asked.get("NextToken") or 0), int(asked.get("MaxResults") or 100)
        told: dict[str, Any] = {"Statements": [_listed(m) for m in found[start : start + count]]}
        more = start + count < len(found)
        return told | ({"NextToken": str(start + count)} if more else {})

    def _cancel_statement(self, asked: dict[str, Any], _: str) -> dict[str, Any]:
        made, _number = self._statements.found(asked.get("Id", ""))
        self._statements.cancel(made)
        return {"Status": True}

    # -- S3

    def _fetch(self, bucket: str, key: str) -> bytes | None:
        from botocore.exceptions import ClientError

        try:
            return bytes(self._s3().get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchBucket"}:
                return None
            raise

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        pages = self._s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [o["Key"] for page in pages for o in page.get("Contents", ())]

    def _s3(self) -> Any:
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self._s3_url,
            region_name="us-east-1",
            aws_access_key_id="sandbox",
            aws_secret_access_key="sandbox",  # noqa: S106  # moto checks none
        )


def _given(made: Statement) -> dict[str, Any]:
    return {k: made.given[k] for k in _TOLD if k in made.given}


def _sub(made: Statement, number: int) -> dict[str, Any]:
    sub: Sub = made.subs[number]
    told = {
        "Id": f"{made.id}:{number + 1}",
        "QueryString": sub.sql,
        "Status": sub.status,
        "CreatedAt": made.created,
        "UpdatedAt": made.updated,
        "Duration": int(sub.seconds * 1e9),
        "HasResultSet": sub.records is not None,
        "ResultRows": sub.rows,
        "ResultSize": -1,
        "RedshiftQueryId": 0,
    }
    return told | ({"Error": sub.error} if sub.error else {})


def _listed(made: Statement) -> dict[str, Any]:
    texts = [s.sql for s in made.subs]
    return {
        "Id": made.id,
        "Status": made.status,
        "CreatedAt": made.created,
        "UpdatedAt": made.updated,
        "IsBatchStatement": made.batch,
        "StatementName": made.given.get("StatementName", ""),
        **({"QueryStrings": texts} if made.batch else {"QueryString": texts[0]}),
    }


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def _region(environ: dict[str, Any]) -> str:
    """The region that a signature names."""
    found = re.search(
        r"Credential=[^/]+/[0-9]+/([a-z0-9-]+)/", environ.get("HTTP_AUTHORIZATION", "")
    )
    return found[1] if found else "us-east-1"


def _headers() -> list[tuple[str, str]]:
    return [("Content-Type", "application/x-amz-json-1.1")]
