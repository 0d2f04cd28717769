"""Items of the table as Python sees them, and their keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import quote

from penstock.errors import LedgerError

Value = str | int | bytes
Key = tuple[str, str]

WIDTH = 16
T = TypeVar("T")


def joined(*parts: str | int) -> str:
    """A key of its parts: `#` stands only between them, and numbers sort as numbers.

    >>> joined("FILES", "a#b", 7)
    'FILES#a%23b#0000000000000007'
    """
    return "#".join(
        f"{part:0{WIDTH}d}" if isinstance(part, int) else quote(part, safe="") for part in parts
    )


def damaged(reason: str) -> LedgerError:
    """An item is not what a ledger writes."""
    return LedgerError(
        f"the ledger is damaged: {reason}",
        hint="restore the table to a moment before that (point-in-time recovery), under another "
        "name; the published tables are not touched by this",
    )


@dataclass(frozen=True, slots=True)
class Item:
    """An item: its key, and values by name. A name without a value is not there."""

    pk: str
    sk: str
    values: dict[str, Value | None] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        """Both parts of the key."""
        return self.pk, self.sk

    @property
    def number(self) -> int:
        """The number that ends the sort key.

        Raises:
            LedgerError: none does.
        """
        last = self.sk.rpartition("#")[2]
        if len(last) != WIDTH or not (last.isascii() and last.isdigit()):
            raise damaged(f"the item {self.pk} / {self.sk} is none of a ledger")
        return int(last)

    def text(self, name: str) -> str:
        """A value that is text, and there."""
        return self._a(str, name)

    def integer(self, name: str) -> int:
        """A value that is a whole number, and there."""
        return self._a(int, name)

    def packed(self, name: str) -> str | bytes:
        """A payload (see `payload.py`), and there."""
        value = self.values.get(name)
        return value if isinstance(value, bytes) else self.text(name)

    def optional(self, name: str) -> str | None:
        """A value that is text, or not there."""
        return None if self.values.get(name) is None else self.text(name)

    def _a(self, kind: type[T], name: str) -> T:
        value = self.values.get(name)
        if not isinstance(value, kind):
            raise damaged(f"the item {self.pk} / {self.sk} has no `{name}` as it was written")
        return value

    def to_wire(self) -> dict[str, Any]:
        """As DynamoDB takes it."""
        given = {"pk": self.pk, "sk": self.sk, **self.values}
        return {name: wire(value) for name, value in given.items() if value is not None}

    @classmethod
    def of_wire(cls, attributes: dict[str, Any]) -> Item:
        """As DynamoDB gives it; what is of a type that no ledger writes is left out."""
        read = {name: _read(value) for name, value in attributes.items()}
        return cls(str(read.pop("pk")), str(read.pop("sk")), read)


def wire(value: Value) -> dict[str, Any]:
    """A value with its type, as DynamoDB takes it."""
    if isinstance(value, bytes):
        return {"B": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _read(value: dict[str, Any]) -> Value | None:
    ((kind, content),) = value.items()
    if kind == "N":
        return int(content) if content.lstrip("-").isdigit() else None
    return content if kind in {"S", "B"} else None
