"""Quality rules at run time: one scan for all rules of a dataset, and the rows set aside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.program import unchecked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Check
    from penstock.runtime.engines.base import Engine

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
        """Why the rule failed, in words."""
        parts = [f"{name} is {_number(value)}" for name, value in self.observed.items()]
        if self.failed_rows:
            parts.insert(0, f"{self.failed_rows:,} row{'s' * (self.failed_rows != 1)} break it")
        return "; ".join(parts) or "the rule does not hold"


def evaluate(engine: Engine, checks: Sequence[Check], relation: str) -> list[Outcome]:
    """Evaluate rules over a relation in one scan."""
    if not checks:
        return []
    columns: list[str] = []
    for i, check in enumerate(checks):
        columns.append(f"{check.passed} AS p{i}")
        if check.failed_rows is not None:
            columns.append(f"{check.failed_rows} AS f{i}")
        columns += [f"{sql} AS o{i}_{j}" for j, sql in enumerate(check.observed.values())]
    row = engine.rows(f"SELECT {', '.join(columns)} FROM {relation}")[0]
    return [_outcome(check, i, row) for i, check in enumerate(checks)]


def keep_sql(checks: Sequence[Check], dataset: str) -> str:
    """SELECT of the rows that every quarantine rule of a dataset lets through."""
    return f"SELECT * FROM {unchecked(dataset)} WHERE {_all(checks)}"


def held_count_sql(checks: Sequence[Check], dataset: str) -> str:
    """SELECT of the number of rows set aside, counted apart from `keep_sql`."""
    broken = " OR ".join(f"NOT ({c.predicate})" for c in checks)
    return f"SELECT count(*) AS n FROM {unchecked(dataset)} WHERE {broken}"


def sample(engine: Engine, check: Check, relation: str) -> list[dict[str, Any]]:
    """A few rows that break a rule, for the report."""
    if check.predicate is None:
        return []
    sql = f"SELECT * FROM {relation} WHERE NOT ({check.predicate}) LIMIT {SAMPLE_ROWS}"
    return engine.rows(sql)


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
