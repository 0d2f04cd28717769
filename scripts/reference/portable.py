"""The portable language: each function's meaning, where it runs, how many cases show it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from penstock.dialects.base import Gap
from penstock.dialects.portable import warehouses
from penstock.dialects.portable.entry import ENGINES, UNKNOWN
from penstock.dialects.portable.functions import catalog
from reference.markdown import table

if TYPE_CHECKING:
    from penstock.dialects.portable.entry import Function, Overload

COLUMNS = (*ENGINES, *warehouses.NAMES)
EXPECTED = Path(__file__).parents[2] / "tests" / "conformance" / "expected"
HEAD = """# Portable functions

Models and expressions are written in DuckDB's dialect, the portable part of it: the functions
below, each with one meaning that every engine keeps. What is not here is refused by
[`penstock engines`](commands.md), with its place and what to write instead.

Every case ran on every engine that the table says *yes* of, over rows with NULL, NaN, unicode, leap
days and huge decimals, and gave the rows of its fixture below `tests/conformance/expected/`, with
floating numbers to 1e-12 of their size. Spark is 3.5 in ANSI mode, PostgreSQL is 16.

Warehouses (Athena, Redshift, Snowflake) run no pipelines: `penstock compile --engine athena` prints
their SQL. Athena's ran on Trino 406 as the others did; *some* stands where a warehouse has not got
every form of a function.
"""


def page() -> str:
    """A table for each family."""
    functions = {f.name: f for f in catalog().values()}
    families: dict[str, list[Function]] = {}
    for _, found in sorted(functions.items()):
        families.setdefault(found.family, []).append(found)
    names = len(catalog())
    count = (
        f"{len(functions)} functions, {names} names, {sum(map(_cases, functions.values()))} cases."
    )
    parts = [HEAD, count]
    for family in sorted(families):
        parts += [f"\n## {family.capitalize()}\n", _table(families[family])]
        gaps = _gaps(families[family])
        if gaps:
            parts += ["", *gaps]
    return "\n".join(parts)


def _table(functions: list[Function]) -> str:
    rows = [
        [
            " ".join(f"`{n}`" for n in (f.name, *f.aliases)),
            "<br>".join(f"`({_takes(o)})`" for o in f.overloads),
            f.meaning.replace("|", "\\|").replace("<", "&lt;"),
            *(_has(f, e) for e in COLUMNS),
            str(_cases(f)),
        ]
        for f in functions
    ]
    return table(["function", "takes", "meaning", *COLUMNS, "cases"], rows)


def _has(function: Function, engine: str) -> str:
    """Whether an engine has a function: `yes`, `no`, or `some` of its overloads."""
    if function.gap(engine) is not None:
        return "no"
    found = [o.rendering(engine) for o in function.overloads]
    return "some" if any(isinstance(r, Gap) for r in found) else "yes"


def _takes(overload: Overload) -> str:
    given = []
    for i, family in enumerate(overload.takes):
        if family == "…":
            given[-1] += "…"
        else:
            given.append(family if i < overload.fewest else f"[{family}]")
    return ", ".join(given)


def _gaps(functions: list[Function]) -> list[str]:
    told = []
    for each in functions:
        for engine in COLUMNS:
            gap = each.gap(engine)
            if isinstance(gap, Gap) and gap is not UNKNOWN:
                told.append(f"- `{each.name}` on {engine}: {gap.because}")
    return told


def _cases(function: Function) -> int:
    fixture = EXPECTED / function.family / f"{function.name}.txt"
    if not fixture.exists():
        return 0
    return sum(line.startswith("## ") for line in fixture.read_text(encoding="utf-8").splitlines())
