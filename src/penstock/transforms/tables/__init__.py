"""Tables that steps know by heart: countries, currencies, how phones are dialled, units."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def rows(name: str) -> tuple[Mapping[str, str], ...]:
    """The rows of `NAME.csv`; its first lines, with `#`, say where they are from.

    >>> rows("countries")[0]["alpha_3"]
    'AND'
    """
    text = (resources.files(__name__) / f"{name}.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(MappingProxyType(row) for row in csv.DictReader(lines))


@cache
def codes(name: str, code: str) -> Mapping[str, str]:
    """Every spelling in lower case → the code in the column `code`.

    >>> codes("countries", "alpha_2")["usa"], codes("currencies", "code")["€"]
    ('US', 'EUR')
    """
    found: dict[str, str] = {}
    for row in rows(name):
        spellings = [*row["names"].split("; "), *(v for k, v in row.items() if k != "names")]
        found |= {s.lower(): row[code] for s in spellings if s}
    return MappingProxyType(found)
