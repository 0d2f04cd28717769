"""From what size on Lambda is the wrong choice: the run against the limits of the service."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from penstock.cost.architectures.lambda_settings import settings_of
from penstock.cost.architectures.serverless_lambda import (
    COLD_SECONDS,
    LOADER_SECONDS,
    MOST_SLICES,
    PLANNER_SECONDS,
    SLICE_BYTES,
    WORKER_SECONDS,
    slices_of,
)
from penstock.cost.volume import ENOUGH_BYTES
from penstock.diagnostics import Diagnostic
from penstock.facts.limits import load_limits
from penstock.quantities import size_words

if TYPE_CHECKING:
    from penstock.cost.shape import Shape
    from penstock.cost.volume import Volume

MARGIN_SECONDS = 20
"""Left for giving a task back: `MARGIN_SECONDS` of penstock/runtime/serverless/worker.py."""
_BASE_BYTES = 160 << 20
"""What any run takes, however little it reads; only what is above grows with it."""
_OTHERS = "choose `containers` or `glue`, or read less in each run"


def findings(volume: Volume, shape: Shape) -> list[Diagnostic]:
    """Warnings where a run of this volume does not go into functions; empty: it does.

    Raises:
        UsageError: a setting of the pipeline is none of Lambda's.
    """
    return [d for d in (_time(volume, shape), _memory(volume, shape)) if d is not None]


def most_bytes(volume: Volume, shape: Shape) -> float:
    """How much one run may read before a worker's time is too short, in bytes."""
    settings = settings_of(shape.settings)
    start = COLD_SECONDS + WORKER_SECONDS + volume.start_seconds
    each = max(0.0, settings.timeout - MARGIN_SECONDS - start) * volume.bytes_per_second
    if shape.cut is False:
        return each
    # A slice grows only where there are more bytes than the most slices hold.
    return each * MOST_SLICES if each >= SLICE_BYTES else 0.0


def takes(volume: Volume, shape: Shape) -> float:
    """Seconds of a whole run, with as many workers at a time as the settings allow."""
    settings = settings_of(shape.settings)
    slices = slices_of(volume, shape)
    rounds = math.ceil(slices / settings.max_concurrency)
    beside = PLANNER_SECONDS + LOADER_SECONDS + 2 * COLD_SECONDS
    return beside + rounds * _each(volume, slices)


def _each(volume: Volume, slices: int) -> float:
    """Seconds of one worker."""
    start = COLD_SECONDS + WORKER_SECONDS + volume.start_seconds
    return start + volume.bytes_in / slices / volume.bytes_per_second


def _time(volume: Volume, shape: Shape) -> Diagnostic | None:
    settings = settings_of(shape.settings)
    slices = slices_of(volume, shape)
    each = _each(volume, slices)
    least = settings.timeout - MARGIN_SECONDS
    if each <= least:
        return None
    most = most_bytes(volume, shape)
    who = "one worker" if slices == 1 else f"each of {slices:,} workers"
    whole = f" (it cannot be cut: {shape.whole})" if shape.cut is False and shape.whole else ""
    limit = load_limits()["lambda.timeout"].value
    beyond = (
        f"Lambda is the wrong choice from {size_words(most)} a run on"
        if most
        else "at this speed no slice is small enough"
    )
    return Diagnostic(
        "PSK-COST-010",
        f"a run of {size_words(volume.bytes_in)} takes {who} {each:,.0f} s{whole}, and a function "
        f"of {settings.timeout:,} s has {least:,} s for it; {beyond} ({volume.speed}: "
        f"{size_words(volume.bytes_per_second)} a second)",
        hint=_OTHERS
        if settings.timeout == limit
        else f"set `timeout` up to {limit:,} (Lambda's limit), or {_OTHERS}",
        severity="warning",
    )


def _memory(volume: Volume, shape: Shape) -> Diagnostic | None:
    """The working set of the one worker, if it grows as the measured one did."""
    peak = volume.peak_memory
    if not peak or volume.measured_bytes < ENOUGH_BYTES or shape.cut is not False:
        return None
    limits = load_limits()
    memory, disk = limits["lambda.memory_max"].value, limits["lambda.tmp_storage_max"].value
    a_byte = max(0, peak - _BASE_BYTES) / volume.measured_bytes
    needed = (_BASE_BYTES + a_byte * volume.bytes_in) / 2**20
    if needed <= memory + disk:
        return None
    most = ((memory + disk) * 2**20 - _BASE_BYTES) / a_byte
    return Diagnostic(
        "PSK-COST-011",
        f"a run of {size_words(volume.bytes_in)} in one worker needs about {needed:,.0f} MB, where "
        f"{size_words(volume.measured_bytes)} took {peak / 2**20:,.0f} MB; a function "
        f"has at most {memory:,} MB of memory and {disk:,} MB of disk: Lambda is the wrong choice "
        f"from {size_words(most)} a run on",
        hint=_OTHERS,
        severity="warning",
    )
