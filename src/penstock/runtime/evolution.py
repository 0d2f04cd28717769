"""What a source's files hold beside its contract, and what its evolution rule makes of that."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.program import Column
from penstock.runtime.widening import TAKES, holding, widens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ADDED, IGNORED, MISSING = "added", "ignored", "missing"
WIDENED, RENAMED, REORDERED = "widened", "renamed_case", "reordered"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the contract and a file.

    Attributes:
        column: its name in the contract; of a new one, in the file.
        change: `added`, `ignored` (a new one that is not taken up), `missing`, `widened`,
            `renamed_case`, `reordered`.
        before: type, name or position (from 1) in the contract; None: it is not in it.
        after: type, name or position in the file; None: it is not in it.
        file: the first file that differs so; None where it is not known.
    """

    column: str
    change: str
    before: str | None
    after: str | None
    file: str | None

    def as_json(self, dataset: str) -> dict[str, Any]:
        """As in the run report."""
        return {
            "dataset": dataset,
            "column": self.column,
            "change": self.change,
            "from": self.before,
            "to": self.after,
            "file": self.file,
        }

    def words(self) -> str:
        """It, in words."""
        file = f" in {self.file}" if self.file else ""
        match self.change:
            case "added":
                return f"column `{self.column}` ({self.after}) is new{file} and taken up"
            case "ignored":
                return f"column `{self.column}` ({self.after}) is new{file} and left out"
            case "missing":
                return f"column `{self.column}` is missing{file}: it reads as NULL"
            case "widened":
                return f"column `{self.column}` grows from {self.before} to {self.after}{file}"
            case "renamed_case":
                return f"column `{self.column}` is written `{self.after}`{file}"
        return (
            f"column `{self.column}` is column {self.after}{file}, not {self.before}: "
            "columns are read by name"
        )


def evolve(
    contract: Sequence[Column], shaped: Iterable[Any], rule: str
) -> tuple[tuple[Column, ...], list[Change]]:
    """The schema that a rule makes of a contract and the files' shapes, and what differs.

    Args:
        shaped: `Shaped` of each different shape, in the order of the files.
        rule: `strict`, `add`, `ignore`, `widen`.
    """
    kinds = {c.name: c.type for c in contract}
    fresh: dict[str, tuple[str, str, str]] = {}  # folded → name, type, first file
    shaped = list(shaped)
    unnamed = {n.casefold(): kind for one in shaped for n, kind in one.shape.unnamed.items()}
    changes: dict[tuple[str, str, str | None], Change] = {}

    def note(column: str, change: str, before: str | None, after: str | None, file: str) -> None:
        changes.setdefault((column, change, after), Change(column, change, before, after, file))

    for one in shaped:
        place, extra = _matched(one.shape.columns, contract)
        for column in contract:
            found = place.get(column.name)
            if found is None:
                note(column.name, MISSING, column.type, None, one.file)
            elif one.shape.columns[found].name != column.name:
                note(column.name, RENAMED, column.name, one.shape.columns[found].name, one.file)
        if one.ordered and (moved := _moved(place, contract)):
            name, before, after = moved
            note(name, REORDERED, str(before), str(after), one.file)
        for column in extra:
            known = fresh.get(column.name.casefold())
            kind = _wider(known[1], column.type) if known else column.type
            name, file = (known[0], known[2]) if known else (column.name, one.file)
            fresh[name.casefold()] = (name, kind, file)
        for name, kind in one.shape.grown.items() if rule == "widen" else ():
            wide = holding(types.parse(kinds[name]), types.parse(kind))
            if wide is not None and str(wide) != kinds[name]:
                kinds[name] = str(wide)
                key = (name, WIDENED, None)
                first = changes[key].file if key in changes else one.file
                declared = next(c.type for c in contract if c.name == name)
                changes[key] = Change(name, WIDENED, declared, str(wide), first)
    schema = [dataclasses.replace(c, type=kinds[c.name]) for c in contract]
    taken = {c.name.casefold() for c in contract}
    for name, kind, file in fresh.values():
        told = kind or unnamed.get(name.casefold()) or "varchar"
        strange = not kind and name.casefold() in unnamed
        takes = rule in TAKES and name.casefold() not in taken and not strange
        if takes:
            schema.append(Column(name, told))
        note(name, ADDED if takes else IGNORED, None, told, file)
    return tuple(schema), list(changes.values())


def misfits(contract: Sequence[Column], shaped: Iterable[Any]) -> list[Change]:
    """Columns whose values are of another type altogether: `type`, for `discover --check`."""
    changes: dict[tuple[str, str], Change] = {}
    for one in shaped:
        place, _ = _matched(one.shape.columns, contract)
        for column in contract:
            kind = one.shape.columns[place[column.name]].type if column.name in place else ""
            if column.name in one.shape.unread:
                kind = "varchar"
            strange = column.name in place and one.shape.unnamed.get(
                one.shape.columns[place[column.name]].name
            )
            kind = strange or kind
            if strange or (kind and not _reads(kind, column.type)):
                change = Change(column.name, "type", column.type, kind, one.file)
                changes.setdefault((column.name, kind), change)
    return list(changes.values())


def without_case_twins(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns of several files, where names that differ in letter case only are one column."""
    found: dict[str, Column] = {}
    for column in columns:
        known = found.get(column.name.casefold())
        kind = _wider(known.type, column.type) if known else column.type
        found[column.name.casefold()] = dataclasses.replace(known or column, type=kind)
    return tuple(found.values())


def _matched(
    columns: Sequence[Column], contract: Sequence[Column]
) -> tuple[dict[str, int], list[Column]]:
    """Contract column → place in the file, and the file's other columns: as readers match them."""
    exactly = {c.name: i for i, c in enumerate(columns)}
    folded: dict[str, list[int]] = {}
    for i, column in enumerate(columns):
        folded.setdefault(column.name.casefold(), []).append(i)
    place: dict[str, int] = {}
    for column in contract:
        if column.name in exactly:
            place[column.name] = exactly[column.name]
            continue
        alike = [i for i in folded.get(column.name.casefold(), []) if i not in place.values()]
        if len(alike) == 1:
            place[column.name] = alike[0]
    used = set(place.values())
    return place, [c for i, c in enumerate(columns) if i not in used]


def _moved(place: dict[str, int], contract: Sequence[Column]) -> tuple[str, int, int] | None:
    """The first column that stands elsewhere among those the file has: its two positions."""
    mine = [c.name for c in contract if c.name in place]
    theirs = sorted(mine, key=place.__getitem__)
    for name, other in zip(mine, theirs, strict=True):
        if name != other:
            before = next(i for i, c in enumerate(contract) if c.name == name)
            return name, before + 1, place[name] + 1
    return None


def _wider(one: str, other: str) -> str:
    if not one or not other:
        return one or other
    a, b = types.parse(one), types.parse(other)
    if {a.name, b.name} <= {"smallint", "integer", "bigint", "decimal", "double"}:
        wide = holding(a, b)
        return str(wide) if wide else "double"
    wide = holding(a, b)
    return str(wide) if wide else "varchar"


def _reads(found: str, declared: str) -> bool:
    """Whether values that look like one type are read as the other; single ones may be rejected."""
    have, want = types.parse(found), types.parse(declared)
    numbers = {"smallint", "integer", "bigint", "decimal", "double"}
    moments = {"date", "timestamp", "timestamptz"}
    return (
        widens(have, want)
        or want.name in {"varchar", "json"}
        or {have.name, want.name} <= numbers
        or (have.name in moments and want.name in {"timestamp", "timestamptz"})
    )
