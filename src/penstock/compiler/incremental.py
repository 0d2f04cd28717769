"""Pass: what is read incrementally goes only where no row is lost by it, and none comes twice."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.quantities import seconds
from penstock.runtime import registry

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation
    from penstock.program import Load, Read

_TIMES = ("date", "timestamp", "timestamptz")
_OF_ALL_CHANGES = ("scd2", "snapshot")
_ORDERED = ("smallint", "integer", "bigint", "decimal", "double", "varchar", *_TIMES)


def check_incremental(state: Compilation) -> None:
    """Check sources read incrementally against their columns and against the targets they feed."""
    feeds = {read.dataset: _fed_by(state, read.dataset) for read in state.reads}
    for i, read in enumerate(state.reads):
        if read.incremental == "none":
            continue
        if read.incremental == "state":
            _keeps_state(state, read)
        for load in feeds[read.dataset]:
            _overwrites(state, read, load)
        if isinstance(read.incremental, dict):
            state.reads[i] = _by_column(state, read, feeds[read.dataset])
    _histories(state)
    for load in state.loads:
        _doubles(state, load, [r for r in state.reads if load in feeds[r.dataset]])


def _by_column(state: Compilation, read: Read, feeds: list[Load]) -> Read:
    given: dict[str, Any] = read.incremental
    kind = state.schema(read.dataset).get(given["column"])
    if kind is None:
        return read  # told already
    name = types.parse(kind).name
    if name not in _ORDERED:
        state.tell(
            "PSK-SRC-060",
            f"`{given['column']}` is {kind}, which has no order to read by",
            _span(state, read, "column"),
            f"a column that only grows, of one of {', '.join(_ORDERED)}",
        )
        return read
    for key in ("lookback", "align"):
        if key in given and name not in _TIMES:
            state.tell(
                "PSK-SRC-061",
                f"`{key}` goes back in time, and `{given['column']}` is {kind}",
                _span(state, read, key),
                f"take `{key}` away, or read by a date or a timestamp",
            )
            return read
    for load in feeds:
        if load.mode == "append" and "lookback" in given:
            state.tell(
                "PSK-TGT-031",
                f"`{load.target}` appends, and the lookback of `{read.dataset}` reads rows again: "
                "they would be there twice",
                state.definition.positions.value(("targets", load.target, "mode")),
                "`mode: merge` or `overwrite_partitions` replaces them; or take `lookback` away",
            )
    found = dict(given)
    if "lookback" in given:
        found["lookback_seconds"] = seconds(given["lookback"])
    parted = [x for x in feeds if x.mode == "overwrite_partitions"]
    for load in parted:
        _partitions(state, read, load)
    if parted and name in _TIMES:
        found.setdefault("align", "day")
    return dataclasses.replace(read, incremental=found)


def _keeps_state(state: Compilation, read: Read) -> None:
    """Only some connectors remember anything."""
    if getattr(registry.load(registry.SOURCES[read.connector].options), "keeps_state", False):
        return
    state.tell(
        "PSK-SRC-062",
        f"the connector `{read.connector}` remembers nothing that a run could go on from",
        state.definition.positions.value(("sources", read.dataset, "incremental")),
        "`incremental: {column: …}` reads what is newer by a column; `state` is for `dlt`",
    )


def _overwrites(state: Compilation, read: Read, load: Load) -> None:
    """Whoever reads only what is new must not throw the rest away."""
    if load.mode != "overwrite":
        return
    what = "files once" if read.incremental == "files" else "what is newer than the last run"
    state.tell(
        "PSK-TGT-030",
        f"`{load.target}` is overwritten by each run, and of `{read.dataset}` a run reads {what}: "
        f"rows read before would be lost",
        state.definition.positions.value(("targets", load.target, "mode"))
        if "mode" in state.definition.pipeline.targets[load.target].model_fields_set
        else state.definition.positions.key(("targets", load.target)),
        "`mode: append`, `merge` or `overwrite_partitions` keeps them; or `incremental: none` for "
        f"`{read.dataset}`",
    )


def _doubles(state: Compilation, load: Load, reads: list[Read]) -> None:
    """What is read whole by each run, and appended by each run, is there as often as it ran."""
    if load.mode != "append" or not reads or any(r.incremental != "none" for r in reads):
        return
    state.tell(
        "PSK-TGT-034",
        f"`{load.target}` appends, and each run reads all of `{reads[0].dataset}`: its rows would "
        "be there once for each run",
        state.definition.positions.value(("targets", load.target, "mode")),
        f"`incremental: files` (or by a column) for `{reads[0].dataset}` reads what is new; "
        "`mode: overwrite` or `merge` replaces rows",
        severity="warning",
    )


def _histories(state: Compilation) -> None:
    """A history is made from all changes, and a deleted row is known as such only where it is."""
    growing = {read.dataset for read in state.reads if read.incremental != "none"}
    for name, uses in state.steps.items():
        partly = sorted(growing & _upstream(state, name, set()))
        for use in uses if partly else ():
            if use.name in _OF_ALL_CHANGES:
                message = f"`{use.name}` makes a history from all changes"
                hint = f"`incremental: none` for `{partly[0]}`, and `mode: overwrite`"
            elif use.name == "apply_changes" and getattr(use.options, "deleted", None) is None:
                message = "`apply_changes` leaves deleted rows out, so that a target keeps old ones"
                hint = (
                    "`deleted: is_deleted` hands them on, marked; or `incremental: none` for "
                    f"`{partly[0]}`, and `mode: overwrite`"
                )
            else:
                continue
            state.tell(
                "PSK-STEP-069",
                f"{message}, and of `{partly[0]}` each run reads only what is new",
                state.definition.positions.key(("transforms", name, "steps", use.number, use.name)),
                hint,
            )


def _partitions(state: Compilation, read: Read, load: Load) -> None:
    """A partition is replaced whole, so what is read must hold whole partitions."""
    column = read.incremental["column"]
    roots = {c: _roots(state, load.dataset, c) for c in load.partition_by}
    by_it = [c for c, found in roots.items() if (read.dataset, column) in found]
    span = state.definition.positions.value(("targets", load.target, "partition_by"))
    if not by_it:
        state.tell(
            "PSK-TGT-032",
            f"`{load.target}` replaces whole partitions, and none of its partition columns follows "
            f"from `{column}`, by which `{read.dataset}` is read: rows read before would be lost",
            span,
            f"partition by something made of `{column}` (its day, its month), or `mode: merge`",
        )
        return
    if "align" in read.incremental:
        return
    kinds = state.schema(load.dataset)
    odd = [c for c in by_it if types.parse(kinds[c]).name not in _TIMES]
    if odd and len(odd) == len(by_it):
        state.tell(
            "PSK-TGT-033",
            f"`{load.target}` replaces whole partitions by `{odd[0]}`, and of `{read.dataset}` "
            "whole days are read",
            span,
            f"if a partition is longer than a day, say so: `incremental: {{column: {column}, "
            "align: month}` (or `year`)",
            severity="warning",
        )


def _fed_by(state: Compilation, dataset: str) -> list[Load]:
    return [x for x in state.loads if dataset in _upstream(state, x.dataset, set())]


def _upstream(state: Compilation, dataset: str, found: set[str]) -> set[str]:
    """A dataset and everything that it is made from."""
    if dataset not in found:
        found.add(dataset)
        info = state.datasets.get(dataset)
        for above in info.depends_on if info else ():
            _upstream(state, above, found)
    return found


def _roots(state: Compilation, dataset: str, column: str) -> set[tuple[str, str]]:
    """The columns of sources that a column is computed from."""
    found: set[tuple[str, str]] = set()
    seen: set[tuple[str, str]] = set()
    todo = [(dataset, column)]
    while todo:
        here = todo.pop()
        if here in seen:
            continue
        seen.add(here)
        made = state.made.get(here[0])
        if made is None:
            found.add(here)
        else:
            todo += made.origins.get(here[1], ())
    return found


def _span(state: Compilation, read: Read, key: str) -> Any:
    return state.definition.positions.value(("sources", read.dataset, "incremental", key))
