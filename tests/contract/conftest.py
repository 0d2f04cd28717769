"""Lets the processes that these tests start import `contract_ledgers` by name; marks what they show."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

sys.path.insert(0, str(Path(__file__).parent))

SERVERS = {
    "s3": "S3 of moto",
    "postgres": "PostgreSQL 16",
    "rest": "an HTTP server",
    "athena": "S3 and Glue of moto, the sandbox's Athena",
    "redshift": "the sandbox's Redshift (PostgreSQL)",
    "dynamodb-moto": "DynamoDB of moto",
    "dynamodb-local": "DynamoDB Local",
}
ON = "this machine"


def pytest_itemcollected(item: pytest.Item) -> None:
    """A test of the contract shows something of the connector or ledger that it was given."""
    for subject, on in _shows(item):
        item.add_marker(evidence.marker(subject, "executed locally", on=on))


def _shows(item: pytest.Item) -> Iterator[tuple[str, str]]:
    params = getattr(item, "callspec", None)
    given = params.params if params else {}
    name = item.path.stem
    if name == "test_sources" and ("place" in given or "server" in given):
        connector = given["server"] if "server" in given else given["place"][0]
        yield f"source:{connector}", SERVERS.get(connector, ON)
    elif name == "test_targets" and "place" in given:
        connector, options = item.module.TARGETS[given["place"]]
        remote = str(options.get("path", "")).startswith("s3://")
        yield f"target:{connector}", SERVERS.get(connector, SERVERS["s3"] if remote else ON)
    elif name == "test_ledger" and "kind" in given:
        yield f"ledger:{given['kind'].partition('-')[0]}", SERVERS.get(given["kind"], ON)
