"""What runs read: files, each source's identity, and how far a source was read by a column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.runtime.ledger.base import DAILY, Progress, Watermark

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Reads:
    """What one attempt reads.

    Attributes:
        files: dataset → (name, identity) of each file.
        sources: dataset → identity of what there is to read.
    """

    files: Mapping[str, Sequence[tuple[str, str]]]
    sources: Mapping[str, str]


def note(db: sqlite3.Connection, run_id: str, reads: Reads) -> None:
    """Note what a run's new attempt reads, in place of what the attempt before it read."""
    db.execute("DELETE FROM run_files WHERE run_id = ?", (run_id,))
    db.executemany(
        "INSERT OR IGNORE INTO run_files (run_id, dataset, name, identity) VALUES (?, ?, ?, ?)",
        [(run_id, d, name, identity) for d, read in reads.files.items() for name, identity in read],
    )
    db.execute("DELETE FROM run_sources WHERE run_id = ?", (run_id,))
    db.executemany(
        "INSERT INTO run_sources (run_id, dataset, identity) VALUES (?, ?, ?)",
        [(run_id, dataset, identity) for dataset, identity in reads.sources.items()],
    )


def mark(db: sqlite3.Connection, run_id: str, watermarks: Mapping[str, Watermark]) -> None:
    """Note how far a run reads; it counts once the run has succeeded."""
    db.executemany(
        "UPDATE run_sources SET mark_column = ?, mark_type = ?, mark_value = ? "
        "WHERE run_id = ? AND dataset = ?",
        [(w.column, w.type, w.value, run_id, dataset) for dataset, w in watermarks.items()],
    )


def files_read(db: sqlite3.Connection, run_id: str) -> dict[str, list[tuple[str, str]]]:
    """Dataset → (name, identity) of each file."""
    found: dict[str, list[tuple[str, str]]] = {}
    rows = db.execute(
        "SELECT dataset, name, identity FROM run_files WHERE run_id = ? "
        "ORDER BY dataset, name, identity",
        (run_id,),
    )
    for dataset, name, identity in rows:
        found.setdefault(dataset, []).append((name, identity))
    return found


def seen_files(db: sqlite3.Connection, pipeline: str, dataset: str) -> set[tuple[str, str]]:
    """(name, identity) of every file that a succeeded ordinary run has read."""
    rows = db.execute(
        "SELECT DISTINCT f.name, f.identity FROM runs AS r "
        "JOIN attempts AS a ON a.run_id = r.run_id AND a.number = r.attempt "
        "JOIN run_files AS f ON f.run_id = r.run_id "
        "WHERE r.pipeline = ? AND r.lane = ? AND f.dataset = ? AND a.status = 'succeeded'",
        (pipeline, DAILY, dataset),
    )
    return set(rows.fetchall())


def progress(db: sqlite3.Connection, pipeline: str) -> dict[str, Progress]:
    """Dataset → what the ordinary run that read it and succeeded last has read."""
    rows = db.execute(
        "SELECT s.dataset, r.run_id, s.identity, s.mark_column, s.mark_type, s.mark_value "
        "FROM runs AS r JOIN attempts AS a ON a.run_id = r.run_id AND a.number = r.attempt "
        "JOIN run_sources AS s ON s.run_id = r.run_id "
        "WHERE r.pipeline = ? AND r.lane = ? AND a.status = 'succeeded' ORDER BY a.finished",
        (pipeline, DAILY),
    )
    return {
        dataset: Progress(run_id, identity, Watermark(*mark) if mark[2] is not None else None)
        for dataset, run_id, identity, *mark in rows
    }
