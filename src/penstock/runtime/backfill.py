"""`run --from/--to`: which part of a Program a backfill runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.errors import UsageError
from penstock.runtime.selection import fed_by, select

if TYPE_CHECKING:
    from penstock.program import Program


def cut(program: Program, *, full_refresh: bool) -> Program:
    """The Program cut to the targets that are made from sources read by a column.

    Raises:
        UsageError: there is no such source, or a target would have rows twice, or
            `--full-refresh` is asked for as well.
    """
    if full_refresh:
        raise UsageError(
            "--full-refresh reads everything, --from and --to a part of it",
            code="PSK-CLI-032",
            hint="take one of them away",
        )
    by_column = {r.dataset for r in program.reads if isinstance(r.incremental, dict)}
    if not by_column:
        names = ", ".join(f"`{r.dataset}`" for r in program.reads) or "none"
        raise UsageError(
            f"--from and --to choose rows by a source's column, and no source has one: {names}",
            code="PSK-CLI-032",
            hint="`incremental: {column: updated_at}` names it; without one, `--full-refresh` "
            "reads everything again",
        )
    targets = fed_by(program, by_column)
    doubled = [x.target for x in program.loads if x.target in targets and x.mode == "append"]
    if doubled:
        raise UsageError(
            f"a backfill reads rows again, and `mode: append` of `{doubled[0]}` would have them "
            "twice",
            code="PSK-CLI-032",
            hint="`mode: merge` or `overwrite_partitions` replace what is there; or leave it out "
            "with `--select`",
        )
    return select(program, targets)
