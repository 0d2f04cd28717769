"""One report of those of the slices.

What is made from the source that is cut adds up; what every slice read whole is told once.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from penstock.runtime import checks as rules
from penstock.runtime import registry
from penstock.runtime.accounting import Counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.program import Check, Program
    from penstock.runtime.document import RunDocument
    from penstock.runtime.engines.base import Engine
    from penstock.runtime.serverless.work import RunPlan

_LITTLE = 256 << 20  # numbers of counts, no rows
_SUMS = ("rows_in", "rows_out", "rejected", "filtered", "deduplicated", "quarantined", "bytes")


def gather(document: RunDocument, plan: RunPlan, slices: Sequence[Mapping[str, Any]]) -> None:
    """Fill a report with what the slices tell."""
    program = document.program
    document.workers = {"count": len(slices), "seconds": round(worked(slices), 3)}
    cut = cut_datasets(program, plan.source)
    for number, found in enumerate(slices):
        for name, told in found["datasets"].items():
            counts = Counts(**told)
            if number == 0:
                document.datasets[name] = counts
            elif name in cut:
                _add(document.datasets[name], counts)
        document.rejected += found["rejected"] if number == 0 or plan.source else []
        document.notes += found["notes"] if number == 0 else []
        document.kpis += found["kpis"] if number == 0 and plan.source is None else []
        for target, seconds in found["seconds"].items():
            before = document.targets.setdefault(target, {"seconds": 0.0})
            before["seconds"] = max(before["seconds"], seconds)
    if plan.source is not None:
        _count_in_once(document, cut)
    document.rejected[:] = document.rejected[: rules.SAMPLE_ROWS]
    _samples(document, slices, cut)
    _quality(document, slices, cut)
    _decide(document, slices)


def worked(slices: Sequence[Mapping[str, Any]]) -> float:
    """Seconds that workers have worked, together."""
    return float(sum(found["worked"] for found in slices if "worked" in found))


def stop(document: RunDocument) -> None:
    """End a run whose slices, together, break a `stop` rule.

    Raises:
        RunStopped: they do.
    """
    for name in document.datasets:
        found = [o for o in document.quality if o.check.dataset == name]
        rules.stop(document.program, name, found)


def balance(document: RunDocument) -> None:
    """Hold the rows of the whole run against each other.

    Raises:
        RowsUnaccounted: rows are missing, or there are too many.
    """
    row_by_row = {r.dataset for r in document.program.reads}
    row_by_row |= {s.dataset for s in document.program.statements if s.row_by_row}
    for name, counts in document.datasets.items():
        if name in row_by_row:
            counts.balance(name)


def cut_datasets(program: Program, source: str | None) -> set[str]:
    """The datasets of which each slice has a part."""
    found = {source} if source else set()
    for made in program.statements:
        if found & set(made.depends_on):
            found.add(made.dataset)
    return found


def _add(to: Counts, more: Counts) -> None:
    for name in _SUMS:
        setattr(to, name, getattr(to, name) + getattr(more, name))
    to.seconds = max(to.seconds, more.seconds)


def _count_in_once(document: RunDocument, cut: set[str]) -> None:
    """Rows that every slice had whole came in once."""
    for made in document.program.statements:
        if made.dataset in cut and not made.row_by_row:
            document.datasets[made.dataset].rows_in = sum(
                document.datasets[d].rows_out for d in made.depends_on
            )


def _samples(document: RunDocument, slices: Sequence[Mapping[str, Any]], cut: set[str]) -> None:
    found: dict[tuple[str, str], list[Any]] = {}
    for number, told in enumerate(slices):
        for sample in told["samples"]:
            if number == 0 or sample["dataset"] in cut:
                rows = found.setdefault((sample["dataset"], sample["rule"]), [])
                rows += sample["rows"][: rules.SAMPLE_ROWS - len(rows)]
    document.samples = [
        {"dataset": dataset, "rule": rule, "rows": rows} for (dataset, rule), rows in found.items()
    ]


def _quality(document: RunDocument, slices: Sequence[Mapping[str, Any]], cut: set[str]) -> None:
    for i, check in enumerate(document.program.checks):
        met = [(o, _rows(s, check)) for s in slices for o in s["quality"] if o["check"] == i]
        if not met:
            continue
        if check.dataset not in cut:
            met = met[:1]
        outcome = rules.Outcome(
            check=check,
            passed=all(o["passed"] for o, _ in met),
            observed=_observed(check.rule, met),
            failed_rows=None
            if any(o["failed_rows"] is None for o, _ in met)
            else sum(o["failed_rows"] for o, _ in met),
        )
        document.quality.append(outcome)


def _decide(document: RunDocument, slices: Sequence[Mapping[str, Any]]) -> None:
    """Rules about all rows that each slice has counted for."""
    program = document.program
    counted = [s.get("counted") or {} for s in slices]
    partial = [p for p in program.slicing.partial if all(str(p.check) in c for c in counted)]
    if not partial or not counted:
        return
    with TemporaryDirectory(prefix="penstock-") as work:
        engine: Engine = registry.engine(program.engine)(
            work=Path(work), memory_bytes=_LITTLE, threads=1
        )
        try:
            for rule in partial:
                of_slices = [c[str(rule.check)] for c in counted]
                sums = [sum(column) for column in zip(*of_slices, strict=True)]
                check = program.checks[rule.check]
                document.quality.append(rules.decide(engine, check, rule, sums))
        finally:
            engine.close()


def _observed(
    rule: str, met: Sequence[tuple[Mapping[str, Any], int]]
) -> dict[str, float | int | None]:
    """Shares of all rows. Of a rule with `where` a slice does not tell how many rows it meant.

    Where slices differ in such a share it is left out: it would be a guess.
    """
    found: dict[str, float | int | None] = {}
    for name in met[0][0]["observed"]:
        told = [(o["observed"][name], n) for o, n in met if o["observed"][name] is not None]
        if len({value for value, _ in told}) <= 1:
            found[name] = told[0][0] if told else None
        elif " where " not in rule.lower():
            rows = sum(n for _, n in told)
            found[name] = sum(value * n for value, n in told) / rows if rows else None
    return found


def _rows(told: Mapping[str, Any], check: Check) -> int:
    """How many rows of a slice a rule was asked of: `quarantine` before rows were set aside."""
    counts = told["datasets"][check.dataset]
    held = counts["quarantined"] if check.action == "quarantine" else 0
    return int(counts["rows_out"] + held)
