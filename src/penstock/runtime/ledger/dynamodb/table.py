"""Requests to the table: strong reads page by page, transactions, and beginning anew."""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from penstock.errors import Conflict
from penstock.runtime.ledger.dynamodb.client import Outdated, call
from penstock.runtime.ledger.dynamodb.items import Item, Value, damaged, wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from penstock.runtime.ledger.dynamodb.items import Key

BUSY_SECONDS = 60.0
"""How long a method begins anew while others write, or the table is throttled."""
_BATCH = 100  # items of a BatchGetItem
_STRIKES = 5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Write:
    """One item of a transaction.

    Attributes:
        only_check: nothing is written.
        fresh: the item must not be there yet.
        equal: values it must have.
        present: a value it must have, whatever it is.
        guarded: a head: it is written with the next revision, and the transaction's token.
    """

    item: Item
    only_check: bool = False
    fresh: bool = False
    equal: dict[str, Value] = field(default_factory=dict)
    present: str | None = None
    guarded: bool = False

    def to_wire(self, table: str, token: str) -> dict[str, Any]:
        """As DynamoDB takes it."""
        item = self.item
        if self.guarded:
            item = replace(item, values={**item.values, "by": token})
        names = {"#pk": "pk"} if self.fresh else {f"#{n}": n for n in self.equal}
        tests = (
            ["attribute_not_exists(#pk)"] if self.fresh else [f"#{n} = :{n}" for n in self.equal]
        )
        if self.present:
            names[f"#{self.present}"] = self.present
            tests.append(f"attribute_exists(#{self.present})")
        said: dict[str, Any] = {"TableName": table}
        if tests:
            said["ConditionExpression"] = " AND ".join(tests)
            said["ExpressionAttributeNames"] = names
        if self.equal:
            said["ExpressionAttributeValues"] = {f":{n}": wire(v) for n, v in self.equal.items()}
        if self.only_check:
            return {"ConditionCheck": {**said, "Key": _key(item.key)}}
        return {"Put": {**said, "Item": item.to_wire()}}


def put(item: Item) -> Write:
    """Write an item, whatever is there."""
    return Write(item)


def fresh(item: Item) -> Write:
    """Write an item that is not there yet."""
    return Write(item, fresh=True)


def guarded(item: Item, revision: int) -> Write:
    """Write a head that was at `revision` (0: not there) when it was read, and still is."""
    following = replace(item, values={**item.values, "revision": revision + 1})
    if not revision:
        return Write(following, fresh=True, guarded=True)
    return Write(following, equal={"revision": revision}, guarded=True)


