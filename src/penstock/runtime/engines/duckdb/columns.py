"""Which columns of a file are which columns of the schema, under the source's evolution rule."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.diagnostics import did_you_mean
from penstock.errors import StepFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.program import Column

CODE_COLUMNS = "PSK-SRC-032"


@dataclass(frozen=True, slots=True)
class Matched:
    """A file's columns against the schema.

    Attributes:
        place: schema column → position in the file (from 0); a column that is not in the file is
            not in here and reads as NULL.
        extra: names of the file's columns that are not in the schema.
    """

    place: Mapping[str, int]
    extra: tuple[str, ...]


def match(names: Sequence[str], schema: Sequence[Column], file: str, evolution: str) -> Matched:
    """Match a file's columns to the schema's by name.

    A name that differs in letter case only is the same, if there is only one.

    Args:
        file: the file's name, for messages.
        evolution: `strict`, `add`, `ignore`, `widen`.

    Raises:
        StepFailed: a name is empty or comes twice, or a schema's column is there twice, letter
            case aside; under `strict`, a column is missing or not in
            the schema; a required column, or every column, is missing.
    """
    _check_names(names, file)
    exactly = {n: i for i, n in enumerate(names)}
    folded: dict[str, list[int]] = {}
    for i, n in enumerate(names):
        folded.setdefault(n.casefold(), []).append(i)
    place: dict[str, int] = {}
    missing: list[Column] = []
    for column in schema:
        if column.name in exactly:
            place[column.name] = exactly[column.name]
            continue
        alike = [i for i in folded.get(column.name.casefold(), []) if i not in place.values()]
        if len(alike) == 1:
            place[column.name] = alike[0]
        else:
            missing.append(column)
    taken = set(place.values())
    wanted = {c.name.casefold() for c in schema}
    refuse_alike([n if n.casefold() in wanted else f"{i}" for i, n in enumerate(names)], file)
    extra = tuple(n for i, n in enumerate(names) if i not in taken)
    _refuse(file, schema, missing, extra, evolution)
    return Matched(place, extra)


def _check_names(names: Sequence[str], file: str) -> None:
    for i, n in enumerate(names):
        if not n.strip():
            raise StepFailed(
                f"column {i + 1} of `{file}` has no name",
                code=CODE_COLUMNS,
                hint="name every column in the header, or say `header: false`",
            )
    twice = [n for n, count in Counter(names).items() if count > 1]
    if twice:
        places = ", ".join(str(i + 1) for i, n in enumerate(names) if n == twice[0])
        raise StepFailed(
            f"`{file}` has two columns named `{twice[0]}` (columns {places})",
            code=CODE_COLUMNS,
            hint="give each column a name of its own",
        )


def refuse_alike(names: Sequence[str], file: str) -> None:
    """Of two columns whose names differ in letter case only, none is passed over in silence.

    Raises:
        StepFailed: there are two.
    """
    folded: dict[str, int] = {}
    for i, other in enumerate(names):
        first = folded.setdefault(other.casefold(), i)
        if first != i:
            raise StepFailed(
                f"`{file}` has columns `{names[first]}` and `{other}`, whose names differ in "
                f"letter case only (columns {first + 1} and {i + 1})",
                code=CODE_COLUMNS,
                hint="give each column a name of its own",
            )


def _refuse(
    file: str,
    schema: Sequence[Column],
    missing: Sequence[Column],
    extra: Sequence[str],
    evolution: str,
) -> None:
    if len(missing) == len(schema):
        shown = ", ".join(f"`{n}`" for n in [*extra][:8])
        raise StepFailed(
            f"`{file}` has none of the schema's columns; its own are {shown}",
            code=CODE_COLUMNS,
            hint="is its first line a header (`header: false` says no), and is the delimiter "
            "right?",
        )
    needed = missing if evolution == "strict" else [c for c in missing if c.required]
    if needed:
        rule = "the schema says it is required" if needed[0].required else "the rule is `strict`"
        raise StepFailed(
            f"`{file}` has no column `{needed[0].name}`, and {rule}",
            code=CODE_COLUMNS,
            hint=did_you_mean(needed[0].name, extra, noun="columns that are not in the schema"),
        )
    if extra and evolution == "strict":
        names = [c.name for c in missing] or [c.name for c in schema]
        raise StepFailed(
            f"`{file}` has a column `{extra[0]}` that is not in the schema, and the rule is "
            "`strict`",
            code=CODE_COLUMNS,
            hint=did_you_mean(extra[0], names)
            if missing
            else "add it to the schema, or say `schema_evolution: ignore`",
        )
