"""The shape of `pipeline.yaml`: one set of typed models.

From these come the checks, the JSON schema (`penstock schema`) and the reference page. What a
connector, a step or a rule holds is checked by its owner (connector `options.py`, `transforms/`,
`quality/`); here it is only given its shape.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, ConfigDict, Field, field_validator, model_validator
from typing_extensions import TypedDict

from penstock import types
from penstock.spec.base import Model, Name, OpenModel, PipelineName, Scalar, Text, exactly_one
from penstock.spec.governance import Governance
from penstock.spec.operation import (
    ENGINE_OF,
    Alert,
    Architecture,
    Deploy,
    EngineName,
    Kpi,
    Sla,
    distinct,
)
from penstock.spec.quantities import Duration  # noqa: TC001  # pydantic reads it
from penstock.spec.refusal import refuse
from penstock.spec.trigger import Trigger

ENGINES: tuple[EngineName, ...] = get_args(EngineName)


def _type(text: str) -> str:
    try:
        return types.normalize(text)
    except ValueError as error:
        message, _, hint = str(error).partition("; ")
        if text.count("(") > text.count(")"):
            hint = "within `{ … }` a comma ends a value: put the type in quotes"
        raise refuse(message, hint=hint, code="PSK-TYPE-001") from error


TypeText = Annotated[
    str, AfterValidator(_type), Field(json_schema_extra={"examples": ["integer", "decimal(8,2)"]})
]
"""A Penstock type; kept in its canonical spelling."""


class ColumnSpec(Model):
    """A column of a contract, in its long form."""

    type: TypeText
    """Penstock type, e.g. `decimal(8,2)`."""
    required: bool = False
    """Whether a record without a value is rejected."""
    description: str | None = None
    """What it is, for people."""


Columns = Annotated[dict[Text, TypeText | ColumnSpec], Field(min_length=1)]


class ByColumn(TypedDict, total=False):
    """Read what is newer than what was read last, by a column that only grows.

    `lookback`: how far before that late rows are read again. `align`: read whole hours, days,
    months or years, so that a partition is replaced whole.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    column: Text
    lookback: Duration
    align: Literal["hour", "day", "month", "year"]


class Source(OpenModel):
    """A dataset read from outside. Keys not listed here belong to the connector."""

    connector: str
    """What reads it: `file`, …"""
    columns: Columns | None = Field(default=None, alias="schema")
    """The contract: column → type. Without it, what `penstock discover` recorded in
    `schemas/NAME.yaml`, or what the files are found to hold."""
    schema_evolution: Literal["strict", "add", "ignore", "widen"] = "add"
    """When the files differ from the contract. `strict`: a changed file fails; `add`: new columns
    are taken up, missing ones read as NULL; `ignore`: new columns are dropped; `widen`: as `add`,
    and a type may grow."""
    on_bad_record: Literal["quarantine", "fail"] = "quarantine"
    """What becomes of a record that cannot be read."""
    incremental: Literal["files", "state", "none"] | ByColumn = "none"
    """`files`: each file once; `{column: …, lookback: …, align: …}`: what is newer; `state`: from
    where the source remembers to have been read (dlt); `none`: all,
    each run. Default: `none`, of a webhook `files`."""
    description: str | None = None
    """What it is, for people."""

    @field_validator("incremental")
    @classmethod
    def _column(cls, value: Any) -> Any:
        if isinstance(value, dict) and "column" not in value:
            raise refuse("`column` is missing", hint="name the column that only grows")
        return value


class TransformOptions(Model):
    """How a dataset is compiled."""

    portable: bool = True
    """`false`: its SQL may use what only DuckDB has, and is run there as it is written; the
    pipeline is then tied to DuckDB."""


