"""Cases of the declarations, the queries they make, and the fixtures with their rows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nasty
from machines import Failed
from values import same

from penstock.dialects.portable import Refusal, prepare
from penstock.dialects.portable.engine import ENGINES, Engine
from penstock.dialects.portable.functions import catalog

EXPECTED = Path(__file__).parent / "expected"
SCHEMAS = nasty.schemas()
ERROR = "error"
# Spark takes a quarter of a second for a query. `make conformance` asks it all of them.
WHOLE = bool(os.environ.get("CONFORMANCE_WHOLE"))
FEW = 2
BATCH = 24


def slice_of(machine: Any, cases: list[Case]) -> list[Case]:
    """The cases that an engine is asked: all of them, but of Spark in `make test` the first few."""
    return cases if WHOLE or machine.name != "spark" else cases[:FEW]


@dataclass(frozen=True)
class Case:
    """One expression, or one whole query, over the nasty tables.

    Attributes:
        value: of an expression: it alone; `head` and `rest` are what stands around it.
    """

    function: str
    family: str
    text: str
    query: str
    value: str = ""
    head: str = ""
    rest: str = ""


def engine(name: str) -> Engine:
    """An engine's spelling."""
    return ENGINES[name]


def cases(name: str) -> list[Case]:
    """The cases of a function."""
    declared = catalog()[name]
    found = []
    for text in declared.cases:
        over = declared.over
        if text.lower().startswith(("select", "with")):
            found.append(Case(name, declared.family, text, text))
        elif declared.kind == "aggregate":
            rest = f"FROM {over} GROUP BY g"
            found.append(_case(name, f"{text} by g", text, "g", rest))
            found.append(_case(name, text, text, "'all' AS g", f"FROM {over}"))
        else:
            key = "eid" if over == "t_evt" else "id"
            found.append(_case(name, text, text, f"{key} AS k", f"FROM {over}"))
    return found


def _case(name: str, text: str, value: str, head: str, rest: str) -> Case:
    query = f"SELECT {head}, {value} AS v {rest}"
    return Case(name, catalog()[name].family, text, query, value, head, rest)


def names() -> list[str]:
    """Every function, under its own name."""
    return sorted({f.name for f in catalog().values()})


def outcome(machine, case: Case) -> tuple[str, list[str]]:
    """What an engine gives: `rows` with a line for each, `error`, or `refused`."""
    try:
        prepared = prepare(case.query, SCHEMAS)
        sql = prepared.render(machine.name)
    except Refusal as refused:
        return "refused", [refused.message, refused.code, *refused.engines]
    try:
        rows = machine.rows(sql)
    except Failed as error:
        return ERROR, [f"{error}\n{sql}"]
    lines = [" | ".join(row) for row in rows]
    return "rows", lines if prepared.tree.args.get("order") else sorted(lines, key=_order)


def outcomes(machine: Any, cases: list[Case]) -> dict[Case, tuple[str, list[str]]]:
    """The outcome of each, many expressions in one query where an engine takes long for each.

    An expression that fails, alone, is to fail: it is asked alone, and so is the rest of a query
    that fails.
    """
    if WHOLE or machine.name != "spark":
        return {case: outcome(machine, case) for case in cases}
    found: dict[Case, tuple[str, list[str]]] = {}
    together: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        fails = read(case.function).get(case.text) == [ERROR]
        if case.value and not fails:
            together.setdefault((case.head, case.rest), []).append(case)
    for (head, rest), some in together.items():
        for start in range(0, len(some), BATCH):
            found |= _batch(machine, head, rest, some[start : start + BATCH])
    return {case: found.get(case) or outcome(machine, case) for case in cases}


def _batch(machine: Any, head: str, rest: str, some: list[Case]) -> dict[Case, Any]:
    values = ", ".join(f"{case.value} AS v{i}" for i, case in enumerate(some))
    try:
        rows = machine.rows(prepare(f"SELECT {head}, {values} {rest}", SCHEMAS).render("spark"))
    except (Refusal, Failed):
        if len(some) == 1:
            return {}
        half = len(some) // 2
        parts = (some[:half], some[half:])
        return {c: o for part in parts for c, o in _batch(machine, head, rest, part).items()}
    return {
        case: ("rows", sorted((f"{row[0]} | {row[i + 1]}" for row in rows), key=_order))
        for i, case in enumerate(some)
    }


def _order(line: str) -> tuple[int, str]:
    head = line.partition(" | ")[0]
    return (int(head), line) if head.lstrip("-").isdigit() else (1 << 60, line)


def path(name: str) -> Path:
    """Where a function's fixture lies."""
    return EXPECTED / catalog()[name].family / f"{name}.txt"


def read(name: str) -> dict[str, list[str]]:
    """Case → expected lines (`error` alone: it fails everywhere)."""
    return read_file(path(name))


def read_file(at: Path) -> dict[str, list[str]]:
    """The same, of a file."""
    found: dict[str, list[str]] = {}
    if not at.exists():
        return found
    current: list[str] = []
    for line in at.read_text().splitlines():
        if line.startswith("## "):
            current = found.setdefault(line[3:], [])
        elif line.strip() and not line.startswith("# "):
            current.append(line)
    return found


def write(name: str, found: dict[str, list[str]]) -> None:
    """Write a fixture."""
    write_file(path(name), f"{name}: {catalog()[name].meaning}", found)


def write_file(at: Path, title: str, found: dict[str, list[str]]) -> None:
    """The same, to a file."""
    at.parent.mkdir(parents=True, exist_ok=True)
    parts = ["\n".join([f"## {text}", *lines, ""]) for text, lines in found.items()]
    at.write_text("\n".join([f"# {title}\n", *parts]))


def differences(expected: list[str], got: list[str]) -> list[str]:
    """Lines that differ, as `expected → got`."""
    if len(expected) != len(got):
        return [f"{len(expected)} rows expected, {len(got)} given", *got[:5]]
    wrong = []
    for a, b in zip(expected, got, strict=True):
        x, y = a.split(" | "), b.split(" | ")
        if len(x) != len(y) or not all(same(m, n) for m, n in zip(x, y, strict=True)):
            wrong.append(f"{a}   →   {b}")
    return wrong
