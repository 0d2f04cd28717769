"""Schemas of sources, found by looking at what is there: recorded, or held against a schema."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from penstock.compiler.recorded import recorded_columns
from penstock.compiler.sources import contract_of, opened, read_of
from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError
from penstock.runtime import registry
from penstock.runtime.evolution import Change, evolve, misfits, without_case_twins

if TYPE_CHECKING:
    from penstock.program import Column
    from penstock.spec import Definition

CODE_SOURCE = "PSK-CLI-050"
CODE_SCHEMA = "PSK-CLI-051"


@dataclass(frozen=True, slots=True)
class Found:
    """What a source holds.

    Attributes:
        path: the file that was written, or that the schema compared with stands in.
        origin: what was looked at.
        declared: whether pipeline.yaml declares a schema, which comes before the recorded one.
        changes: what the files hold beside the schema; of `--check` alone.
    """

    source: str
    path: str
    columns: tuple[Column, ...]
    origin: str
    declared: bool
    changes: tuple[Change, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As `discover --json` gives it."""
        keys = ("column", "change", "from", "to", "file")
        return {
            "source": self.source,
            "file": self.path,
            "origin": self.origin,
            "declared": self.declared,
            "columns": [{"name": c.name, "type": c.type} for c in self.columns],
            "differences": [{k: c.as_json("")[k] for k in keys} for c in self.changes],
        }


def discover(definition: Definition, source: str | None, *, check: bool) -> list[Found]:
    """Look at one source, or at every one that can be looked at.

    Args:
        check: compare with the schema; write nothing.

    Raises:
        UsageError: there is no such source, or it has no schema to compare with.
        SourceUnavailable: there is nothing to look at.
    """
    known = [
        name
        for name, found in definition.pipeline.sources.items()
        if found.connector in registry.SOURCES
        and hasattr(registry.source(found.connector), "shapes")
    ]
    if source is not None and source not in known:
        every = definition.pipeline.sources
        reason = "cannot be looked at" if source in every else "is not a source of this pipeline"
        hint = did_you_mean(source, known, noun="sources")
        raise UsageError(f"`{source}` {reason}", code=CODE_SOURCE, hint=hint)
    looked = [source] if source else known
    return [_check(definition, n) if check else _record(definition, n) for n in looked]


def _record(definition: Definition, name: str) -> Found:
    declared = definition.pipeline.sources[name]
    read = read_of(name, declared)
    found = opened(read, definition.root).infer()
    columns = without_case_twins(found.schema)
    path = f"schemas/{name}.yaml"
    whole = definition.root / path
    whole.parent.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    whole.write_text(recorded_text(columns, found.origin, f"{now:%Y-%m-%dT%H:%M:%SZ}"), "utf-8")
    return Found(name, path, columns, found.origin, declared.columns is not None)


def recorded_text(columns: tuple[Column, ...], origin: str, at: str) -> str:
    """The text of a recorded schema."""
    import yaml

    body = {
        "recorded_from": origin,
        "recorded_at": at,
        "schema": {c.name: c.type for c in columns},
    }
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100)


def _check(definition: Definition, name: str) -> Found:
    declared = definition.pipeline.sources[name]
    contract = contract_of(declared)
    path = "pipeline.yaml"
    if contract is None:
        path = f"schemas/{name}.yaml"
        contract = recorded_columns(definition, name)
    if contract is None:
        raise UsageError(
            f"`{name}` has no schema to compare with",
            code=CODE_SCHEMA,
            hint=f"record one with `penstock discover {name}`, or declare it in pipeline.yaml",
        )
    read = read_of(name, declared)
    source = opened(read, definition.root)
    found = source.infer()
    shaped = source.shapes(contract, grow=True)
    _, grown = evolve(contract, shaped, "widen")
    return Found(
        name,
        path,
        without_case_twins(found.schema),
        found.origin,
        declared.columns is not None,
        (*grown, *misfits(contract, shaped)),
    )
