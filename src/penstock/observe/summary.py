"""The text after a run: how it ended, what became of the rows, which rules broke, what to do."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any, TextIO

from penstock.observe import units
from penstock.observe.terminal import Terminal
from penstock.observe.text_table import Cell, Column, Style, Styled, paint, printable, text_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LONGEST = 40  # rows of a table; the HTML report has them all
ASIDE = ("filtered", "deduplicated", "quarantined", "rejected")
SHORT = {"deduplicated": "dedup", "quarantined": "held"}  # where four of them stand side by side
SEVERITY = {"stop": 0, "quarantine": 1, "warn": 2}
WORDS: dict[str, tuple[Style, str]] = {
    "succeeded": ("good", "succeeded in {}"),
    "failed": ("bad", "failed after {}"),
    "stopped": ("bad", "stopped by a rule after {}; nothing was published"),
    "skipped": ("dim", "skipped: nothing new since the run named below"),
}


def render_summary(
    report: Mapping[str, Any],
    stream: TextIO,
    *,
    report_path: str | None = None,
    with_error: bool = True,
) -> None:
    """Write the summary of a run to a stream, as wide and colourful as it can show.

    Args:
        report: the run report (`penstock.run/1`).
        report_path: the HTML report, if one was written.
        with_error: False where the error is told elsewhere.
    """
    shown = report if with_error else {**report, "error": None}
    text = summary_text(shown, Terminal.of(stream), report_path=report_path)
    stream.write(text + "\n")


def summary_text(
    report: Mapping[str, Any],
    terminal: Terminal | None = None,
    *,
    report_path: str | None = None,
) -> str:
    """The summary of a run, without a final newline; plain and as wide as it needs by default."""
    terminal = terminal or Terminal()
    parts = [
        _status(report, terminal),
        _error(report, terminal),
        _datasets(report, terminal),
        _quality(report, terminal),
        _targets(report, terminal),
        _kpis(report),
        _schema_changes(report, terminal),
        "\n".join(f"  note: {printable(n)}" for n in report.get("notes") or ()),
        f"  report  {report_path}" if report_path else "",
    ]
    return "\n\n".join(p for p in parts if p)


def _status(report: Mapping[str, Any], terminal: Terminal) -> str:
    status = report["status"]
    style, words = WORDS.get(status, ("warn", status + " for {}"))
    signs = terminal.signs
    sign = {"succeeded": signs.good, "skipped": signs.dot}.get(status, signs.bad)
    told = paint(words.format(units.seconds(report["seconds"])), style, color=terminal.color)
    head = f"{paint(sign, style, color=terminal.color)} {report['pipeline']} {told}"
    facts = [f"run {report['run_id']}", report["engine"]]
    if report.get("attempt", 1) > 1:
        facts.append(f"attempt {report['attempt']}")
    if report.get("peak_memory_bytes"):
        facts.append(f"peak memory {units.size(report['peak_memory_bytes'])}")
    line = f"  {f' {signs.dot} '.join(facts)}"
    return head + "\n" + paint(line, "dim", color=terminal.color)


def _error(report: Mapping[str, Any], terminal: Terminal) -> str:
    error = report.get("error")
    if not error:
        return ""
    lines = [paint(f"error {error['code']}", "bad", color=terminal.color)]
    lines += _wrap(error["message"], terminal)
    if error.get("file"):
        place = [error["file"], error.get("line"), error.get("column")]
        lines.append("  at " + printable(":".join(str(p) for p in place if p is not None)))
    if error.get("hint"):
        lines += _wrap(f"hint: {error['hint']}", terminal)
    return "\n".join([*lines, f"  penstock explain {error['code']}"])


def _wrap(text: str, terminal: Terminal) -> list[str]:
    lines: list[str] = []
    for line in text.splitlines():
        shown = printable(line)
        width = terminal.width
        lines += (
            textwrap.wrap(shown, width, initial_indent="  ", subsequent_indent="  ")
            if width
            else ["  " + shown]
        )
    return lines


def _datasets(report: Mapping[str, Any], terminal: Terminal) -> str:
    datasets: dict[str, dict[str, Any]] = report.get("datasets") or {}
    if not datasets:
        return ""
    aside = [a for a in ASIDE if any(d.get(a) for d in datasets.values())]
    columns = [
        Column("dataset", shrink=12),
        Column("rows in", "right"),
        *(Column(a if len(aside) < 4 else SHORT.get(a, a), "right") for a in aside),
        Column("rows out", "right"),
        Column("time", "right"),
    ]
    rows: list[list[Cell]] = []
    for name, counts in datasets.items():
        row: list[Cell] = [name, units.count(counts["rows_in"])]
        row += [_aside(a, counts.get(a)) for a in aside]
        row.append(units.count(counts["rows_out"]))
        time = units.seconds(counts["seconds"]) if "seconds" in counts else ""
        rows.append([*row, Styled(time, "dim")])
    return _table(columns, rows, terminal, "datasets")


def _aside(what: str, rows: int | None) -> Cell:
    if not rows:
        return Styled("0", "dim") if rows == 0 else ""
    return (
        Styled(units.count(rows), "warn")
        if what in {"quarantined", "rejected"}
        else units.count(rows)
    )


def _quality(report: Mapping[str, Any], terminal: Terminal) -> str:
    quality: list[dict[str, Any]] = report.get("quality") or []
    if not quality:
        return ""
    failing = [q for q in quality if q["outcome"] == "failed"]
    shown = quality if len(quality) <= LONGEST else failing
    columns = [
        Column("rule", shrink=24),
        Column("action"),
        Column("outcome"),
        Column("observed", "right", shrink=8),
        Column("failed rows", "right"),
    ]
    rows: list[list[Cell]] = []
    for dataset in dict.fromkeys(q["dataset"] for q in shown):
        rows.append([Styled(dataset, "bold"), "", "", "", ""])
        mine = [q for q in shown if q["dataset"] == dataset]
        mine.sort(key=lambda q: SEVERITY.get(q["action"], 3) if q["outcome"] == "failed" else 4)
        rows += [_rule(q, terminal) for q in mine]
    kept = len(quality) - len(failing)
    head = f"  quality: {kept:,} of {units.plural(len(quality), 'rule')} kept"
    return head + ("\n" + _table(columns, rows, terminal, "rules") if rows else "")


def _rule(outcome: Mapping[str, Any], terminal: Terminal) -> list[Cell]:
    signs = terminal.signs
    mark: Cell
    if outcome["outcome"] == "failed":
        stop = outcome["action"] == "stop"
        mark = Styled(f"{signs.bad if stop else signs.attention} failed", "bad" if stop else "warn")
    else:
        mark = Styled(f"{signs.good} {outcome['outcome']}", "good")
    failed = outcome.get("failed_rows")
    return [
        "  " + outcome["rule"],
        outcome["action"],
        mark,
        _observed(outcome.get("observed") or {}, signs.ellipsis),
        "" if failed is None else units.count(failed),
    ]


def _observed(metrics: Mapping[str, Any], ellipsis: str) -> str:
    """One metric without its name, which the rule has; of several, the first two."""
    figures = [units.figure(found) for found in metrics.values()]
    if len(figures) < 2:
        return "".join(figures)
    names = [name.rpartition(".")[2] for name in metrics]
    told = ", ".join(f"{n} {f}" for n, f in zip(names[:2], figures[:2], strict=True))
    return told + (f", {ellipsis}" if len(figures) > 2 else "")


def _targets(report: Mapping[str, Any], terminal: Terminal) -> str:
    targets: dict[str, dict[str, Any]] = report.get("targets") or {}
    published = {n: t for n, t in targets.items() if "version" in t}
    if not published:
        return ""
    columns = [
        Column("target", shrink=12),
        Column("rows", "right"),
        Column("files", "right"),
        Column("size", "right"),
        Column("location", shrink=16, keep="end"),
    ]
    rows: list[list[Cell]] = [
        [
            n,
            units.count(t["rows_loaded"]),
            units.count(t["files"]),
            units.size(t["bytes"]),
            t["location"],
        ]
        for n, t in published.items()
    ]
    return _table(columns, rows, terminal, "targets")


def _kpis(report: Mapping[str, Any]) -> str:
    """One line for each number; what is not known is said to be so."""
    kpis: list[dict[str, Any]] = report.get("kpis") or []
    widest = max((len(k["name"]) for k in kpis), default=0)
    lines = []
    for kpi in kpis:
        value = "not known" if kpi["value"] is None else f"{kpi['value']:,}"
        unit = f" {printable(kpi['unit'])}" if kpi["unit"] and kpi["value"] is not None else ""
        lines.append(f"  kpi {kpi['name'].ljust(widest)}  {value}{unit}")
    return "\n".join(lines)


CHANGES = {
    "added": "new, taken up",
    "ignored": "new, left out",
    "missing": "missing, read as NULL",
    "widened": "type grew",
    "retyped": "type changed",
    "renamed_case": "other letter case",
    "reordered": "other position",
}


def _schema_changes(report: Mapping[str, Any], terminal: Terminal) -> str:
    changes: list[dict[str, Any]] = report.get("schema_changes") or []
    if not changes:
        return ""
    columns = [
        Column("schema of", shrink=12),
        Column("column", shrink=12),
        Column("change"),
        Column("from", shrink=8),
        Column("to", shrink=8),
        Column("first in", shrink=16, keep="end"),
    ]
    rows: list[list[Cell]] = [
        [
            c["dataset"],
            c["column"],
            CHANGES.get(c["change"], c["change"]),
            c["from"] or "",
            c["to"] or "",
            c["file"] or "",
        ]
        for c in changes
    ]
    return _table(columns, rows, terminal, "schema changes")


def _table(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], terminal: Terminal, noun: str
) -> str:
    text = text_table(
        columns,
        rows[:LONGEST],
        width=terminal.width,
        color=terminal.color,
        ellipsis=terminal.signs.ellipsis,
        indent="  ",
    )
    left = len(rows) - LONGEST
    return text + (
        f"\n  {terminal.signs.ellipsis} {left:,} more {noun} in the report" if left > 0 else ""
    )
