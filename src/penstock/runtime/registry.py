"""Which source, target, engine and ledger a name stands for: literal tables of lazy loaders.

To add one, write its folder and add its line here. Nothing else branches on a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the options and the code of a connector are: `module:attribute`."""

    options: str
    code: str


SOURCES: dict[str, Entry] = {
    "file": Entry(
        "penstock.runtime.sources.file.options:FileSourceOptions",
        "penstock.runtime.sources.file.source:FileSource",
    ),
    "s3": Entry(
        "penstock.runtime.sources.s3.options:S3SourceOptions",
        "penstock.runtime.sources.s3.source:S3Source",
    ),
    "postgres": Entry(
        "penstock.runtime.sources.postgres.options:PostgresSourceOptions",
        "penstock.runtime.sources.postgres.source:PostgresSource",
    ),
    "rest": Entry(
        "penstock.runtime.sources.rest.options:RestSourceOptions",
        "penstock.runtime.sources.rest.source:RestSource",
    ),
    "webhook": Entry(
        "penstock.runtime.sources.webhook.options:WebhookSourceOptions",
        "penstock.runtime.sources.webhook.source:WebhookSource",
    ),
    "dlt": Entry(
        "penstock.runtime.sources.dlt.options:DltSourceOptions",
        "penstock.runtime.sources.dlt.source:DltSource",
    ),
}

TARGETS: dict[str, Entry] = {
    "lake": Entry(
        "penstock.runtime.targets.lake.options:LakeTargetOptions",
        "penstock.runtime.targets.lake.target:LakeTarget",
    ),
    "file": Entry(
        "penstock.runtime.targets.file.options:FileTargetOptions",
        "penstock.runtime.targets.file.target:FileTarget",
    ),
    "athena": Entry(
        "penstock.runtime.targets.athena.options:AthenaTargetOptions",
        "penstock.runtime.targets.athena.target:AthenaTarget",
    ),
    "redshift": Entry(
        "penstock.runtime.targets.redshift.options:RedshiftTargetOptions",
        "penstock.runtime.targets.redshift.target:RedshiftTarget",
    ),
}

ENGINES: dict[str, str] = {
    "duckdb": "penstock.runtime.engines.duckdb.engine:DuckDBEngine",
    "postgres": "penstock.runtime.engines.postgres.engine:PostgresEngine",
    "spark": "penstock.runtime.engines.spark.engine:SparkEngine",
}


def load(reference: str) -> Any:
    """The object that `module:attribute` names."""
    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)


def source(name: str) -> Any:
    """The Source class of a connector."""
    return load(_entry(SOURCES, name, "source").code)


def target(name: str) -> Any:
    """The Target class of a connector."""
    return load(_entry(TARGETS, name, "target").code)


def engine(name: str) -> Any:
    """The Engine class of an engine.

    Raises:
        UsageError: there is no engine of that name.
    """
    if name not in ENGINES:
        raise UsageError(f"no engine named `{name}`", hint=did_you_mean(name, ENGINES))
    return load(ENGINES[name])


def _entry(table: dict[str, Entry], name: str, noun: str) -> Entry:
    if name not in table:
        raise UsageError(f"no {noun} connector named `{name}`", hint=did_you_mean(name, table))
    return table[name]
