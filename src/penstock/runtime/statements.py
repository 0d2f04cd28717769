"""Makes the relation of one transformed dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.program import Statement
    from penstock.runtime.engines.base import Engine, Transformer


@dataclass(frozen=True, slots=True)
class Built:
    """What making a dataset gave: rows that each effect set aside."""

    filtered: int = 0
    deduplicated: int = 0
    rows: int | None = None


def build(
    engine: Engine, statement: Statement, relation: str, root: Path, *, materialize: bool
) -> Built:
    """Make `relation` the rows of a statement.

    Args:
        root: the pipeline folder, where the user's code lies.
        materialize: the rows are read more than once.

    Raises:
        StepFailed: the engine or the user's step raised.
    """
    if statement.kind in ("python", "command"):
        return Built(rows=_user_code(engine, statement, relation, root))
    beside = engine.transformer
    if beside is None:
        return _staged(engine, statement, relation, materialize=materialize)
    beside.take(statement.depends_on)
    kept = materialize or not beside.lazy
    built = _staged(beside, statement, relation, materialize=kept)
    beside.give(relation, statement.schema)
    return built


def _staged(
    maker: Engine | Transformer, statement: Statement, relation: str, *, materialize: bool
) -> Built:
    if not statement.stages:
        maker.create(relation, statement.sql, materialize=materialize)
        return Built()
    aside = {"filtered": 0, "deduplicated": 0}
    last = statement.stages[-1]
    for stage in statement.stages:
        if stage.effect and stage.excluded:
            aside[stage.effect] += count(maker, stage.excluded)
        if stage is last:
            maker.create(relation, stage.sql, materialize=materialize or stage.materialize)
        else:
            maker.create(stage.name, stage.sql, materialize=stage.materialize)
    return Built(filtered=aside["filtered"], deduplicated=aside["deduplicated"])


def count(engine: Engine | Transformer, sql: str) -> int:
    """The one number that a query gives."""
    (row,) = engine.rows(sql)
    (value,) = row.values()
    return int(value)


def count_rows(engine: Engine, relation: str) -> int:
    """Rows of a relation."""
    return engine.count(relation)


def _user_code(engine: Engine, statement: Statement, relation: str, root: Path) -> int:
    source = f"{relation}__in"
    engine.create(source, statement.sql, materialize=False)
    given, schema, dataset = engine.batches(source), statement.schema, statement.dataset
    step = statement.python
    if step is None:
        from penstock.runtime.command_step import run_command

        made = run_command(root, statement.command, given, schema, dataset=dataset)
    else:
        from penstock.runtime.python_step import run_step

        made = run_step(root, step.file, step.function, given, schema, dataset=dataset)
    return engine.ingest(relation, made, schema)
