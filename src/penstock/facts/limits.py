"""Limits of the services, each with its date and its source: `limits.yaml` beside this file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean
from penstock.facts.files import read

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = "limits.yaml"


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that a service does not go beyond.

    Attributes:
        name: service and key, `lambda.timeout`.
        kind: `hard` cannot be raised; `adjustable` can, on request.
    """

    name: str
    value: int
    unit: str
    kind: str
    as_of: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that are numbers."""

    by_name: Mapping[str, Limit]

    def __getitem__(self, name: str) -> Limit:
        """A limit by its name.

        Raises:
            LookupError: there is none.
        """
        if name not in self.by_name:
            raise LookupError(f"no limit `{name}`; {did_you_mean(name, self.by_name)}")
        return self.by_name[name]


@cache
def load_limits() -> Limits:
    """The limits that come with Penstock."""
    found: dict[str, Limit] = {}
    for service, entries in read(FILE)["limits"].items():
        for entry in entries:
            name = f"{service}.{entry['key']}"
            if type(entry["value"]) is int and not entry["source"].startswith("memory"):
                found[name] = Limit(
                    name=name,
                    value=entry["value"],
                    unit=entry["unit"],
                    kind=entry["kind"],
                    as_of=entry["as_of"],
                    source=entry["source"],
                    confidence=entry["confidence"],
                )
    return Limits(found)
