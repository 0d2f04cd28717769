"""What a run works on: measured in the reports of runs, asked for, or assumed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Origin = Literal["measured", "asked", "assumed"]

ENOUGH_BYTES = 32_000_000
"""What a run has to read for its speed to say something: below, most of its time is the start."""
BYTES_PER_SECOND = 20_000_000.0
OUTPUT_SHARE = 0.3
"""Bytes of Parquet for each byte of CSV read, where no run says it."""
START_SECONDS = 0.5
LAST_RUNS = 10


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number that a bill rests on.

    Attributes:
        value: as it is shown, with its unit.
        because: where it is from, or why it is so.
        source: the page that says so.
    """

    name: str
    value: str
    origin: Origin
    because: str
    source: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """As `penstock cost --json` gives it."""
        return {
            "name": self.name,
            "value": self.value,
            "origin": self.origin,
            "because": self.because,
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class Volume:
    """What one run reads, writes and takes.

    Attributes:
        bytes_in: as they are stored, compressed or not.
        files_out: that one worker writes.
        bytes_per_second: that one worker gets through, beyond its start.
        start_seconds: what a worker takes before it reads.
        peak_memory: bytes of the largest measured run; None: no run was measured.
        measured_bytes: what that run read.
        runs: how many runs it was measured of.
    """

    bytes_in: float
    bytes_out: float
    files_out: int = 1
    rows_in: float | None = None
    bytes_per_second: float = BYTES_PER_SECOND
    start_seconds: float = START_SECONDS
    speed: Origin = "assumed"
    peak_memory: int | None = None
    measured_bytes: float = 0.0
    runs: int = 0

    def scaled(self, bytes_in: float) -> Volume:
        """The same pipeline over another amount."""
        share = self.bytes_out / self.bytes_in if self.bytes_in else OUTPUT_SHARE
        rows = self.rows_in / self.bytes_in * bytes_in if self.rows_in and self.bytes_in else None
        return Volume(
            bytes_in=bytes_in,
            bytes_out=bytes_in * share,
            files_out=self.files_out,
            rows_in=rows,
            bytes_per_second=self.bytes_per_second,
            start_seconds=self.start_seconds,
            speed=self.speed,
            peak_memory=self.peak_memory,
            measured_bytes=self.measured_bytes,
            runs=self.runs,
        )

    def seconds(self, parts: int = 1) -> float:
        """Seconds of all workers together, where as many share it."""
        return parts * self.start_seconds + self.bytes_in / self.bytes_per_second


def assumed(bytes_in: float) -> Volume:
    """The volume of a pipeline that never ran."""
    return Volume(bytes_in=bytes_in, bytes_out=bytes_in * OUTPUT_SHARE)


def measured(reports: Sequence[Mapping[str, Any]]) -> Volume | None:
    """The mean of the last runs that read something; None: there is none.

    Args:
        reports: run reports (`penstock.run/1`), in any order of success and kind.
    """
    done = [r for r in reports if r.get("status") == "succeeded" and _read(r) > 0][:LAST_RUNS]
    if not done:
        return None
    count = len(done)
    bytes_in = math.fsum(map(_read, done)) / count
    seconds = math.fsum(float(r["seconds"]) for r in done) / count
    largest = max(done, key=lambda r: int(r.get("peak_memory_bytes") or 0))
    rate, start, origin = _speed(bytes_in, seconds)
    return Volume(
        bytes_in=bytes_in,
        bytes_out=math.fsum(_sum(r["targets"], "bytes") for r in done) / count,
        files_out=max(1, round(sum(_sum(r["targets"], "files") for r in done) / count)),
        rows_in=math.fsum(_sum(_sources(r), "rows_in") for r in done) / count,
        bytes_per_second=rate,
        start_seconds=start,
        speed=origin,
        peak_memory=int(largest.get("peak_memory_bytes") or 0) or None,
        measured_bytes=_read(largest),
        runs=count,
    )


def _speed(bytes_in: float, seconds: float) -> tuple[float, float, Origin]:
    """Bytes a second, seconds before the first one, and whether the former was measured."""
    if bytes_in >= ENOUGH_BYTES:
        work = max(seconds - START_SECONDS, 0.1)
        return bytes_in / work, START_SECONDS, "measured"
    return BYTES_PER_SECOND, max(seconds - bytes_in / BYTES_PER_SECOND, 0.0), "assumed"


def _sources(report: Mapping[str, Any]) -> dict[str, Any]:
    return {n: d for n, d in report["datasets"].items() if d.get("kind") == "source"}


def _read(report: Mapping[str, Any]) -> float:
    return _sum(_sources(report), "bytes")


def _sum(entries: Mapping[str, Mapping[str, Any]], key: str) -> float:
    return math.fsum(float(entry.get(key) or 0) for entry in entries.values())
