"""The table, and what a process must be allowed to do with it."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from penstock.errors import LedgerError
from penstock.runtime.ledger.dynamodb.client import Outdated, connect
from penstock.runtime.ledger.dynamodb.items import Item
from penstock.runtime.ledger.dynamodb.table import fresh

if TYPE_CHECKING:
    from penstock.runtime.ledger.dynamodb.table import Table

LAYOUT = 1
SCHEMA: dict[str, Any] = {
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
    ],
    "BillingMode": "PAY_PER_REQUEST",
}
"""The table as CreateTable takes it. Point-in-time recovery comes on top."""

ACTIONS = (
    "dynamodb:BatchGetItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
)
"""Every IAM action that a ledger's user needs on the table; transactions are made of them."""
_BACKUPS_TRIES = 30


def create_table(name: str, *, region: str | None = None, backups: bool = True) -> None:
    """Make a ledger's table and wait until it can be used; nothing happens if it is there.

    Args:
        backups: point-in-time recovery; off for servers that have none.

    Raises:
        LedgerError: it cannot be made.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    client = connect(region)
    try:
        with suppress(client.exceptions.ResourceInUseException):  # another process may be faster
            client.create_table(TableName=name, **SCHEMA)
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        if backups:
            _keep_backups(client, name)
    except (BotoCoreError, ClientError) as error:
        raise LedgerError(
            f"the ledger's table `{name}` cannot be made: {error}",
            code="PSK-LED-011",
            hint="`terraform apply` makes it, with the rights that are needed",
        ) from error
    finally:
        client.close()


def _keep_backups(client: Any, name: str) -> None:
    wanted = {"PointInTimeRecoveryEnabled": True}
    left = _BACKUPS_TRIES
    while True:
        try:
            client.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification=wanted
            )
        except client.exceptions.ContinuousBackupsUnavailableException:
            left -= 1
            if not left:  # AWS prepares backups of a new table for some seconds
                raise
            time.sleep(1)
        else:
            return


def prepare(table: Table) -> None:
    """Make sure that this Penstock knows the table's layout; an empty table is given it.

    Raises:
        LedgerError: a newer Penstock wrote it, or the table cannot be used.
    """
    key = ("LEDGER", "LAYOUT")
    found = table.get(key)
    if found is None:
        try:
            table.transact(fresh(Item(*key, {"layout": LAYOUT})))
        except Outdated:
            found = table.get(key)  # another process was faster
    if found is not None and found.integer("layout") > LAYOUT:
        raise LedgerError(
            f"the ledger was written by a newer Penstock (layout {found.integer('layout')}; "
            f"this one knows {LAYOUT})",
            code="PSK-LED-003",
            hint="pip install --upgrade penstock",
        )
