"""Children of a fork server: each starts with everything imported, in milliseconds.

What a child does is real, and so is the signal that ends it; only its imports were done before it
was born. The server opens no database, so that it has no thread when it forks.

A child of `multiprocessing` imports the main module of its parent anew, which is pytest or xdist:
that took longer than a run. Here the parent shows it an empty one.
"""

from __future__ import annotations

import functools
import gc
import importlib
import multiprocessing
import os
import pkgutil
import sys
import types
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path

import penstock

TESTS = Path(__file__).parents[1]
CONTEXT = multiprocessing.get_context("forkserver")
HEAVY = (
    "duckdb",
    "pyarrow.parquet",
    "pyarrow.dataset",
    "pyarrow.orc",
    "deltalake",
    "pyiceberg.catalog.sql",
    "pyiceberg.io.pyarrow",
    "pyiceberg.table.snapshots",
    "pyiceberg.table.update.snapshot",
    "sqlalchemy.dialects.sqlite",
    "obstore.store",
    "pydantic.dataclasses",
    "sqlglot.dialects.duckdb",
    "sqlglot.generators.duckdb",
    "sqlglot.parsers.duckdb",
    "sqlglot.transforms",
    "encodings.utf_8_sig",
    "importlib.resources.readers",
)
"""What commands and formats import when they are first needed."""
CONTEXT.set_forkserver_preload([__name__, "trials", "kill_points", "killer"])


def load_heavy() -> None:
    """Import what a command may need; called in the fork server alone."""
    for name in HEAVY:
        importlib.import_module(name)
    for found in pkgutil.walk_packages(penstock.__path__, "penstock."):
        importlib.import_module(found.name)
    gc.collect()
    gc.freeze()  # a child that collects rubbish need not copy all of this


if os.environ.get("PENSTOCK_FORK_SERVER"):
    load_heavy()


@functools.cache
def start_server() -> None:
    """Have the fork server load everything once, so that a child need not."""
    before = dict(os.environ)
    # Python 3.11 gives the fork server no sys.path of ours.
    paths = [*(p for p in sys.path if Path(p).is_relative_to(TESTS)), before.get("PYTHONPATH")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    os.environ["PENSTOCK_FORK_SERVER"] = "1"
    try:
        with _no_main():
            forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)


def start(target, *args):
    """A child that calls `target` and ends."""
    start_server()
    process = CONTEXT.Process(target=target, args=args)
    with _no_main():
        process.start()
    return process


@contextmanager
def _no_main():
    real = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = real
