"""The handlers of architecture 1 start without what only some of them need later."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HANDLERS = (
    Path(__file__).parents[3]
    / "architectures"
    / "architecture-1-serverless-lambda"
    / "src"
    / "lambda"
)
HEAVY = {"sqlglot", "pydantic", "click", "pyarrow", "deltalake", "duckdb", "boto3", "obstore"}


@pytest.mark.parametrize("name", ["planner", "worker", "loader"])
def test_a_handler_imports_nothing_heavy(name):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", f"import {name}; assert {name}.handler"],
        cwd=HANDLERS,
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "penstock.runtime.serverless.entry" in imported
    assert {module.partition(".")[0] for module in imported} & HEAVY == set()
