"""Quality rules at run time: one scan for all rules of a dataset, and the rows set aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import RunStopped
from penstock.program import unchecked
from penstock.runtime.places import place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Check, Column, PartialRule, Program
    from penstock.runtime.engines.base import Engine, Transformer

SAMPLE_ROWS = 10


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule was found to be."""

    check: Check
    passed: bool
    observed: dict[str, float | int | None]
    failed_rows: int | None

    def as_json(self) -> dict[str, Any]:
        """The form of the run report."""
        return {
            "dataset": self.check.dataset,
            "rule": self.check.rule,
            "action": self.check.action,
            "outcome": "passed" if self.passed else "failed",
            "observed": self.observed,
            "failed_rows": self.failed_rows,
            "reason": None if self.passed else self.reason(),
        }

    def reason(self) -> str:
        """Why the rule failed, in words.

        >>> from penstock.program import Check
        >>> check = Check("flown", 'IsUnique "id"', "warn", "", {})
        >>> Outcome(check, False, {}, 1).reason(), Outcome(check, False, {}, 1200).reason()
        ('1 row breaks it', '1,200 rows break it')
        """
        parts = [f"{name} is {_number(value)}" for name, value in self.observed.items()]
        if self.failed_rows:
            one = self.failed_rows == 1
            parts.insert(0, "1 row breaks it" if one else f"{self.failed_rows:,} rows break it")
        return "; ".join(parts) or "the rule does not hold"


def evaluate(engine: Engine, checks: Sequence[Check], relation: str) -> list[Outcome]:
    """Evaluate rules over a relation in one scan, or in two: where the rows are, and here."""
    there = [c.own is not None and _is_beside(engine, relation) for c in checks]
    columns: dict[bool, list[str]] = {True: [], False: []}
    for i, (check, beside) in enumerate(zip(checks, there, strict=True)):
        chosen = columns[beside]
        rule = check.own if beside and check.own else check
        observed = check.own.observed if beside and check.own else check.observed.values()
        chosen.append(f"{rule.passed} AS p{i}")
        if rule.failed_rows is not None:
            chosen.append(f"{rule.failed_rows} AS f{i}")
        chosen += [f"{sql} AS o{i}_{j}" for j, sql in enumerate(observed)]
    row: dict[str, Any] = {}
    for beside, chosen in columns.items():
        if chosen:
            asked = engine.transformer if beside and engine.transformer else engine
            row |= asked.rows(f"SELECT {', '.join(chosen)} FROM {relation}")[0]
    return [_outcome(check, i, row) for i, check in enumerate(checks)]


def keep(engine: Engine, checks: Sequence[Check], dataset: str, schema: Sequence[Column]) -> None:
    """Make the dataset the rows that every quarantine rule lets through."""
    beside = _beside(engine, checks, unchecked(dataset))
    if beside is None:
        engine.create(dataset, keep_sql(checks, dataset), materialize=True)
        return
    every = " AND ".join(f"({c.own.predicate})" for c in checks if c.own)
    sql = f"SELECT * FROM {unchecked(dataset)} WHERE {every}"
    beside.create(dataset, sql, materialize=True)
    beside.give(dataset, schema)


def broken(
    engine: Engine, checks: Sequence[Check], dataset: str, schema: Sequence[Column]
) -> tuple[str, int]:
    """A relation with all rows that a quarantine rule sets aside, and how many these are."""
    beside = _beside(engine, checks, unchecked(dataset))
    if beside is None:
        (row,) = engine.rows(held_count_sql(checks, dataset))
        return unchecked(dataset), int(row["n"])
    relation = f"{dataset}__broken"
    some = " OR ".join(f"NOT ({c.own.predicate})" for c in checks if c.own)
    beside.create(relation, f"SELECT * FROM {unchecked(dataset)} WHERE {some}", materialize=True)
    beside.give(relation, schema)
    return relation, engine.count(relation)


def _is_beside(engine: Engine, relation: str) -> bool:
    return engine.transformer is not None and engine.transformer.has(relation)


