"""A machine that refuses: no room, no memory, no right to write. Each is told in words, what was
published stands, and the run after it does the whole work.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import trials

KIND = ("parquet", "merge", "incremental")
PENSTOCK = [sys.executable, "-m", "penstock"]
LIKE_ANYBODY = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
"""Root may write anywhere; this takes that from it."""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """The folder before the run, its Program, and what each target shows before and after."""
    home = tmp_path_factory.mktemp("hostile")
    program = trials.prepare(home / "base", KIND)
    whole = trials.copied(home / "base", home / "whole")
    assert trials.launch(whole, program, {}) == 0
    shown = [trials.published(f, program) for f in (home / "base", whole)]
    return home / "base", program, *shown, trials.memory(whole)


def start(folder, *, before=None, prefix=()):
    return subprocess.run(
        [*prefix, *PENSTOCK, "run", "--threads", "1", str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        preexec_fn=before,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )


def refused(found):
    """It ended in words: no traceback, no crash, not a bug of ours."""
    told = found.stdout + found.stderr
    assert found.returncode in {1, 4}, (found.returncode, told)
    assert "Traceback" not in told, told
    assert "PSK-BUG" not in told, told
    assert "error[PSK-" in found.stderr, told


def recovers(folder, base):
    _, program, _, rows, remembered = base
    again = start(folder)
    assert again.returncode == 0, again.stderr
    assert trials.published(folder, program) == rows
    assert trials.memory(folder) == remembered


@pytest.mark.parametrize("room", [0, 600, 2_000, 5_000, 30_000, 60_000])
def test_files_that_may_not_grow(base, tmp_path, room):
    folder = trials.copied(base[0], tmp_path / "p")
    found = start(folder, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room)))
    if found.returncode:
        refused(found)
        for name, seen in trials.published(folder, base[1]).items():
            assert seen in (base[2][name], base[3][name])
    else:
        assert room >= 30_000
    recovers(folder, base)


@pytest.mark.parametrize("free", [0, 8, 24, 64])
def test_a_full_disk(base, tmp_path, free):
    """A small tmpfs of its own, filled but for a few blocks of 4 KiB."""
    folder = trials.copied(base[0], tmp_path / "p")
    disk = tmp_path / "disk"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=4m none "$1" && cp -a "$2" "$1/p" && '
        'dd if=/dev/zero of="$1/filler" bs=4096 status=none 2>/dev/null; '
        'truncate -s -$((4096 * $3)) "$1/filler"; shift 3; "$@"; code=$?; '
        'rm "$0/filler"; rm -rf "$1x"; cp -a "$0/p/." "$FOLDER"; exit $code'
    )
    command = ["unshare", "-rm", "sh", "-c", script, str(disk), str(disk), str(folder), str(free)]
    run = [*PENSTOCK, "run", "--threads", "1", str(disk / "p")]
    found = subprocess.run(
        [*command, *run],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "FOLDER": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
    )
    if found.returncode:
        refused(found)
        for name, seen in trials.published(folder, base[1]).items():
            assert seen in (base[2][name], base[3][name])
    else:
        assert free >= 24
    recovers(folder, base)


@pytest.mark.parametrize("megabytes", [600, 700, 800, 1000])
def test_too_little_memory(base, tmp_path, megabytes):
    """An address space too small for threads and buffers: it ends in words, or does its work, or
    the system's own library ends it where Penstock is not asked."""
    folder = trials.copied(base[0], tmp_path / "p")
    room = megabytes << 20
    found = start(folder, before=lambda: resource.setrlimit(resource.RLIMIT_AS, (room, room)))
    ended_by_the_system = found.returncode == 127 or found.returncode < 0
    if found.returncode and not ended_by_the_system:
        refused(found)
    recovers(folder, base)


@pytest.mark.parametrize("place", [".", ".penstock", "lake/one", "lake/one/_penstock"])
def test_a_folder_that_may_not_be_written(base, tmp_path, place):
    folder = trials.copied(base[0], tmp_path / "p")
    modes = {p: p.stat().st_mode for p in [folder / place, *(folder / place).rglob("*")]}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        found = start(folder, prefix=LIKE_ANYBODY if os.geteuid() == 0 else ())
    finally:
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)
    refused(found)
    assert trials.published(folder, base[1]) == base[2]
    recovers(folder, base)


def test_the_tools_are_here():
    """The full disk needs a mount of its own, and root less rights."""
    assert shutil.which("unshare")
    assert shutil.which("setpriv")
