"""What a lake table refuses before a file is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock import types
from penstock.errors import LoadFailed
from penstock.runtime.targets.lake.options import PARTITION_TYPES, LakeTargetOptions
from penstock.runtime.targets.lake.partitioning import TRANSFORMS, parse_term

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.program import Load
    from penstock.runtime.targets.lake.place import Place

MARKERS = {"_delta_log": "a Delta table", "metadata": "an Iceberg table"}


def refusal(load: Load, code: str, what: str) -> LoadFailed:
    """The error of a load that cannot be."""
    return LoadFailed(
        f"target `{load.target}` cannot be written: {what}",
        code=code,
        hint=f"`penstock explain {code}`",
    )


def refuse_what_cannot_be(load: Load, options: LakeTargetOptions, place: Place) -> None:
    """Make sure that the columns named are there and can be what they are named for.

    Raises:
        LoadFailed: one cannot.
    """
    kinds = {c.name: c.type for c in load.schema}
    terms = [parse_term(t) for t in load.partition_by]
    named = (*(t.column for t in terms), *load.keys, *(c for c, _ in options.order))
    unknown = [c for c in named if c not in kinds]
    if unknown:
        raise refusal(load, "PSK-TGT-105", f"the dataset has no column `{unknown[0]}`")
    if load.mode == "merge" and not load.keys:
        raise refusal(load, "PSK-TGT-105", "`mode: merge` needs `keys`")
    if load.mode == "overwrite_partitions" and not load.partition_by:
        raise refusal(load, "PSK-TGT-105", "`mode: overwrite_partitions` needs `partition_by`")
    if options.format != "iceberg":
        if {t.column for t in terms} == set(kinds):
            what = "`partition_by` names every column, so that nothing is left for the files"
            raise refusal(load, "PSK-TGT-105", what)
        _refuse_shadowed(load, place, kinds)
    for term in terms:
        kind = types.parse(kinds[term.column]).name
        if term.transform and options.format != "iceberg":
            what = f"only Iceberg tables are partitioned by `{term}`"
            raise refusal(load, "PSK-TGT-105", what)
        if kind not in (TRANSFORMS[term.transform] if term.transform else PARTITION_TYPES):
            what = (
                f"folders cannot be named after `{term}`: `{term.column}` is {kinds[term.column]}"
            )
            raise refusal(load, "PSK-TGT-105", what)


def refuse_other_format(load: Load, place: Place, marker: str) -> None:
    """Make sure that the table that is there is one of this format.

    Raises:
        LoadFailed: it is another's.
    """
    there = place.names()
    if marker in there and marker != "_penstock":
        return
    for name, what in MARKERS.items():
        if name in there and name != marker:
            raise refusal(load, "PSK-TGT-102", f"{place.shown} is {what}")
    others = [n for n in there if n != "_penstock"]
    if marker != "_penstock" and others and not (place.store or place.exists()):
        what = f"{place.shown} is not empty, and no table ({others[0]})"
        raise refusal(load, "PSK-TGT-102", what)


def _refuse_shadowed(load: Load, place: Place, columns: Iterable[str]) -> None:
    """Readers take `month=3` anywhere in a path for the value of a column `month`."""
    if not load.partition_by:
        return
    known = {c.casefold() for c in columns}
    for folder in place.url.split("/"):
        name, equals, _ = folder.partition("=")
        if equals and name.casefold() in known:
            what = f"its path has a folder `{folder}`, which reads as a value of `{name}`"
            raise refusal(load, "PSK-TGT-105", what)
