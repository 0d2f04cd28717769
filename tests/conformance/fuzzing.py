"""What engines make of one case, and what kind of difference it is.

- `the same`: the same rows on all engines. `failing everywhere`: no engine gives rows.
- `refused`: the language, or one engine's declarations, say before anything runs that it cannot.
- `failing where not needed`: some engines fail, others give rows, and an expression in it fails
  on every engine when it is computed by itself. Which expressions are computed is the engine's
  choice, but for CASE, whose branches are computed for their own rows only (decision 0055).
- `different`: anything else. There is to be none.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import suite
from machines import Failed
from sqlglot import exp

from penstock.dialects.portable import Prepared, Refusal, prepare
from penstock.dialects.portable.reading import called, plain, read

FAILS = [suite.ERROR]
SAME, FAILING, REFUSED = "the same", "failing everywhere", "refused"
LAZY, DIFFERENT = "failing where not needed", "different"
# As many rows as are worth comparing.
MOST_ROWS = 3000
TOO_LARGE = "too many rows"
_VALUES = (
    exp.Func,
    exp.Binary,
    exp.Unary,
    exp.Column,
    exp.Literal,
    exp.Null,
    exp.Case,
    exp.Between,
    exp.In,
    exp.Boolean,
)


@dataclass(frozen=True)
class Case:
    """A query, and the expressions in it as queries of their own.

    Attributes:
        pieces: expression → what it is computed over, for telling what fails where.
    """

    query: str
    pieces: tuple[tuple[str, str], ...] = ()
    extra: dict[str, dict[str, str]] = field(default_factory=dict, hash=False, compare=False)


class Trials:
    """Runs cases on machines and counts.

    Args:
        machines: the first is the one that others are compared with; the last may be slow (Spark):
            it gets many cases in one query.
        batch: how many cases a slow machine gets at once.
    """

    def __init__(
        self, machines: list[Any], schemas: dict[str, dict[str, str]], *, batch: int = 24
    ) -> None:
        self.machines = machines
        self.schemas = schemas
        self.tally: Counter[str] = Counter()
        self.found: list[str] = []
        self._batch = batch
        self._slow = [m for m in machines if m.name == "spark"]
        self._quick = [m for m in machines if m.name != "spark"]
        self._waiting: list[tuple[Case, Prepared, list[str]]] = []

    def take(self, case: Case, *, quiet: bool = False) -> str | None:
        """Run a case on the quick machines; what it came to, or None: the slow one has it yet.

        A case that is refused is counted and forgotten.

        Args:
            quiet: say and count nothing where it fails: the caller asks again in parts.
        """
        try:
            prepared = prepare(case.query, self.schemas)
            sql = {m.name: prepared.render(m.name) for m in self.machines}
        except Refusal as refused:
            self.tally[REFUSED] += 1
            return f"{REFUSED}: {refused.message}"
        except Exception as error:  # noqa: BLE001 - whatever it is, a user would have got it
            self.tally[DIFFERENT] += 1
            print(f"{case.query}\n   the compiler fails: {error!r}", flush=True)
            return DIFFERENT
        given = [self._rows(m, sql[m.name]) for m in self._quick]
        if given and len(given[0]) > MOST_ROWS:
            self.tally[TOO_LARGE] += 1
            return TOO_LARGE
        kind = self._kind(given)
        if quiet and FAILS in given:
            return kind
        if kind != SAME or not self._slow:
            given += [self._rows(m, sql[m.name]) for m in self._slow]
            return self._judge(case, given)
        self._waiting.append((case, prepared, given[0]))
        if len(self._waiting) >= self._batch:
            self.settle()
        return None

    def settle(self) -> None:
        """Ask the slow machine for all that waits for it."""
        waiting, self._waiting = self._waiting, []
        if waiting:
            for machine in self._slow:
                self._together(machine, waiting)

    def _together(self, machine: Any, waiting: list[tuple[Case, Prepared, list[str]]]) -> None:
        if len(waiting) > 1:
            rows = _split(machine, waiting)
            if rows is None:
                half = len(waiting) // 2
                self._together(machine, waiting[:half])
                self._together(machine, waiting[half:])
                return
        else:
            rows = [self._rows(machine, waiting[0][1].render(machine.name))]
        for (case, _, wanted), got in zip(waiting, rows, strict=True):
            self._judge(case, [wanted] * len(self._quick) + [got])

    def _judge(self, case: Case, given: list[list[str]]) -> str:
        kind = self._kind(given)
        if kind == DIFFERENT and FAILS in given and self._not_needed(case):
            kind = LAZY
        self.tally[kind] += 1
        if kind == DIFFERENT:
            self._tell(case, given)
        return kind

    def _tell(self, case: Case, given: list[list[str]]) -> None:
        lines = [case.query]
        order = [*self._quick, *self._slow]
        for machine, rows in zip(order[1:], given[1:], strict=True):
            if (rows == FAILS) != (given[0] == FAILS):
                who = machine.name if rows == FAILS else order[0].name
                why = self.why(who, case.query)
                lines.append(f"   {who} alone fails: {why}" if who else "")
            elif found := unlike(given[0], rows):
                lines.append(f"   {machine.name}: " + "; ".join(found[:2]))
        self.found.append("\n".join(lines))
        print("\n".join(lines), flush=True)

    def why(self, engine: str, query: str) -> str:
        """An engine's own words about a failure."""
        [machine] = [m for m in self.machines if m.name == engine]
        try:
            machine.rows(prepare(query, self.schemas).render(engine))
        except Failed as error:
            return str(error).splitlines()[0][:200]
        return "not when asked again"

    def _rows(self, machine: Any, sql: str) -> list[str]:
        try:
            rows = machine.rows(sql)
        except Failed:
            return FAILS
        return sorted(" | ".join(row) for row in rows)

    def _kind(self, given: list[list[str]]) -> str:
        failing = [g == FAILS for g in given]
        if all(failing):
            return FAILING
        if any(failing) or any(unlike(given[0], g) for g in given[1:]):
            return DIFFERENT
        return SAME

    # -- what fails by itself -----------------------------------------------------------------

    def outcomes(self, query: str, *, quick: bool = False) -> list[list[str]]:
        """What each machine gives; nothing: it is refused."""
        try:
            prepared = prepare(query, self.schemas)
            machines = self._quick if quick else self.machines
            return [self._rows(m, prepared.render(m.name)) for m in machines]
        except Exception:  # noqa: BLE001 - refused, or told of where it was taken
            return []

    def _not_needed(self, case: Case) -> bool:
        """Whether something in it fails everywhere that an engine need not compute."""
        for text, source in case.pieces:
            given = self.outcomes(_alone(text, source))
            if not given:
                continue
            if all(g == FAILS for g in given):
                return True
            if self._kind(given) == DIFFERENT:
                return FAILS in given and self._lazy(text, source)
        return False

    def _lazy(self, text: str, source: str) -> bool:
        """The same of one expression: of its smallest part that differs."""
        node = read(f"SELECT {text}").expressions[0].unnest()
        fails = False
        left = _children(node)
        while left:
            child = left.pop(0)
            given = self.outcomes(_alone(plain(child.sql("duckdb")), source))
            if not given:
                left += _children(child)  # as a call without its OVER
            elif all(g == FAILS for g in given):
                fails = True
            elif self._kind(given) == DIFFERENT:
                return FAILS in given and self._lazy(plain(child.sql("duckdb")), source)
        return fails and not _guards(node)


