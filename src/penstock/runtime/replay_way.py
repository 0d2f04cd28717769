"""Which way held rows take through a Program: alone, or with all that was read before.

Where everything between a row and a target goes row by row, and the target appends or merges, the
row goes alone. Where a target shows something made of all rows, all of it is made again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from penstock.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.program import Load, Program, Statement

_WINDOW = re.compile(r"\bOVER\s*\(", re.IGNORECASE)
CODE_APPEND = "PSK-RUN-040"


@dataclass(frozen=True, slots=True)
class Way:
    """The parts of a replay.

    Attributes:
        program: everything that takes part, as it is in the Program.
        flow: what only the held rows go through; None: nothing.
        active: the datasets of `flow` that hold nothing but what comes of these rows.
        alone: those of them that the rows enter and nothing else does.
        whole: what is made again of everything; None: nothing.
        skipped: rules about a dataset as a whole, which a few rows cannot be held against.
    """

    program: Program
    flow: Program | None
    active: frozenset[str]
    alone: frozenset[str]
    whole: Program | None
    skipped: tuple[str, ...] = ()


class _Graph:
    """What a Program's datasets are made from."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.made: dict[str, Statement] = {s.dataset: s for s in program.statements}
        self.reads = {r.dataset: r for r in program.reads}
        self._needs = {s.dataset: set(s.depends_on) for s in program.statements}
        for check in program.checks:
            self._needs.setdefault(check.dataset, set()).update(check.depends_on)

    def up(self, names: Iterable[str]) -> set[str]:
        """Datasets, and all that they need."""
        found: set[str] = set()
        todo = [*names]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self._needs.get(name, ())
        return found

    def chain(self, dataset: str) -> list[str]:
        """A dataset, what it is made from row by row, and so on up to a source."""
        found = [dataset]
        while (made := self.made.get(found[-1])) and made.depends_on:
            found.append(made.depends_on[0])
        return found

    def alone(self, load: Load, entry: str) -> bool:
        """Whether a row that enters at `entry` reaches a load row by row, and by itself."""
        chain = self.chain(load.dataset)
        if entry not in chain:
            return False
        between = chain[: chain.index(entry)]
        source = self.reads.get(chain[-1])
        again = source is None or source.incremental == "none"
        for name in between:
            made = self.made[name]
            beside = set(made.depends_on[1:])
            for stage in made.stages:
                if stage.effect == "deduplicated":
                    # Of two rows of one key the target may hold the other one.
                    if load.mode == "merge" and again:
                        return False
                elif _WINDOW.search(stage.sql):
                    return False
            if not made.row_by_row or entry in self.up(beside):
                return False
        rules = [c for c in self.program.checks if c.dataset in {*between, entry}]
        return all(entry not in self.up(c.depends_on) for c in rules)

    def part(self, names: set[str], loads: Iterable[Load]) -> Program:
        """The Program of some datasets and loads."""
        program = self.program
        targets = {x.target for x in loads}
        return replace(
            program,
            reads=tuple(r for r in program.reads if r.dataset in names),
            statements=tuple(s for s in program.statements if s.dataset in names),
            checks=tuple(c for c in program.checks if c.dataset in names),
            loads=tuple(x for x in program.loads if x.target in targets),
        )


def find(program: Program, entries: Iterable[str]) -> Way:
    """The way of rows that enter at some datasets.

    Raises:
        RunError: a target that appends shows something made of all rows.
    """
    graph = _Graph(program)
    entering = set(entries)
    flows: list[Load] = []
    wholes: list[Load] = []
    active: set[str] = set()
    for load in program.loads:
        mine = entering & graph.up([load.dataset])
        if not mine:
            continue
        if load.mode in {"append", "merge"} and all(graph.alone(load, e) for e in mine):
            flows.append(load)
            chain = graph.chain(load.dataset)
            active.update(chain[: max(chain.index(e) for e in mine) + 1])
        elif load.mode == "append":
            raise RunError(
                f"held rows of {_named(mine)} cannot go to `{load.target}` by themselves: between "
                "them and this target stands something that is made of all rows, and the target "
                "appends, so that making it again would double what is there",
                code=CODE_APPEND,
                hint="`mode: merge` or `overwrite` can take them; or mend the source and run again",
            )
        else:
            wholes.append(load)
    whole_names = graph.up(x.dataset for x in wholes)
    active |= entering - whole_names  # published nowhere: it is held against its rules
    alone = {
        name
        for name in active
        if name not in graph.made or not active & set(graph.made[name].depends_on[:1])
    }
    inner = [graph.made[n] for n in active - alone]
    beside = {d for s in inner for d in s.depends_on[1:]}
    beside |= {d for c in program.checks if c.dataset in active for d in c.depends_on}
    flow_names = active | graph.up(beside)
    flow: Program | None = None
    skipped: tuple[str, ...] = ()
    if active:
        flow, skipped = _flowing(graph.part(flow_names, flows), active, alone)
    return Way(
        program=graph.part(flow_names | whole_names, [*flows, *wholes]).seal(),
        flow=flow,
        active=frozenset(active),
        alone=frozenset(alone),
        whole=graph.part(whole_names, wholes) if wholes else None,
        skipped=skipped,
    )


def _flowing(
    program: Program, active: set[str], alone: set[str]
) -> tuple[Program, tuple[str, ...]]:
    """The part that only held rows go through: without what they cannot be held against."""
    checks = [c for c in program.checks if c.dataset not in active or c.predicate is not None]
    skipped = [f"`{c.dataset}`: {c.rule}" for c in program.checks if c not in checks]
    statements = (
        replace(s, depends_on=()) if s.dataset in alone else s for s in program.statements
    )
    return replace(program, checks=tuple(checks), statements=tuple(statements)), tuple(skipped)


def _named(names: Iterable[str]) -> str:
    return ", ".join(f"`{n}`" for n in sorted(names))
