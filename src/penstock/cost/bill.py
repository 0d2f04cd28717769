"""From usage to money: what is used, in single units, times its price."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock.facts.prices import NotPriced

if TYPE_CHECKING:
    from penstock.facts.prices import Price, Prices

_CENTS = Decimal("1e-10")
"""Sums are kept to this part of a dollar: a single request costs 4e-7."""


@dataclass(frozen=True, slots=True)
class Used:
    """An amount of one priced thing.

    Attributes:
        service: as people call it: `Lambda`.
        what: of it: `workers, time`.
        price: name in the price list: `lambda.duration_arm64`.
        quantity: of single ones: requests, GB-seconds, GB-months; not of the list's `1M requests`.
    """

    service: str
    what: str
    price: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Usage:
    """What is used, by one run or in one month."""

    used: tuple[Used, ...] = ()

    @classmethod
    def of(cls, *used: Used) -> Usage:
        """A usage of its parts; what is not used at all is left out."""
        return cls(tuple(u for u in used if u.quantity))

    def __add__(self, other: Usage) -> Usage:
        """Both, what is the same added up."""
        total: dict[tuple[str, str, str], Used] = {}
        for one in (*self.used, *other.used):
            key = (one.service, one.what, one.price)
            known = total.get(key)
            total[key] = (
                one if known is None else replace(one, quantity=known.quantity + one.quantity)
            )
        return Usage(tuple(total.values()))

    def times(self, count: Decimal) -> Usage:
        """As often as that."""
        return Usage.of(*(replace(u, quantity=u.quantity * count) for u in self.used))


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a bill."""

    used: Used
    price: Price
    usd: Decimal

    def as_json(self) -> dict[str, Any]:
        """As `penstock cost --json` gives it."""
        return {
            "service": self.used.service,
            "what": self.used.what,
            "quantity": float(self.used.quantity / self.price.per),
            "unit": self.price.unit,
            "unit_usd": self.price.usd,
            "usd": self.usd,
            "price": self.price.name,
            "as_of": self.price.as_of,
            "source": self.price.source,
        }


@dataclass(frozen=True, slots=True)
class Bill:
    """Lines, and what could not be priced.

    Attributes:
        not_priced: `service: what`, for things the price list has no price with a source for.
    """

    items: tuple[Item, ...] = ()
    not_priced: tuple[str, ...] = ()

    @property
    def usd(self) -> Decimal:
        """The sum of the lines, in US dollars."""
        return sum((item.usd for item in self.items), Decimal(0))

    def by_service(self) -> dict[str, Decimal]:
        """Service → its part of the sum, the largest first."""
        found: dict[str, Decimal] = {}
        for item in self.items:
            found[item.used.service] = found.get(item.used.service, Decimal(0)) + item.usd
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    def as_json(self) -> dict[str, Any]:
        """As `penstock cost --json` gives it."""
        return {"usd": self.usd, "items": [item.as_json() for item in self.items]}


def price(usage: Usage, prices: Prices) -> Bill:
    """The bill of a usage within one month.

    Where a price falls with the quantity, lines of the same price count together.
    """
    items: list[Item] = []
    missing: list[str] = []
    before: dict[str, Decimal] = {}
    for used in usage.used:
        try:
            known = prices[used.price]
        except NotPriced:
            missing.append(f"{used.service}: {used.what}")
            continue
        below = before.get(used.price, Decimal(0))
        usd = known.cost(below + used.quantity) - known.cost(below)
        before[used.price] = below + used.quantity
        items.append(Item(used, known, usd.quantize(_CENTS)))
    return Bill(tuple(items), tuple(missing))