def _guards(node: exp.Expr) -> bool:
    """Whether what is below it is computed for its own rows only."""
    return isinstance(node, (exp.Case, exp.If)) or called(node) in ("if", "iff")


def _alone(text: str, source: str) -> str:
    """A query of one expression; a constant needs no rows, and where there are none none fails."""
    constant = not any(read(f"SELECT {text}").expressions[0].find_all(exp.Column, exp.Query))
    return f"SELECT {text} AS v" if constant else f"SELECT {text} AS v FROM {source}"


def _children(node: exp.Expr) -> list[exp.Expr]:
    """The expressions right below one; none that knows a lambda's variable."""
    found: list[exp.Expr] = []
    for child in node.iter_expressions():
        inner = child.unnest() if isinstance(child, exp.Paren) else child
        if isinstance(inner, _VALUES):
            found.append(inner)
        elif not isinstance(inner, exp.Lambda):
            found += _children(inner)
    return found


def unlike(a: list[str], b: list[str]) -> list[str]:
    """Rows of one that the other has not: in order, and if that differs in any order."""
    found = suite.differences(a, b)
    if not found or len(a) != len(b) or len(a) > MOST_ROWS:
        return found
    left = list(b)
    missing = []
    for row in a:
        same = next((r for r in left if r == row), None) or next(
            (r for r in left if not suite.differences([row], [r])), None
        )
        if same is None:
            missing.append(row)
        else:
            left.remove(same)
    return [f"{m}   →   {other}" for m, other in zip(missing, left, strict=True)]


def _split(machine: Any, waiting: list[tuple[Case, Prepared, list[str]]]) -> list[list[str]] | None:
    """The rows of many queries from one; None: it fails."""
    engine = suite.engine(machine.name)
    columns: list[str] = []
    places: list[list[int]] = []
    for _, prepared, _ in waiting:
        mine: list[int] = []
        for _, kind in prepared.columns:
            at = next((i for i, c in enumerate(columns) if c == kind and i not in mine), None)
            if at is None:
                columns.append(kind)
                at = len(columns) - 1
            mine.append(at)
        places.append(mine)
    parts = []
    for number, ((_, prepared, _), mine) in enumerate(zip(waiting, places, strict=True)):
        names = [engine.name_of("q", n) for n, _ in prepared.columns]
        cells = [
            names[mine.index(i)] if i in mine else f"CAST(NULL AS {engine.type_name(kind)})"
            for i, kind in enumerate(columns)
        ]
        items = ", ".join(f"{cell} AS c{i}" for i, cell in enumerate(cells))
        inner = prepared.render(machine.name)
        parts.append(f"SELECT {number} AS n, {items} FROM ({inner}) AS q")
    try:
        rows = machine.rows(" UNION ALL ".join(parts))
    except Failed:
        return None
    made: list[list[str]] = [[] for _ in waiting]
    for number, *cells in rows:
        at = int(number)
        made[at].append(" | ".join(cells[i] for i in places[at]))
    return [sorted(lines) for lines in made]