class Table:
    """One table. Safe for several threads, as its client is.

    Args:
        client: boto3's, of DynamoDB.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def close(self) -> None:
        """Free the connections. Safe to call twice."""
        self._client.close()

    # -- reading

    def get(self, key: Key) -> Item | None:
        """An item; None if it is not there."""
        answer = call(
            self._name,
            self._client.get_item,
            TableName=self._name,
            Key=_key(key),
            ConsistentRead=True,
        )
        return Item.of_wire(answer["Item"]) if answer.get("Item") else None

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Item]:
        """Those of the items that are there."""
        waiting = [_key(key) for key in dict.fromkeys(keys)]
        found: dict[Key, Item] = {}
        until = time.monotonic() + BUSY_SECONDS
        tries = 0
        while waiting:
            asked, waiting = waiting[:_BATCH], waiting[_BATCH:]
            answer = call(
                self._name,
                self._client.batch_get_item,
                RequestItems={self._name: {"Keys": asked, "ConsistentRead": True}},
            )
            for attributes in answer["Responses"].get(self._name, ()):
                item = Item.of_wire(attributes)
                found[item.key] = item
            # More than 16 MB, or throttled: DynamoDB says what it left out.
            left = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            if left:
                if time.monotonic() > until:
                    raise _busy(self._name, Outdated(("throttled",)))
                tries += 1
                _pause(tries)
                waiting = left + waiting
        return found

    def query(
        self, pk: str, begins: str = "", *, latest_first: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """The items of a partition whose sort key begins so, in its order, page by page."""
        asked: dict[str, Any] = {
            "TableName": self._name,
            "ConsistentRead": True,
            "KeyConditionExpression": "#pk = :pk",
            "ExpressionAttributeNames": {"#pk": "pk"},
            "ExpressionAttributeValues": {":pk": wire(pk)},
            "ScanIndexForward": not latest_first,
        }
        if begins:
            asked["KeyConditionExpression"] += " AND begins_with(#sk, :sk)"
            asked["ExpressionAttributeNames"]["#sk"] = "sk"
            asked["ExpressionAttributeValues"][":sk"] = wire(begins)
        left = limit
        while left is None or left > 0:
            if left is not None:
                asked["Limit"] = left
            answer = call(self._name, self._client.query, **asked)
            for attributes in answer["Items"]:
                yield Item.of_wire(attributes)
            if "LastEvaluatedKey" not in answer:
                return
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            left = None if left is None else left - len(answer["Items"])

    def consistent(self, head: Key, read: Callable[[], T]) -> T:
        """What `read` gives, all of it as of one moment: the head was the same before and after."""

        def once() -> T:
            before = revision(self.get(head))
            found = read()
            if self._settled(head) != before:
                raise Outdated
            return found

        return self.again(once)

    def _settled(self, head: Key) -> int:
        """A head's revision; `Outdated` if a transaction is just writing it."""
        answer = call(
            self._name,
            self._client.transact_get_items,
            TransactItems=[{"Get": {"TableName": self._name, "Key": _key(head)}}],
        )
        found = answer["Responses"][0].get("Item")
        return revision(Item.of_wire(found) if found else None)

    # -- writing

    def put(self, item: Item) -> None:
        """Write an item of which nobody knows yet."""
        call(self._name, self._client.put_item, TableName=self._name, Item=item.to_wire())

    def transact(self, *writes: Write) -> None:
        """All of the writes, or none.

        Raises:
            Outdated: none, because an item is no longer as it was read.
        """
        # The client makes each of its attempts with the same token: DynamoDB then knows a
        # transaction whose answer got lost, for ten minutes.
        # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
        token = uuid.uuid4().hex
        try:
            call(
                self._name,
                self._client.transact_write_items,
                TransactItems=[write.to_wire(self._name, token) for write in writes],
                ClientRequestToken=token,
            )
        except Outdated as outdated:
            if not self._wrote(writes, token):
                only = [w.fresh and not w.guarded for w in writes]
                failed = [i for i, why in enumerate(outdated.reasons) if why != "None"]
                raise Refused(
                    outdated.reasons, taken=bool(failed) and all(only[i] for i in failed)
                ) from outdated

    def _wrote(self, writes: Iterable[Write], token: str) -> bool:
        """Whether it was this very transaction that changed the heads."""
        heads = [write.item.key for write in writes if write.guarded]
        found = self.get(heads[0]) if heads else None
        return found is not None and found.values.get("by") == token

    def again(self, attempt: Callable[[], T]) -> T:
        """What `attempt` gives; anew as long as it is outdated.

        Raises:
            Conflict: others wrote all the time.
            LedgerError: an item that no ledger wrote is in the way.
        """
        until = time.monotonic() + BUSY_SECONDS
        tries = strikes = 0
        while True:
            try:
                return attempt()
            except Outdated as outdated:
                tries += 1
                strikes = strikes + 1 if isinstance(outdated, Refused) and outdated.taken else 0
                if strikes == _STRIKES:
                    raise damaged(
                        "an item that was to be written is there already; "
                        "`penstock audit verify` says where the audit trail was altered"
                    ) from outdated
                if time.monotonic() > until:
                    raise _busy(self._name, outdated) from outdated
            _pause(tries)


class Refused(Outdated):
    """A transaction was cancelled.

    Attributes:
        taken: the heads were as they had been read, and an item that follows them was there.
    """

    def __init__(self, reasons: tuple[str, ...], *, taken: bool) -> None:
        super().__init__(reasons)
        self.taken = taken


def revision(head: Item | None) -> int:
    """How often a head was written; 0: it is not there."""
    return head.integer("revision") if head else 0


def _key(key: Key) -> dict[str, Any]:
    return {"pk": wire(key[0]), "sk": wire(key[1])}


def _pause(tries: int) -> None:
    # Anywhere up to a bound that grows, so that two who met do not meet again.
    time.sleep(random.uniform(0, min(1.0, 0.01 * 2 ** min(tries, 10))))  # noqa: S311


def _busy(name: str, outdated: Outdated) -> Conflict:
    why = ", ".join(sorted(set(outdated.reasons) - {"None"}))
    return Conflict(
        f"the ledger's table `{name}` was busy for {BUSY_SECONDS:.0f} s{why and f' ({why})'}",
        hint="run again; if it goes on, look at the table's throttling in CloudWatch",
    )
