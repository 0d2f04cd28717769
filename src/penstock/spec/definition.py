"""A pipeline folder as it was read: the pipeline, where its words stand, what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.diagnostics import Diagnostic
    from penstock.spec.models import Pipeline
    from penstock.spec.positions import Positions
    from penstock.spec.scalars import Scalar


@dataclass(frozen=True)
class Definition:
    """A pipeline folder as it was read.

    Attributes:
        root: the pipeline folder.
        pipeline: without the entries that are invalid.
        files: path relative to `root` → text, of every file read so far.
        variables: with every override; what `$NAME` in SQL is bound to.
        diagnostics: everything found so far; later passes have their own.
        broken: names of datasets and targets that were left out, so that nothing more is said
            of what refers to them.
        profile: the profile laid over the definition.
    """

    root: Path
    pipeline: Pipeline
    positions: Positions
    variables: Mapping[str, Scalar] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    broken: frozenset[str] = frozenset()
    profile: str | None = None
    files: dict[str, str] = field(default_factory=dict)

    def read_text(self, name: str) -> str:
        """The text of a file of the folder, kept in `files` for the lines under diagnostics.

        Raises:
            OSError: it is missing or cannot be read.
            UnicodeDecodeError: it is not UTF-8.
        """
        if name not in self.files:
            self.files[name] = (self.root / name).read_bytes().decode("utf-8-sig")
        return self.files[name]
