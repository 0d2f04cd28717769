"""A run that adds new rows only needs the rows before them where they were published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import RunError
from penstock.runtime.places import placed
from penstock.runtime.publish import open_target

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.program import Load, Program
    from penstock.runtime.ledger.base import Ledger, Version


def check(program: Program, root: Path, ledger: Ledger) -> None:
    """Refuse an ordinary run whose new rows would stand alone: the older ones are not read again.

    Targets that take all of their rows anew are not asked, nor those that were never published: of
    these the run's note about a changed definition tells.

    Raises:
        RunError: what was published of a target is not where it is to be added to: it was removed,
            or its place was changed, by a variable or a profile.
    """
    published = ledger.current(program.pipeline)
    added = _fed_by_new_rows(program)
    for load in program.loads:
        version = published.get(load.target)
        if version is None or load.mode == "overwrite" or load.dataset not in added:
            continue
        with placed(program, f"load:{load.target}"):
            if not _there(load, root, version):
                raise RunError(
                    f"`{load.target}` was published to {version.location}, and what was published "
                    "is not where this run is to add new rows to",
                    code="PSK-RUN-031",
                    hint="bring it back there, or `penstock run --full-refresh`: it publishes "
                    "every row again",
                )


def _there(load: Load, root: Path, version: Version) -> bool:
    """Whether the target is the one that was published, whatever others did to it since."""
    target = open_target(load, root)
    if not target.published():
        return False
    before: Mapping[str, object] = version.load
    same = (before.get("connector"), before.get("options")) == (load.connector, load.options)
    if same or not before or target.holds(version.version):
        return True
    return any(v.version == version.version for v in target.versions())


def _fed_by_new_rows(program: Program) -> set[str]:
    """The datasets that hold only what is new: made of a source that is read incrementally."""
    found = {r.dataset for r in program.reads if r.incremental != "none"}
    for made in program.statements:
        if found & set(made.depends_on):
            found.add(made.dataset)
    return found
