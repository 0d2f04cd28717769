"""Runs and their attempts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from penstock.program import canonical
from penstock.runtime.ledger import words
from penstock.runtime.ledger.base import DAILY, AttemptRecord, RunRecord
from penstock.runtime.ledger.dynamodb import payload, pipelines
from penstock.runtime.ledger.dynamodb.items import Item, damaged, joined
from penstock.runtime.ledger.dynamodb.pipelines import partition
from penstock.runtime.ledger.dynamodb.table import Write, fresh, guarded, put, revision

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.runtime.ledger.base import Status
    from penstock.runtime.ledger.dynamodb.items import Key, Value
    from penstock.runtime.ledger.dynamodb.pipelines import Head
    from penstock.runtime.ledger.dynamodb.table import Table

COUNT = ("RUNS", "HEAD")
_RUN = "RUN#"
_KEY_BYTES = 1024  # of a sort key, at most


@dataclass(frozen=True, slots=True)
class New:
    """What a run is given when it begins, but for what it reads."""

    run_id: str
    pipeline: str
    key: str
    program: str
    slice: str
    lane: str


# -- writing: each gives the writes of a transaction, which the pipeline's head guards


def begin(
    table: Table, new: New, reads: dict[str, Value | None], at: str, head: Head
) -> tuple[Item, list[Write]]:
    """A run, or the next attempt at the lane's newest run with this key.

    Raises:
        LedgerError: the id is that of another run.
    """
    newest = table.get(_by_key(new))
    found = _numbered(table, new.pipeline, newest.integer("run")) if newest else None
    if found is not None and found.text("status") != "succeeded":
        return _again(found, reads, at, head)
    if table.get(_by_id(new.run_id)) is not None:
        raise words.id_taken(new.run_id)
    count = table.get(COUNT)
    number = revision(count) + 1
    run = Item(
        partition(new.pipeline),
        joined("RUN", number),
        {
            "run_id": new.run_id,
            "pipeline": new.pipeline,
            "key": new.key,
            "program": new.program,
            "slice": new.slice,
            "lane": new.lane,
            "attempt": 1,
            "status": "running",
            "started_at": at,
            **reads,
        },
    )
    known = Item(*_by_id(new.run_id), {"pipeline": new.pipeline, "run": number})
    return run, [
        guarded(Item(*COUNT), number - 1),
        fresh(known),
        fresh(run),
        put(Item(*_by_key(new), {"run": number})),
        fresh(_attempt(run)),
    ]


def _again(
    before: Item, reads: dict[str, Value | None], at: str, head: Head
) -> tuple[Item, list[Write]]:
    dead = []
    if before.text("status") == "running":
        gone = {"status": "interrupted", "ended_at": at}
        dead = [put(_attempt(replace(before, values={**before.values, **gone})))]
    head.staged.discard(before.number)
    begun: dict[str, Value | None] = {
        "attempt": before.integer("attempt") + 1,
        "status": "running",
        "started_at": at,
        "ended_at": None,
        "staged": None,
        "report": None,
    }
    run = replace(before, values={**before.values, **begun, **reads})
    return run, [*dead, put(run), fresh(_attempt(run))]


def changed(run: Item, **values: Value | None) -> tuple[Item, list[Write]]:
    """A run and its latest attempt with other values."""
    item = replace(run, values={**run.values, **values})
    return item, [put(item), put(_attempt(item))]


def _attempt(run: Item) -> Item:
    names = ("run_id", "status", "started_at", "ended_at")
    return Item(
        run.pk,
        joined("ATT", run.number, run.integer("attempt")),
        {name: run.values.get(name) for name in names},
    )


# -- asking


def exact(table: Table, run_id: str) -> Item | None:
    """A run by its id."""
    if len(_by_id(run_id)[1]) > _KEY_BYTES:
        return None
    known = table.get(_by_id(run_id))
    return _known(table, known) if known else None


def locate(table: Table, run_id: str) -> Item:
    """What is known of a run by its id: its pipeline and number.

    Raises:
        LedgerError: there is no such run.
    """
    known = table.get(_by_id(run_id))
    if known is None:
        raise words.unknown(run_id)
    return known


def running(table: Table, known: Item) -> Item:
    """A run that has not ended.

    Raises:
        Conflict: it has ended, so that whoever asks for it is a zombie.
    """
    run = _known(table, known)
    if run.text("status") != "running":
        raise words.ended(run.text("run_id"), run.text("status"))
    return run


def by_prefix(table: Table, prefix: str) -> Item | None:
    """The run whose id begins so.

    Raises:
        UsageError: several do.
    """
    begins = _by_id(prefix)[1]
    if len(begins) > _KEY_BYTES:
        return None
    found = table.consistent(COUNT, lambda: list(table.query("RUNS", begins)))
    if len(found) > 1:
        runs = [_known(table, each) for each in _latest_first(found)]
        raise words.ambiguous(prefix, [run.text("run_id") for run in runs])
    return _known(table, found[0]) if found else None


def latest(table: Table, pipeline: str, limit: int | None = None) -> list[Item]:
    """Latest first."""

    def read() -> list[Item]:
        return list(table.query(partition(pipeline), _RUN, latest_first=True, limit=limit))

    return table.consistent(pipelines.key(pipeline), read)


def succeeded_reads(table: Table, pipeline: str) -> set[str]:
    """The names under which the files of succeeded ordinary runs are kept."""
    return {
        run.text("reads")
        for run in latest(table, pipeline)
        if run.text("lane") == DAILY and run.text("status") == "succeeded"
    }


def last_succeeded(table: Table, pipeline: str, lane: str | None) -> Item | None:
    """The run that succeeded last, of any lane or of one."""
    head = pipelines.read(table, pipeline)
    number = head.last if lane is None else head.lanes.get(lane)
    return None if number is None else _numbered(table, pipeline, number)


def unfinished(table: Table, pipeline: str, lane: str | None) -> list[Item]:
    """Runs that recorded their intent to publish and have not ended, oldest first."""

    def read() -> list[Item]:
        head = pipelines.read(table, pipeline)
        keys = [(partition(pipeline), joined("RUN", number)) for number in sorted(head.staged)]
        found = table.get_many(keys)
        return [found[key] for key in keys if key in found]

    runs = table.consistent(pipelines.key(pipeline), read)
    return [run for run in runs if lane in {None, run.text("lane")}]


def attempts(table: Table, run: Item) -> list[AttemptRecord]:
    """Oldest first."""
    pipeline = run.pk, "HEAD"
    found = table.consistent(
        pipeline, lambda: list(table.query(run.pk, joined("ATT", run.number) + "#"))
    )
    return [
        AttemptRecord(
            item.text("run_id"),
            item.number,
            _status(item),
            item.text("started_at"),
            item.optional("ended_at"),
        )
        for item in found
    ]


def records(table: Table, runs: Sequence[Item]) -> list[RunRecord]:
    """Runs as the run loop knows them."""
    wanted: list[str | bytes | None] = []
    for run in runs:
        wanted += [
            run.packed(name) if run.values.get(name) is not None else None
            for name in ("staged", "report")
        ]
    read = iter(payload.fetch_json(table, wanted))
    return [_record(run, next(read), next(read)) for run in runs]


def _record(run: Item, staged: Any, report: Any) -> RunRecord:
    return RunRecord(
        run.text("run_id"),
        run.text("pipeline"),
        run.text("key"),
        run.text("program"),
        run.text("slice"),
        _status(run),
        run.integer("attempt"),
        run.text("started_at"),
        run.optional("ended_at"),
        staged,
        report,
        run.text("lane"),
    )


def _status(item: Item) -> Status:
    return cast("Status", item.text("status"))


def _latest_first(found: list[Item]) -> list[Item]:
    return sorted(found, key=lambda item: item.integer("run"), reverse=True)


def _known(table: Table, known: Item) -> Item:
    run = _numbered(table, known.text("pipeline"), known.integer("run"))
    if run is None:
        raise damaged(f"the run that {known.sk} tells of is gone")
    return run


def _numbered(table: Table, pipeline: str, number: int) -> Item | None:
    return table.get((partition(pipeline), joined("RUN", number)))


def _by_id(run_id: str) -> Key:
    return "RUNS", joined("ID", run_id)


def _by_key(new: New) -> Key:
    digest = hashlib.sha256(canonical([new.lane, new.key])).hexdigest()
    return partition(new.pipeline), joined("KEY", digest)
