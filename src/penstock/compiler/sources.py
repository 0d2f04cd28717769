"""Pass: finds the schema of each source: declared, recorded, or inferred from what is there."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from penstock.compiler.columns import declared
from penstock.compiler.recorded import recorded_schema
from penstock.diagnostics import did_you_mean
from penstock.errors import PenstockError, Unavailable
from penstock.program import Read
from penstock.runtime import references, registry
from penstock.runtime.evolution import IGNORED, MISSING, evolve, without_case_twins
from penstock.transforms.base import clashes

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.compiler.state import Compilation, DatasetInfo
    from penstock.program import Column
    from penstock.spec.models import Source

REFUSED = frozenset((IGNORED, MISSING))
"""What `strict` refuses: the order and the letter case of names change nothing."""


def read_sources(state: Compilation) -> None:
    """Fill the schemas of sources, and `state.reads`."""
    _one_door_each(state)
    for name, source in state.definition.pipeline.sources.items():
        if name in state.definition.pipeline.transforms:
            continue
        read = read_of(name, source)
        known = state.given.get(name)
        schema = known or _schema(state, name, source, read)
        if not schema:
            state.broken.add(name)
            continue
        if (
            known is None and source.connector in registry.SOURCES
        ):  # or it is a gap, and told already
            schema = _evolved(state, name, read, schema)
        state.datasets[name] = dataclasses.replace(state.datasets[name], schema=schema)
        _incremental_column(state, name, source)
        state.binder.create(name, schema)
        state.reads.append(dataclasses.replace(read, schema=schema))


def _one_door_each(state: Compilation) -> None:
    """No two webhooks receive at one path: the second would never get anything."""
    doors: dict[str, str] = {}
    for name, source in state.definition.pipeline.sources.items():
        if source.connector != "webhook":
            continue
        path = str(source.options.get("path", "")).rstrip("/")
        if path in doors:
            state.tell(
                "PSK-SRC-142",
                f"`{name}` receives at the path of `{doors[path]}`",
                state.definition.positions.value(("sources", name, "path")),
                "give each a path of its own; or read one source in two transforms",
            )
        doors.setdefault(path, name)
        if source.options.get("signature") is None:
            state.tell(
                "PSK-SRC-143",
                f"whoever knows the address may send events to `{name}`",
                state.definition.positions.key(("sources", name)),
                "`signature` says how a sender proves itself",
                severity="info",
            )


def read_of(name: str, source: Source) -> Read:
    """A source as the runtime reads it, before its schema is known."""
    return Read(
        dataset=name,
        connector=_connector(source),
        options=source.options,
        schema=(),
        on_bad_record=source.on_bad_record,
        schema_evolution=source.schema_evolution,
        incremental=_incremental(source),
    )


def opened(read: Read, root: Path) -> Any:
    """The source, with secrets in its options: it is asked what is there.

    Raises:
        Unavailable: a secret is not set.
    """
    made = registry.source(read.connector)
    options = references.with_secrets(
        read.options, references.environment(), but=getattr(made, "unread", ())
    )
    return made(dataclasses.replace(read, options=options), root)


def contract_of(source: Source) -> tuple[Column, ...] | None:
    """The columns that the pipeline file declares for a source; None: it does not."""
    return None if source.columns is None else declared(source.columns)


def _connector(source: Source) -> str:
    """The connector of a source; `file` with an address in a bucket is the `s3` source."""
    path = str(source.options.get("path", ""))
    return "s3" if source.connector == "file" and path.startswith("s3://") else source.connector


def _schema(state: Compilation, name: str, source: Source, read: Read) -> tuple[Column, ...] | None:
    positions = state.definition.positions
    if source.columns is not None:
        for _, column in clashes(list(source.columns)):
            state.tell(
                "PSK-SRC-011",
                f"the schema of `{name}` has two columns named `{column}`, letter case aside",
                positions.key(("sources", name, "schema", column)),
                "DuckDB and most engines cannot tell them apart",
            )
            return None
        return declared(source.columns)
    found, file = recorded_schema(state, name)
    if file is not None:
        _note_origin(state, name, file)
        return found
    return _inferred(state, name, read)


def _inferred(state: Compilation, name: str, read: Read) -> tuple[Column, ...] | None:
    """Ask the connector what is there."""
    positions = state.definition.positions
    span = positions.key(("sources", name))
    try:
        found = opened(read, state.definition.root).infer()
    except PenstockError as error:
        hint = error.hint or "check where it is, or declare its `schema`"
        if "path" in read.options:
            span = positions.value(("sources", name, "path"))
        if _unresolved(state, name):
            return None
        # A column of a type that there is not is there: the definition has to leave it out.
        outside = isinstance(error, Unavailable) and error.code != "PSK-SRC-036"
        state.tell(error.code, error.message, error.span or span, hint, outside=outside)
        return None
    _note_origin(state, name, found.origin)
    shown = ", ".join(f"{c.name} {c.type}" for c in found.schema)
    state.tell(
        "PSK-SRC-010",
        f"the schema of `{name}` was inferred ({found.origin}): {shown}",
        span,
        "declare it under `schema`, so that a change is noticed",
        severity="info",
    )
    return without_case_twins(found.schema)


def _unresolved(state: Compilation, name: str) -> bool:
    """Whether a reference within the source stands for nothing, which is told already."""
    place = state.definition.positions.value(("sources", name))
    inside = ((place.line, place.column), (place.end_line, place.end_column))
    return any(
        d.code.startswith("PSK-REF-03")
        and d.severity == "error"
        and d.span is not None
        and d.span.file == place.file
        and inside[0] <= (d.span.line, d.span.column) <= inside[1]
        for d in state.definition.diagnostics
    )


def _evolved(
    state: Compilation, name: str, read: Read, contract: tuple[Column, ...]
) -> tuple[Column, ...]:
    """The contract, with what the files that are there now change of it.

    Nothing to read now is a warning: the definition may be checked where the data is not.
    """
    rule = read.schema_evolution
    span = state.definition.positions.value(("sources", name, "path"))
    try:
        source = opened(read, state.definition.root)
        if not hasattr(source, "shapes"):
            source.check()
            return contract
        shaped = source.shapes(contract, grow=rule == "widen")
    except PenstockError as error:
        hint = error.hint or "a run would end here"
        state.tell(error.code, f"`{name}`: {error.message}", span, hint, severity="warning")
        return contract
    schema, changes = evolve(contract, shaped, rule)
    for change in changes:
        state.schema_changes.append(change.as_json(name))
        if rule == "strict" and change.change in REFUSED:
            state.tell(
                "PSK-SRC-071",
                f"`{name}`: {change.file} differs from the schema in column `{change.column}` "
                f"({change.change}), and the rule is `strict`",
                span,
                "a run that reads this file ends there",
                severity="warning",
            )
        else:
            text = f"`{name}`: {change.words()}"
            state.tell("PSK-SRC-070", text, span, severity="info")
    return schema


def _note_origin(state: Compilation, name: str, origin: str) -> None:
    info: DatasetInfo = state.datasets[name]
    state.datasets[name] = dataclasses.replace(info, inferred_from=origin)


def _incremental(source: Source) -> Any:
    """As it is said, or what is the connector's own way."""
    value: Any = source.incremental
    if "incremental" not in source.model_fields_set and source.connector in registry.SOURCES:
        options = registry.load(registry.SOURCES[source.connector].options)
        return getattr(options, "default_incremental", value)
    return dict(value) if isinstance(value, dict) else value


def _incremental_column(state: Compilation, name: str, source: Source) -> None:
    if not isinstance(source.incremental, dict):
        return
    columns = state.schema(name)
    wanted = source.incremental["column"]
    if wanted not in columns:
        state.tell(
            "PSK-SRC-012",
            f"`{name}` has no column `{wanted}` to read by",
            state.definition.positions.value(("sources", name, "incremental", "column")),
            did_you_mean(wanted, columns, noun="columns"),
        )
