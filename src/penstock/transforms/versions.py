"""What `scd2` and `snapshot` share: versions of a key, each valid from one time to another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.spec.base import Model, Text
from penstock.transforms.names import identifier
from penstock.transforms.reading import Path, new_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from penstock.transforms.base import Problem


class Validity(Model):
    """Names of the columns that tell when a version is valid."""

    valid_from: Text = "valid_from"
    """New column: when the version begins; it takes the place of the column of the sequence."""
    valid_to: Text = "valid_to"
    """New column: when it ends, which is when the next one begins; NULL: it is the current one."""
    is_current: Text = "is_current"
    """New column: whether it has not ended."""


def quoted(name: str, table: str = "") -> str:
    """A column in DuckDB's SQL."""
    text = identifier(name).sql("duckdb")
    return f"{table}.{text}" if table else text


def listed(names: Iterable[str], table: str = "") -> str:
    """Columns of a SELECT list."""
    return ", ".join(quoted(name, table) for name in names)


def window(keys: Sequence[str], order: Sequence[str]) -> str:
    """OVER, within a key and in an order without ties."""
    terms = ", ".join(f"{quoted(name)} ASC NULLS LAST" for name in order)
    return f"(PARTITION BY {listed(keys)} ORDER BY {terms})"


def differs(names: Iterable[str], over: str) -> str:
    """Whether any of these columns has another value than in the version before."""
    tests = [f"{quoted(n)} IS DISTINCT FROM lag({quoted(n)}) OVER {over}" for n in names]
    return " OR ".join(tests) or "FALSE"


def names_of(step: Validity, kept: Iterable[str]) -> list[Problem]:
    """What is wrong with the new columns."""
    names: list[tuple[str, Path]] = [
        (step.valid_from, ("valid_from",)),
        (step.valid_to, ("valid_to",)),
        (step.is_current, ("is_current",)),
    ]
    return new_names(names, kept)
