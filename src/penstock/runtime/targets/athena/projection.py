"""Partitions that Athena computes: ranges in the table's properties, set by each run.

https://docs.aws.amazon.com/athena/latest/ug/partition-projection-setting-up.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.errors import LoadFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CODE = "PSK-TGT-152"
MOST_TEXTS = 1000
_NUMBERS = {"smallint", "integer", "bigint"}
_SIMPLE = re.compile(r"[A-Za-z0-9._-]{1,200}")


def properties(
    names: Sequence[str],
    kinds: Mapping[str, str],
    partitions: Iterable[Mapping[str, str | None]],
    location: str,
) -> dict[str, str]:
    """The table's properties for exactly these partitions (and those between them).

    Args:
        kinds: column → type.
        location: of the folder above the partitions'.
    """
    values = {n: sorted({str(p[n]) for p in partitions}) for n in names}
    told = {"projection.enabled": "true"}
    for name in names:
        start = f"projection.{name}"
        found = values[name]
        if kinds[name] in _NUMBERS:
            numbers = [int(v) for v in found] or [0]
            told[f"{start}.type"] = "integer"
            told[f"{start}.range"] = f"{min(numbers)},{max(numbers)}"
        elif kinds[name] == "date":
            days = found or ["1970-01-01"]
            told[f"{start}.type"] = "date"
            told[f"{start}.format"] = "yyyy-MM-dd"
            told[f"{start}.interval"] = "1"
            told[f"{start}.interval.unit"] = "DAYS"
            told[f"{start}.range"] = f"{days[0]},{days[-1]}"
        else:
            told[f"{start}.type"] = "enum"
            told[f"{start}.values"] = ",".join(found or ["none"])
    folders = "/".join(f"{n}=${{{n}}}" for n in names)
    told["storage.location.template"] = f"{location}/{folders}"
    return told


def refuse_what_cannot_be_computed(
    target: str,
    names: Sequence[str],
    kinds: Mapping[str, str],
    partitions: Iterable[Mapping[str, str | None]],
) -> None:
    """Make sure that every partition is in some range.

    Raises:
        LoadFailed: one has no value, or one that no folder is plainly named after.
    """
    texts: set[str] = set()
    for partition in partitions:
        for name in names:
            value = partition[name]
            if value is None:
                raise _refusal(target, f"`{name}` is NULL in some rows")
            if kinds[name] == "varchar":
                texts.add(value)
                if not _SIMPLE.fullmatch(value):
                    raise _refusal(target, f"`{name}` has the value `{value[:60]}`")
    if len(texts) > MOST_TEXTS:
        raise _refusal(target, f"its texts are more than {MOST_TEXTS:,}")


def _refusal(target: str, what: str) -> LoadFailed:
    return LoadFailed(
        f"the partitions of `{target}` cannot be computed: {what}",
        code=CODE,
        hint="take `partition_projection` away: then the catalog lists them",
    )
