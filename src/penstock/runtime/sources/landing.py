"""Where a source writes down what came, before anything is made of it: `.penstock/landed/`."""

from __future__ import annotations

import secrets
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

KEPT = 3
"""Readings that are kept; what is older goes when the next one begins."""
SAMPLE = "sample"


class Landing:
    """The readings of one dataset, each in a folder of its own.

    Attributes:
        path: the folder that they are in.
    """

    def __init__(self, root: Path, dataset: str) -> None:
        self.path = root / ".penstock" / "landed" / dataset

    def new(self) -> Path:
        """A name for the folder of a new reading. Old ones go, so that the last few are there."""
        now = f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"
        for old in self.readings()[: -(KEPT - 1)]:
            shutil.rmtree(old, ignore_errors=True)
        return self.path / now

    def readings(self) -> list[Path]:
        """The folders of readings, oldest first."""
        found = self.path.iterdir() if self.path.is_dir() else ()
        return sorted(f for f in found if f.name != SAMPLE)

    def sample(self) -> Path:
        """The folder of a look at the first records; what was in it is gone."""
        folder = self.path / SAMPLE
        shutil.rmtree(folder, ignore_errors=True)
        return folder