class Transform(Model):
    """A dataset made from others, in one of four ways.

    `NAME: models/x.sql` is short for `NAME: {sql: models/x.sql}`.
    """

    model_config = exactly_one("sql", "steps", "python", "command")

    sql: Text | None = None
    """Path of a `.sql` model, or a SELECT. It names its datasets in FROM."""
    from_: Name | None = Field(default=None, alias="from")
    """The dataset that `steps`, `python` or `command` starts from."""
    steps: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = None
    """Declarative steps, in order; each is one key, its name."""
    python: Text | None = None
    """`FILE:FUNCTION`; Arrow record batches in and out."""
    command: Annotated[list[Text], Field(min_length=1)] | None = None
    """Program and arguments, started without a shell in the pipeline's folder: it reads an Arrow
    IPC stream on stdin, and writes one with the columns of `schema` on stdout. A file that it names
    is part of the definition; what that imports is not. Functions (architecture 1) start none."""
    columns: Columns | None = Field(default=None, alias="schema")
    """What `python` or `command` returns. Without it, that of `python` is found by trying an empty
    batch; `command` needs it."""
    options: TransformOptions = TransformOptions()
    """How it is compiled: `{portable: false}`."""
    description: str | None = None
    """What it is, for people."""

    @field_validator("python")
    @classmethod
    def _file_and_function(cls, text: str | None) -> str | None:
        file, _, function = (text or "").rpartition(":")
        if text is None or (file.endswith(".py") and function.isidentifier()):
            return text
        raise refuse(f"`{text}` is not FILE:FUNCTION", hint="such as `steps/score.py:score`")

    @model_validator(mode="after")
    def _one_way(self) -> Transform:
        given = [w for w in ("sql", "steps", "python", "command") if getattr(self, w) is not None]
        if len(given) != 1:
            found = " and ".join(f"`{g}`" for g in given) if given else "none"
            raise refuse(
                f"a transform is made in exactly one way, and here is {found}",
                hint="keep one of sql, steps, python, command",
            )
        if self.sql is not None and self.from_ is not None:
            raise refuse("`from` does not go with `sql`", hint="name the dataset in the SQL's FROM")
        if self.sql is None and self.from_ is None:
            raise refuse(f"`{given[0]}` needs `from`", hint="the dataset it starts from")
        if self.columns is not None and given[0] in {"sql", "steps"}:
            raise refuse(
                f"`schema` does not go with `{given[0]}`", hint="it is inferred: remove it"
            )
        return self


class RuleFile(TypedDict):
    """Rules in a file of their own."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    file: Text


Rules = list[Text | RuleFile]


class QualityRules(Model):
    """Rules of one dataset in DQDL, under the action that a failure takes."""

    warn: Rules = Field(default_factory=list)
    """It is told, and nothing else."""
    quarantine: Rules = Field(default_factory=list)
    """Failing rows leave the dataset before anything downstream sees them."""
    stop: Rules = Field(default_factory=list)
    """Nothing of this run is published."""


class Target(OpenModel):
    """A dataset published. Keys not listed here belong to the connector."""

    from_: Name = Field(alias="from")
    """The dataset to publish."""
    connector: str
    """What writes it: `lake`, `file`, …"""
    mode: Literal["append", "overwrite", "overwrite_partitions", "merge"] = "overwrite"
    """How the rows meet those of earlier runs."""
    keys: list[Text] = Field(default_factory=list)
    """Columns that identify a row, for `merge`."""
    partition_by: list[Text] = Field(default_factory=list)
    """Columns that split the rows into folders."""
    description: str | None = None
    """What it is, for people."""

    @model_validator(mode="after")
    def _mode_has_what_it_needs(self) -> Target:
        if self.mode == "merge" and not self.keys:
            raise refuse("`mode: merge` needs `keys`", hint="the columns that identify a row")
        if self.mode == "overwrite_partitions" and not self.partition_by:
            raise refuse("`mode: overwrite_partitions` needs `partition_by`")
        for field in ("keys", "partition_by"):
            columns = getattr(self, field)
            twice = next((c for c in columns if columns.count(c) > 1), None)
            if twice:
                raise refuse(f"`{field}` names `{twice}` twice")
        return self


class Pipeline(Model):
    """A pipeline: what is read, what is made of it, what must hold, where it goes."""

    name: PipelineName
    """The pipeline's name."""
    description: str | None = None
    """What it is for."""
    owner: str | None = None
    """Who answers for it."""
    variables: dict[Name, Scalar] = Field(default_factory=dict)
    """`${var.NAME}` in this file, `$NAME` in SQL. `--var NAME=…`, `PENSTOCK_VAR_NAME` and
    profiles override it; the value here says the type."""
    trigger: Trigger | None = None
    sources: dict[Name, Source] = Field(default_factory=dict)
    """Datasets read from outside."""
    transforms: dict[Name, Transform] = Field(default_factory=dict)
    """Datasets made from others; their order is found, not written."""
    quality: dict[Name, QualityRules] = Field(default_factory=dict)
    """Rules by dataset."""
    targets: dict[Name, Target] = Field(default_factory=dict)
    """Datasets published. `penstock query` sees each under its name, so a target has the name of
    a dataset only if it publishes that dataset."""
    kpis: Annotated[list[Kpi], AfterValidator(distinct)] = Field(default_factory=list)
    """Numbers that say how the business does: computed by every run, told as metrics."""
    governance: Governance = Field(default_factory=Governance)
    sla: Sla = Field(default_factory=Sla)
    alerts: list[Alert] = Field(default_factory=list)
    deploy: Deploy | None = None


__all__ = [
    "ENGINES", "ENGINE_OF", "Alert", "Architecture", "ColumnSpec", "Columns", "Deploy",
    "EngineName", "Governance", "Kpi", "Model", "Name", "Pipeline", "QualityRules", "Scalar", "Sla",
    "Source", "Target", "Transform", "Trigger",
]  # fmt: skip
