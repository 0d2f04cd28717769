"""One sandbox for the session, in a process of its own; what its tests show is marked."""

from __future__ import annotations

import evidence
import pytest

from penstock.sandbox import control


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(evidence.marker("part:sandbox", "executed locally"))


@pytest.fixture(scope="session")
def sandbox_folder(tmp_path_factory):
    """A folder whose sandbox runs."""
    for needed in ("moto.server", "awslambdaric", "boto3"):
        pytest.importorskip(needed)
    folder = tmp_path_factory.mktemp("sandbox")
    control.up(folder, region="eu-west-1", concurrency=8, retry_seconds=0.05)
    yield folder
    control.down(folder)


@pytest.fixture(scope="session")
def cloud(sandbox_folder):
    """That sandbox; what tests make in it has names of its own."""
    from cloud import Cloud

    return Cloud(sandbox_folder)
