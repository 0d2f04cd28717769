"""The shape of `pipeline.yaml`: one set of typed models.

From these come the checks, the JSON schema (`penstock schema`) and the reference page. What a
connector, a step or a rule holds is checked by its owner (connector `options.py`, `transforms/`,
`quality/`); here it is only given its shape.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=63)]
Scalar = str | int | float | bool | None
EngineName = Literal["duckdb", "spark", "flink", "postgres"]
Architecture = Literal[
    "lambda", "glue", "kinesis", "emr", "database", "containers", "step-functions"
]


class Model(BaseModel):
    """Base: unknown keys are errors, values are immutable, docstrings become descriptions."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, populate_by_name=True
    )


class ColumnSpec(Model):
    """A column of a source's contract, in its long form."""

    type: str
    """Penstock type, e.g. `decimal(8,2)`."""
    required: bool = False
    """Whether a record without a value is rejected."""
    description: str | None = None


class Source(Model):
    """A dataset read from outside. Keys not listed here belong to the connector."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)

    connector: str
    """What reads it: `file`, …"""
    columns: dict[str, str | ColumnSpec] | None = Field(default=None, alias="schema")
    """The contract: column → type. Without it, what `penstock discover` recorded or what the
    files are found to hold."""
    schema_evolution: Literal["strict", "add", "ignore", "widen"] = "add"
    on_bad_record: Literal["quarantine", "fail"] = "quarantine"
    incremental: Literal["files", "none"] | dict[str, Any] = "none"
    description: str | None = None


class Transform(Model):
    """A dataset made from others, in one of four ways. `NAME: models/x.sql` is short for `sql:`."""

    sql: str | None = None
    """Path of a `.sql` model, or a SELECT."""
    from_: str | None = Field(default=None, alias="from")
    """The dataset that `steps`, `python` or `command` starts from."""
    steps: list[dict[str, Any]] | None = None
    python: str | None = None
    """`FILE:FUNCTION`; Arrow record batches in and out."""
    command: list[str] | None = None
    columns: dict[str, str | ColumnSpec] | None = Field(default=None, alias="schema")
    """What `python` or `command` returns; without it, found by trying an empty batch."""
    description: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)


class QualityRules(Model):
    """Rules of one dataset in DQDL, under the action that a failure takes."""

    warn: list[str | dict[Literal["file"], str]] = Field(default_factory=list)
    quarantine: list[str | dict[Literal["file"], str]] = Field(default_factory=list)
    stop: list[str | dict[Literal["file"], str]] = Field(default_factory=list)


class Target(Model):
    """A dataset published. Keys not listed here belong to the connector."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)

    from_: str = Field(alias="from")
    """The dataset to publish."""
    connector: str
    """What writes it: `lake`, `file`, …"""
    mode: Literal["append", "overwrite", "overwrite_partitions", "merge"] = "overwrite"
    keys: list[str] = Field(default_factory=list)
    """Columns that identify a row, for `merge`."""
    partition_by: list[str] = Field(default_factory=list)
    description: str | None = None
