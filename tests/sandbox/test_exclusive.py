"""Many at once: conditions hold, and nobody's write is undone by another's."""

from __future__ import annotations

import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError


def test_of_many_conditional_writes_one_wins(cloud):
    bucket = cloud.bucket()

    def write(n):
        try:
            cloud.s3.put_object(Bucket=bucket, Key=f"k{n // 8}", Body=b"x", IfNoneMatch="*")
        except ClientError as refused:
            return refused.response["Error"]["Code"]
        return "written"

    with ThreadPoolExecutor(8) as pool:
        told = Counter(pool.map(write, range(240)))
    assert told == {"written": 30, "PreconditionFailed": 210}


def test_a_transaction_that_fails_undoes_nothing_of_others(cloud):
    table = f"t-{uuid.uuid4().hex[:8]}"
    cloud.dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
    )

    def put(n):
        item = {"TableName": table, "Item": {"k": {"S": f"k{n}"}}}
        if n % 2:
            cloud.dynamodb.put_item(**item)
            return
        check = {"TableName": table, "Key": {"k": {"S": "none"}}}
        check["ConditionExpression"] = "attribute_exists(k)"
        try:
            cloud.dynamodb.transact_write_items(
                TransactItems=[{"Put": item}, {"ConditionCheck": check}]
            )
        except cloud.dynamodb.exceptions.TransactionCanceledException:
            return
        raise AssertionError("its condition does not hold")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, range(120)))
    found = cloud.dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
    assert sorted(int(each["k"]["S"][1:]) for each in found) == list(range(1, 120, 2))
