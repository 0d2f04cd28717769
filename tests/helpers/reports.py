"""Run reports with the numbers that a test is about."""

from __future__ import annotations


def report(
    *,
    status: str = "succeeded",
    read: int = 1_000_000,
    seconds: float = 5.0,
    rows: int = 100,
    written: int = 300_000,
    peak: int = 200 << 20,
):
    """The report of a run with one source and one target (`penstock.run/1`)."""
    return {
        "schema": "penstock.run/1",
        "status": status,
        "seconds": seconds,
        "peak_memory_bytes": peak,
        "datasets": {
            "orders": {"kind": "source", "rows_in": rows, "rows_out": rows, "bytes": read},
            "clean": {"kind": "transform", "rows_in": rows, "rows_out": rows},
        },
        "targets": {"lake": {"rows_loaded": rows, "files": 1, "bytes": written}},
    }
