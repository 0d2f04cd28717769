"""The Program: a pipeline compiled for one engine, as plain JSON.

The compiler writes it and the runtime executes it; they meet nowhere else, so this module
imports the standard library only. The same definition gives the same bytes; the digest covers
everything that decides which rows come out, and nothing else (not `places`, not comments).

SQL in a Program is in the engine's own dialect and names datasets as relations. A dataset with
`quarantine` rules is first a relation named `unchecked(dataset)`; the rules read that one, and
the dataset's own name is given to the rows that passed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, Literal

SCHEMA = "penstock.program/1"

Action = Literal["warn", "quarantine", "stop"]
Effect = Literal["filtered", "deduplicated"]
OnBadRecord = Literal["quarantine", "fail"]
Evolution = Literal["strict", "add", "ignore", "widen"]


def unchecked(dataset: str) -> str:
    """Name of the relation that holds a dataset before its quarantine rules.

    >>> unchecked("flights")
    'flights__unchecked'
    """
    return f"{dataset}__unchecked"


def stage_name(dataset: str, number: int) -> str:
    """Name of an intermediate relation of a dataset, from 1.

    >>> stage_name("flights", 2)
    'flights__2'
    """
    return f"{dataset}__{number}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its Penstock type (pipeline-file.md, "Types") and whether NULL is refused."""

    name: str
    type: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Read:
    """A source as the runtime reads it.

    Attributes:
        options: the connector's own options, references resolved, secrets left as
            `${secret.NAME}`.
        schema: the contract; the relation has exactly these columns, in this order.
        incremental: `"none"`, `"files"`, `"state"`, or `{"column": …}` with `lookback` and
            `lookback_seconds`, and `align`, where they are given.
    """

    dataset: str
    connector: str
    options: dict[str, Any]
    schema: tuple[Column, ...]
    on_bad_record: OnBadRecord = "quarantine"
    schema_evolution: Evolution = "add"
    incremental: Any = "none"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a chain: a relation built from the one before.

    Attributes:
        name: `stage_name(dataset, n)`; the last stage's rows are the statement's rows.
        step: the step's name as the user wrote it (`deduplicate`).
        sql: SELECT over the previous stage.
        effect: what the rows that do not come through are called; None: every row goes through.
        excluded: SELECT of one number, counted apart from `sql`: the rows `effect` removes.
        materialize: whether the engine should keep the rows, because they are read again.
    """

    name: str
    step: str
    sql: str
    effect: Effect | None = None
    excluded: str | None = None
    materialize: bool = False


@dataclass(frozen=True, slots=True)
class PythonStep:
    """A function over Arrow record batches: `file` relative to the pipeline folder."""

    file: str
    function: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One transformed dataset.

    Attributes:
        kind: `sql` (a model), `steps` (a declarative chain), `python`, `command`.
        sql: SELECT over the datasets of `depends_on`; complete in itself for every kind but
            `python` and `command`, where it is the SELECT of the step's input.
        row_by_row: rows go one to one, so that the run asserts
            rows_in = rows_out + filtered + deduplicated + quarantined.
        stages: for `steps`: the chain, cut where rows are set aside or are read twice.
        command: a program and its arguments; `command_digest` is of the files that it names.
        lineage: column → the (dataset, column) pairs it is computed from.
    """

    dataset: str
    kind: Literal["sql", "steps", "python", "command"]
    sql: str
    depends_on: tuple[str, ...]
    schema: tuple[Column, ...]
    row_by_row: bool = False
    stages: tuple[Stage, ...] = ()
    python: PythonStep | None = None
    command: tuple[str, ...] = ()
    command_digest: str = ""
    lineage: dict[str, list[list[str]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OwnRule:
    """The expressions of a `Check` in the SQL of the Program's own engine.

    They have the same meaning, over the same relation. `observed` is in the order of the check's.
    """

    passed: str
    observed: tuple[str, ...]
    failed_rows: str | None = None
    predicate: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One quality rule over a dataset.

    The expressions go into one SELECT list over the dataset (over `unchecked(dataset)` where
    the action is `quarantine`), so that one scan evaluates every rule of a dataset.

    Attributes:
        rule: the rule as the user wrote it, spaces folded.
        passed: aggregate expression, boolean.
        observed: metric name → aggregate expression, a number.
        failed_rows: aggregate expression: rows that break the rule; None for a rule about the
            dataset as a whole.
        predicate: row expression, never NULL: true for a row that keeps the rule; None for a
            rule about the dataset as a whole (such a rule cannot quarantine).
        depends_on: other datasets that the rule reads; they are made before it is evaluated.
        own: the same for an engine beside the one that reads and writes (docs/decisions/0052),
            where the rule is portable; the expressions above are the reader's and writer's.
    """

    dataset: str
    rule: str
    action: Action
    passed: str
    observed: dict[str, str]
    failed_rows: str | None = None
    predicate: str | None = None
    depends_on: tuple[str, ...] = ()
    own: OwnRule | None = None

    @property
    def relation(self) -> str:
        """The relation that the expressions name."""
        return unchecked(self.dataset) if self.action == "quarantine" else self.dataset


@dataclass(frozen=True, slots=True)
class Kpi:
    """A number that says how the business does, computed when everything is made.

    Attributes:
        sql: SELECT of one number over the datasets of `depends_on`.
        unit: in the user's words; None: none.
    """

    name: str
    sql: str
    depends_on: tuple[str, ...]
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """A dataset published to a target."""

    target: str
    dataset: str
    connector: str
    options: dict[str, Any]
    schema: tuple[Column, ...]
    mode: str = "overwrite"
    keys: tuple[str, ...] = ()
    partition_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PartialRule:
    """A rule about all rows, as slices count for it.

    Attributes:
        check: its number among the Program's.
        counts: aggregate expressions over the rows of a slice; their sums are `n0`, `n1`, …
        passed: expression over the sums, boolean.
        observed: metric name → expression over the sums.
    """

    check: int
    counts: tuple[str, ...]
    passed: str
    observed: dict[str, str]


@dataclass(frozen=True, slots=True)
class Slicing:
    """Whether a run can be cut into parts that are worked on apart (docs/decisions/0030).

    Attributes:
        by: `files`: every row of every target comes from one file of `source`, and the other
            sources are read whole beside each part; `none`: there is one part.
        because: why not.
        partial: rules that are decided when all parts have counted.
    """

    by: Literal["files", "none"] = "none"
    source: str | None = None
    because: str | None = None
    partial: tuple[PartialRule, ...] = ()


def _plain(value: Any) -> Any:
    """A part of a Program as dicts, as `dataclasses.asdict` makes them, in a fraction of its time.

    >>> _plain(Column("a", "integer"))["name"]
    'a'
    """
    kind: Any = type(value)
    names = _names(kind)
    if names is not None:
        return {name: _plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_plain(each) for each in value])
    return value


@cache
def _names(kind: Any) -> tuple[str, ...] | None:
    """The fields of a dataclass; None: it is none."""
    return tuple(f.name for f in fields(kind)) if is_dataclass(kind) else None


@dataclass(frozen=True, slots=True)
class Program:
    """Everything a run needs, for one engine.

    Attributes:
        statements: in an order in which they can run.
        places: where things stand, `dataset:NAME`, `dataset:NAME/STEP#`, `check:#`, `load:NAME`
            → `[file, line, column]`; not part of the digest.
        schema_changes: what the files that were there when this was compiled change of their
            sources' contracts, as the run report names it; not part of the digest.
        slicing: not part of the digest: the same rows come out.
        digest: `sha256:…` over the canonical bytes without what is no part of it; filled by
            `seal`.
    """

    pipeline: str
    engine: str
    reads: tuple[Read, ...] = ()
    statements: tuple[Statement, ...] = ()
    checks: tuple[Check, ...] = ()
    loads: tuple[Load, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    places: dict[str, list[Any]] = field(default_factory=dict)
    schema_changes: tuple[dict[str, Any], ...] = ()
    slicing: Slicing = field(default_factory=Slicing)
    digest: str = ""
    schema: str = SCHEMA

    def as_json(self) -> dict[str, Any]:
        """The published form, keys in the order of pipeline-file.md; `kpis` where there are any."""
        body = _plain(self)
        if not self.kpis:
            del body["kpis"]
        for check in body["checks"]:
            if check["own"] is None:
                del check["own"]
        for statement in body["statements"]:
            if not statement["command_digest"]:
                del statement["command_digest"]
        head = {k: body.pop(k) for k in ("schema", "pipeline", "engine", "digest")}
        return {**head, **body}

    def seal(self) -> Program:
        """The same Program with its digest."""
        body = self.as_json()
        for apart in ("digest", "places", "schema_changes", "slicing"):
            del body[apart]
        digest = "sha256:" + hashlib.sha256(canonical(body)).hexdigest()
        return _replace(self, digest=digest)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Program:
        """Read a Program back.

        Raises:
            ValueError: it is not a Program of this schema version.
        """
        if data.get("schema") != SCHEMA:
            found = data.get("schema")
            raise ValueError(f"expected a Program of schema {SCHEMA}, found {found!r}")
        columns = _columns
        reads = tuple(Read(**{**r, "schema": columns(r["schema"])}) for r in data["reads"])
        statements = tuple(_statement(s) for s in data["statements"])
        checks = tuple(_check(c) for c in data["checks"])
        loads = tuple(
            Load(
                **{
                    **x,
                    "schema": columns(x["schema"]),
                    "keys": tuple(x["keys"]),
                    "partition_by": tuple(x["partition_by"]),
                }
            )
            for x in data["loads"]
        )
        return cls(
            pipeline=data["pipeline"],
            engine=data["engine"],
            reads=reads,
            statements=statements,
            checks=checks,
            loads=loads,
            kpis=tuple(
                Kpi(**{**k, "depends_on": tuple(k["depends_on"])}) for k in data.get("kpis", ())
            ),
            places=data.get("places", {}),
            schema_changes=tuple(data.get("schema_changes", ())),
            slicing=_slicing(data.get("slicing", {})),
            digest=data["digest"],
        )


def canonical(value: Any) -> bytes:
    r"""Canonical JSON: sorted keys, no spaces, UTF-8, no NaN.

    >>> canonical({"b": 1, "a": ["é"]})
    b'{"a":["\xc3\xa9"],"b":1}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _replace(program: Program, **changes: Any) -> Program:
    from dataclasses import replace

    return replace(program, **changes)


def _columns(items: list[dict[str, Any]]) -> tuple[Column, ...]:
    return tuple(Column(**c) for c in items)


def _slicing(data: dict[str, Any]) -> Slicing:
    partial = tuple(
        PartialRule(**{**p, "counts": tuple(p["counts"])}) for p in data.get("partial", ())
    )
    return Slicing(**{**data, "partial": partial})


def _check(c: dict[str, Any]) -> Check:
    own = c.get("own")
    rule = OwnRule(**{**own, "observed": tuple(own["observed"])}) if own else None
    return Check(**{**c, "depends_on": tuple(c["depends_on"]), "own": rule})


def _statement(s: dict[str, Any]) -> Statement:
    return Statement(
        **{
            **s,
            "depends_on": tuple(s["depends_on"]),
            "schema": _columns(s["schema"]),
            "stages": tuple(Stage(**g) for g in s["stages"]),
            "python": PythonStep(**s["python"]) if s["python"] else None,
            "command": tuple(s["command"]),
        }
    )