def _beside(engine: Engine, checks: Sequence[Check], relation: str) -> Transformer | None:
    """Where all rules are evaluated in the engine's own SQL; None: here."""
    portable = all(c.own is not None and c.own.predicate is not None for c in checks)
    return engine.transformer if portable and _is_beside(engine, relation) else None


def count(engine: Engine, rules: Sequence[PartialRule], relation: str) -> dict[int, list[int]]:
    """What a slice has for rules about all rows: number of the check → its counts."""
    found: dict[int, list[int]] = {}
    for rule in rules:
        columns = ", ".join(f"{sql} AS n{i}" for i, sql in enumerate(rule.counts))
        row = engine.rows(f"SELECT {columns} FROM {relation}")[0]
        found[rule.check] = [int(row[f"n{i}"]) for i in range(len(rule.counts))]
    return found


def decide(engine: Engine, check: Check, rule: PartialRule, sums: Sequence[int]) -> Outcome:
    """What a rule about all rows is, by the sums of what slices counted."""
    columns = [f"{rule.passed} AS p0"]
    columns += [f"{sql} AS o0_{i}" for i, sql in enumerate(rule.observed.values())]
    given = ", ".join(f"CAST({n} AS BIGINT) AS n{i}" for i, n in enumerate(sums))
    row = engine.rows(f"SELECT {', '.join(columns)} FROM (SELECT {given}) AS sums")[0]
    return _outcome(check, 0, row)


def stop(program: Program, dataset: str, outcomes: Sequence[Outcome]) -> None:
    """End the run where a `stop` rule of a dataset does not hold.

    Raises:
        RunStopped: one does not.
    """
    stopped = [o for o in outcomes if o.check.action == "stop" and not o.passed]
    if not stopped:
        return
    first = stopped[0]
    more = f" (and {len(stopped) - 1} more)" if len(stopped) > 1 else ""
    raise RunStopped(
        f"`{dataset}` breaks the stop rule {first.check.rule}{more}: {first.reason()}",
        hint="nothing of this run was published; mend the data or the rule, then run again",
        span=place(program, f"check:{program.checks.index(first.check)}"),
    )


def keep_sql(checks: Sequence[Check], dataset: str) -> str:
    """SELECT of the rows that every quarantine rule of a dataset lets through."""
    return f"SELECT * FROM {unchecked(dataset)} WHERE {_all(checks)}"


def held_count_sql(checks: Sequence[Check], dataset: str) -> str:
    """SELECT of the number of rows set aside, counted apart from `keep_sql`."""
    broken = " OR ".join(f"NOT ({c.predicate})" for c in checks)
    return f"SELECT count(*) AS n FROM {unchecked(dataset)} WHERE {broken}"


def sample(
    engine: Engine, check: Check, relation: str, schema: Sequence[Column]
) -> list[dict[str, Any]]:
    """A few rows that break a rule, for the report."""
    if check.predicate is None:
        return []
    rows = f"{relation} AS {check.relation}"
    some = f"SELECT * FROM {rows} WHERE NOT ({{}}) LIMIT {SAMPLE_ROWS}"
    beside = _beside(engine, [check], relation)
    if beside is None or check.own is None:
        return engine.rows(some.format(check.predicate))
    few = f"{relation}__sample"
    beside.create(few, some.format(check.own.predicate), materialize=False)
    beside.give(few, schema)
    try:
        return engine.rows(f"SELECT * FROM {few}")
    finally:
        engine.drop(few)


def _all(checks: Sequence[Check]) -> str:
    return " AND ".join(f"({c.predicate})" for c in checks)


def _outcome(check: Check, i: int, row: dict[str, Any]) -> Outcome:
    failed = row.get(f"f{i}")
    observed = {name: _plain(row[f"o{i}_{j}"]) for j, name in enumerate(check.observed)}
    return Outcome(
        check=check,
        passed=bool(row[f"p{i}"]),
        observed=observed,
        failed_rows=int(failed) if failed is not None else None,
    )


def _plain(value: Any) -> float | int | None:
    if value is None or isinstance(value, (int, float)):
        return value
    return float(value)


def _number(value: float | None) -> str:
    if value is None:
        return "NULL"
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"
