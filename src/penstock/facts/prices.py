"""The price list: list prices of one region, each with its date and its source.

`prices-us-east-1.yaml` beside this file is the data. A price without a source is not used: asking
for it raises `NotPriced`, and what needs it is listed as not priced.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from penstock.diagnostics import Diagnostic, did_you_mean
from penstock.facts.files import read

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "prices-us-east-1.yaml"
OLD_DAYS = 180
"""Prices older than this are told of: AWS changes several a year."""
_PER = re.compile(r"([\d,]+)(M?)(?: |$)")
_THOUSANDS = {"": 1, "M": 1_000_000}


class NotPriced(LookupError):
    """There is no price with a source for something."""


@dataclass(frozen=True, slots=True)
class Tier:
    """A price that holds up to a quantity of one month, counted from its beginning.

    Attributes:
        up_to: in single requests, GB, GB-seconds; None: without end.
    """

    up_to: Decimal | None
    usd: Decimal


@dataclass(frozen=True, slots=True)
class Price:
    """What one thing costs.

    Attributes:
        name: service and key, `lambda.requests`.
        unit: as AWS counts it: `GB-second`, `1M requests`.
        usd: of one unit.
        tiers: empty, or the prices by quantity of a month.
        as_of: when the source said so: a year, a month or a day.
    """

    name: str
    unit: str
    usd: Decimal
    tiers: tuple[Tier, ...]
    as_of: str
    source: str
    confidence: str

    @property
    def per(self) -> int:
        """How many single ones are a unit.

        >>> Price("x", "1M requests", Decimal(1), (), "", "", "").per
        1000000
        >>> Price("x", "GB-month", Decimal(1), (), "", "", "").per
        1
        """
        found = _PER.match(self.unit)
        return int(found[1].replace(",", "")) * _THOUSANDS[found[2]] if found else 1

    def cost(self, quantity: Decimal) -> Decimal:
        """What a quantity of one month costs, in US dollars.

        Args:
            quantity: of single ones: requests, GB-seconds, GB-months.
        """
        tiers = self.tiers or (Tier(None, self.usd),)
        total, below = Decimal(0), Decimal(0)
        for tier in tiers:
            upper = quantity if tier.up_to is None else min(quantity, tier.up_to)
            if upper > below:
                total += (upper - below) * tier.usd
                below = upper
        return total / self.per


@dataclass(frozen=True, slots=True)
class Prices:
    """The price list of a region."""

    region: str
    compiled: date
    hours_per_month: int
    by_name: Mapping[str, Price]
    parameters: Mapping[str, Decimal]

    def __getitem__(self, name: str) -> Price:
        """A price by its name.

        Raises:
            NotPriced: the list has none with a source.
        """
        if name not in self.by_name:
            raise NotPriced(f"no price `{name}`; {did_you_mean(name, self.by_name)}")
        return self.by_name[name]

    def parameter(self, name: str) -> Decimal:
        """A count or factor that prices need, such as `redshift.serverless_minimum_seconds`.

        Raises:
            NotPriced: the list has none with a source.
        """
        if name not in self.parameters:
            raise NotPriced(f"no parameter `{name}`; {did_you_mean(name, self.parameters)}")
        return self.parameters[name]

    def too_old(self, today: date) -> Diagnostic | None:
        """A warning if the list was compiled more than `OLD_DAYS` before a day."""
        days = (today - self.compiled).days
        if days <= OLD_DAYS:
            return None
        return Diagnostic(
            "PSK-COST-004",
            f"the prices are {days} days old: they were compiled on {self.compiled}",
            hint="take a newer Penstock, or hold the sums against https://calculator.aws",
            severity="warning",
        )


@cache
def load_prices() -> Prices:
    """The prices that come with Penstock."""
    found = read(FILE)
    by_name: dict[str, Price] = {}
    parameters: dict[str, Decimal] = {}
    for service, entries in found["services"].items():
        for entry in entries:
            name = f"{service}.{entry['key']}"
            if not _sourced(entry):
                continue
            if entry["kind"] == "price":
                by_name[name] = _price(name, entry)
            elif entry["kind"] == "parameter":
                parameters[name] = Decimal(str(entry["value"]))
    return Prices(
        region=found["region"],
        compiled=date.fromisoformat(found["compiled"]),
        hours_per_month=found["hours_per_month"],
        by_name=by_name,
        parameters=parameters,
    )


def _sourced(entry: dict[str, Any]) -> bool:
    return not entry["source"].startswith(("memory", "not found"))


def _price(name: str, entry: dict[str, Any]) -> Price:
    tiers = tuple(
        Tier(
            None if tier["up_to"] is None else Decimal(str(tier["up_to"])),
            Decimal(str(tier["usd"])),
        )
        for tier in entry.get("tiers", ())
    )
    return Price(
        name=name,
        unit=entry["unit"],
        usd=Decimal(str(entry["usd"])),
        tiers=tiers,
        as_of=entry["as_of"],
        source=entry["source"],
        confidence=entry["confidence"],
    )
