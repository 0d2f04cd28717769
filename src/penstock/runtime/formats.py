"""What a file's name says about its format and packing. Standard library only."""

from __future__ import annotations

import zipfile
from pathlib import PurePath

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "json",
    ".parquet": "parquet",
    ".orc": "orc",
    ".xlsx": "excel",
    ".xml": "xml",
}
ALL = ("csv", "ndjson", "json", "parquet", "orc", "excel", "xml", "fixed_width")
PACKED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bzip2", ".zip": "zip"}


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


def in_zip(path: str) -> set[str | None]:
    """The formats that the names in a zip say; none where it is no zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if not n.endswith("/")]
    except (OSError, zipfile.BadZipFile, NotImplementedError):
        return set()
    return {format_of(n)[0] for n in names if not n.startswith("__MACOSX/")}


def tab_separated(path: str) -> bool:
    """Whether a name says that fields are divided by tabs.

    >>> tab_separated("a.tsv.gz"), tab_separated("a.csv")
    (True, False)
    """
    return ".tsv" in (s.lower() for s in PurePath(path).suffixes[-2:])
