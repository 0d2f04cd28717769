"""From what the command line, the definition and the ledger say to a volume and its origin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.cost.volume import ENOUGH_BYTES, Assumption, Volume, assumed, measured
from penstock.errors import UsageError
from penstock.quantities import size_words, three_digits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.cost.shape import Shape


def runs_per_day(asked: float | None, shape: Shape) -> tuple[float, Assumption]:
    """How often the pipeline runs, and how that is known.

    Raises:
        UsageError: it was asked for a number that is none of runs.
    """
    if asked is not None:
        if not 0 < asked <= 86_400:
            raise UsageError(
                f"--runs-per-day takes more than 0 and at most 86,400, not {asked:g}",
                code="PSK-COST-003",
                hint="one a week is 0.143",
            )
        return asked, Assumption("runs a day", three_digits(asked), "asked", "--runs-per-day")
    if shape.starts:
        because = f"the pipeline's trigger: `{shape.trigger}`"
        return shape.starts, Assumption("runs a day", three_digits(shape.starts), "asked", because)
    told = f"the trigger `{shape.trigger}` does not say it" if shape.trigger else "no trigger"
    return 1.0, Assumption("runs a day", "1", "assumed", told)


def volume_of(
    reports: Sequence[Mapping[str, Any]], gb_per_day: float | None, runs: float
) -> tuple[Volume, list[Assumption]]:
    """What a run works on, and how that is known.

    Raises:
        UsageError: there is no run, and nothing was asked for; or that is no size.
    """
    if gb_per_day is not None and not 0 < gb_per_day <= 1e6:
        raise UsageError(
            f"--gb-per-day takes more than 0 and at most 1,000,000, not {gb_per_day:g}",
            code="PSK-COST-003",
            hint="1 MB is 0.001",
        )
    known = measured(reports)
    if known is None and gb_per_day is None:
        raise UsageError(
            "no run of this pipeline has read anything yet, so its volume is not known",
            code="PSK-COST-002",
            hint="start one with `penstock run`, or say how much comes: --gb-per-day 1",
        )
    if gb_per_day is None:
        assert known is not None
        return known, [_read(known), *_speed(known)]
    size = gb_per_day * 1e9 / runs
    volume = assumed(size) if known is None else known.scaled(size)
    read = Assumption("read a day", f"{three_digits(gb_per_day)} GB", "asked", "--gb-per-day")
    return volume, [read, *_speed(volume)]


def _read(volume: Volume) -> Assumption:
    rows = f", {volume.rows_in:,.0f} rows" if volume.rows_in else ""
    return Assumption(
        "read by a run", f"{size_words(volume.bytes_in)}{rows}", "measured", _of_runs(volume)
    )


def _speed(volume: Volume) -> list[Assumption]:
    share = volume.bytes_out / volume.bytes_in
    written = Assumption(
        "written by a run",
        f"{three_digits(share)} bytes for each read",
        "measured" if volume.runs else "assumed",
        _of_runs(volume) if volume.runs else "Parquet of CSV",
    )
    why = "a worker is as fast as this machine was"
    if volume.speed == "assumed":
        why = f"the runs read under {size_words(ENOUGH_BYTES)}: too little to tell"
        why = why if volume.runs else "no run was measured"
    return [
        written,
        Assumption(
            "speed of a worker",
            f"{size_words(volume.bytes_per_second)} a second after {volume.start_seconds:.1f} s",
            volume.speed,
            why,
        ),
    ]


def _of_runs(volume: Volume) -> str:
    count = "the last run" if volume.runs == 1 else f"the mean of the last {volume.runs} runs"
    return f"{count} that read something"
