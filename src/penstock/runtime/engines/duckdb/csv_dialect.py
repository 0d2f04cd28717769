"""How a CSV file is written: delimiter, quotes, header, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.runtime.engines.duckdb.quoting import literal
from penstock.runtime.engines.duckdb.reasons import NumberStyle

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Dialect:
    """The options of `format: csv`.

    Attributes:
        escape: what makes the next quote part of the text; the quote itself: it is doubled.
        skip: lines before the header.
        comment: lines that start with it are passed over; empty: none are.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header: bool = True
    null_values: tuple[str, ...] = ("",)
    skip: int = 0
    comment: str = ""
    date_format: str = ""
    timestamp_format: str = ""
    decimal_separator: str = "."
    thousands_separator: str = ""

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Dialect:
        """The dialect that options describe; what they leave out has its default."""
        given = {k: v for k, v in options.items() if v is not None and k in cls.__slots__}
        if "null_values" in given:
            given["null_values"] = tuple(given["null_values"])
        quote = given.get("quote", '"')
        return cls(**{**given, "escape": given.get("escape") or quote})

    @property
    def numbers(self) -> NumberStyle:
        """How numbers are written."""
        return NumberStyle(self.decimal_separator, self.thousands_separator)

    @property
    def formatted(self) -> frozenset[str]:
        """The types that are read by a format of the user's."""
        found = {"date"} if self.date_format else set()
        return frozenset(found | ({"timestamp", "timestamptz"} if self.timestamp_format else set()))

    def parameters(self, *, header: bool, skip: int) -> str:
        """The parameters of `read_csv` that say so."""
        given: dict[str, Any] = {
            "auto_detect": False,
            "header": header,
            "skip": skip,
            "delim": self.delimiter,
            "quote": self.quote,
            "escape": self.escape,
            "nullstr": list(self.null_values),
        }
        if self.comment:
            given["comment"] = self.comment
        if self.date_format:
            given["dateformat"] = self.date_format
        if self.timestamp_format:
            given["timestampformat"] = self.timestamp_format
        if self.decimal_separator != ".":
            given["decimal_separator"] = self.decimal_separator
        if self.thousands_separator:
            given["thousands"] = self.thousands_separator
        return ", ".join(f"{k} = {literal(v)}" for k, v in given.items())
