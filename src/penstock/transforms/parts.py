"""The parts of a chain, and which of them are worth keeping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlglot import exp

    from penstock.program import Effect

# By cost: how often a part may be computed before its rows are kept instead. Reading again is
# cheap, because only the columns needed are read; keeping copies every column of every row.
_WORTH_KEEPING = {0: None, 1: 4, 2: 2}


@dataclass(slots=True)
class Part:
    """A relation of a chain, as trees: what `penstock.program.Stage` is as text.

    Attributes:
        number: of the step in the pipeline file, from 0.
        reads: the relations that `query` reads, each as often as it does.
        guards: relations that fail when they are made, or else are empty. Run part by part, that
            is all; in one query for the whole chain, `query` must read them too.
        keep: whether its rows are kept; `decide_what_to_keep` sets it where it pays.
        cost: 0: a scan; 1: a join; 2: a sort or an aggregate.
    """

    name: str
    step: str
    number: int
    query: exp.Query
    reads: tuple[str, ...]
    effect: Effect | None
    excluded: exp.Select | None
    excluded_reads: tuple[str, ...]
    guards: tuple[str, ...]
    keep: bool
    cost: int


def decide_what_to_keep(parts: list[Part]) -> None:
    """Keep the rows of each part that would be computed too often.

    A part that is not kept is computed each time that something reads it, also for the counts of
    rows set aside. The last part is left to whoever asks for the dataset.
    """
    times: dict[str, int] = {}
    for part in reversed(parts):
        runs = times.get(part.name, 1)
        limit = _WORTH_KEEPING[part.cost]
        if part is not parts[-1] and limit is not None and runs >= limit:
            part.keep = True
        for name in part.reads:
            times[name] = times.get(name, 0) + (1 if part.keep else runs)
        for name in part.excluded_reads:
            times[name] = times.get(name, 0) + 1
