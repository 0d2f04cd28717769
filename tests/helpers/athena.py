"""Asks Athena, through boto3.

What answers is DuckDB, or Trino where `make athena` says so by PENSTOCK_TEST_ATHENA.
"""

from __future__ import annotations

import os
import time
import uuid

import boto3

ENGINE = os.environ.get("PENSTOCK_TEST_ATHENA", "duckdb")


class Asking:
    """Runs queries in a workgroup of its own."""

    def __init__(self, database, bucket="acme-lake", limit=None):
        self.api = boto3.client("athena")
        self.glue = boto3.client("glue")
        self.s3 = boto3.client("s3")
        self.database = database
        self.group = f"g{uuid.uuid4().hex[:8]}"
        self.output = f"s3://{bucket}/results-{self.group}/"
        more = {"BytesScannedCutoffPerQuery": limit} if limit else {}
        self.api.create_work_group(
            Name=self.group,
            Configuration={"ResultConfiguration": {"OutputLocation": self.output}, **more},
        )

    def ended(self, sql, **more):
        given = {"WorkGroup": self.group, "QueryExecutionContext": {"Database": self.database}}
        id_ = self.api.start_query_execution(QueryString=sql, **{**given, **more})[
            "QueryExecutionId"
        ]
        until = time.monotonic() + 60
        while time.monotonic() < until:
            found = self.api.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
            if found["Status"]["State"] in {"SUCCEEDED", "FAILED", "CANCELLED"}:
                return found
            time.sleep(0.05)
        raise AssertionError("the query did not end")

    def rows(self, sql):
        done = self.ended(sql)
        assert done["Status"]["State"] == "SUCCEEDED", done["Status"].get("StateChangeReason")
        pages = self.api.get_paginator("get_query_results").paginate(
            QueryExecutionId=done["QueryExecutionId"]
        )
        found = [
            [d.get("VarCharValue") for d in row["Data"]]
            for page in pages
            for row in page["ResultSet"]["Rows"]
        ]
        return found[1:]
