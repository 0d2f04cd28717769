"""Cases of the clauses: whole queries; what is refused everywhere says so in the fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import suite

from penstock.dialects.portable.clauselist import clauses

if TYPE_CHECKING:
    from pathlib import Path

FAMILY = "clauses"
REFUSED = "refused"


def names() -> list[str]:
    """Every clause."""
    return sorted(clauses())


def cases(name: str) -> list[suite.Case]:
    """The queries of a clause."""
    return [suite.Case(name, FAMILY, query, query) for query in clauses()[name].queries]


def path(name: str) -> Path:
    """Where a clause's fixture lies."""
    return suite.EXPECTED / FAMILY / f"{name}.txt"


def expected(name: str) -> dict[str, list[str]]:
    """Query → expected lines, or `refused` and the code."""
    return suite.read_file(path(name))


def write(name: str, found: dict[str, list[str]]) -> None:
    """Write a fixture."""
    suite.write_file(path(name), f"{name}: {clauses()[name].meaning}", found)


def got(machine, case: suite.Case) -> tuple[list[str], str]:
    """The lines of a case as a fixture has them, and more about a failure."""
    kind, lines = suite.outcome(machine, case)
    if kind == "refused":
        return [f"{REFUSED} {lines[1]}"], lines[0]
    if kind == suite.ERROR:
        return [suite.ERROR], lines[0]
    return lines, ""


def wrong(machine, case: suite.Case, wanted: list[str]) -> list[str]:
    """What an engine gives that the fixture does not say, with the clause's gaps in mind."""
    found, why = got(machine, case)
    gap = clauses()[case.function].gap(machine.name)
    if gap is not None:
        return (
            []
            if found == [f"{REFUSED} {gap.code}"]
            else [f"not refused with {gap.code}", *found[:3], why]
        )
    differ = suite.differences(wanted, found)
    return [*differ, why] if differ else []
