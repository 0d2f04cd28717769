"""What a file's name says about its format and packing. Standard library only."""

from __future__ import annotations

from pathlib import PurePath

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".parquet": "parquet",
}
PACKED = {".gz": "gzip", ".zst": "zstd"}
LATER = ("json", "orc", "excel", "xml", "fixed_width")
"""Formats of the reference that this version does not read."""
LATER_PACKED = {".bz2", ".zip"}


def format_of(path: str) -> tuple[str | None, str | None]:
    """Format and compression that a name's suffixes say; None: they say nothing.

    >>> format_of("data/a.CSV.gz"), format_of("a.parquet"), format_of("a.dat")
    (('csv', 'gzip'), ('parquet', None), (None, None))
    """
    suffixes = [s.lower() for s in PurePath(path).suffixes]
    packed = PACKED.get(suffixes[-1]) if suffixes else None
    if packed:
        suffixes.pop()
    return (FORMATS.get(suffixes[-1]) if suffixes else None), packed


def tab_separated(path: str) -> bool:
    """Whether a name says that fields are divided by tabs.

    >>> tab_separated("a.tsv.gz"), tab_separated("a.csv")
    (True, False)
    """
    return ".tsv" in (s.lower() for s in PurePath(path).suffixes[-2:])
