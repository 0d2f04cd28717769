"""What a Program reads, writes and must know, as places that policies can name.

Policies are made of this and of nothing else, so that a function may do what its pipeline says and
no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from penstock.program import Load, Program

_S3 = re.compile(r"s3a?://([^/]+)/?(.*)", re.DOTALL)
_SECRET = re.compile(r"\$\{secret\.([A-Za-z_][A-Za-z0-9_]*)\}")
_VARIES = re.compile(r"[*?\[{]|\$\{")  # a glob begins, or what only a run knows


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Keys of a bucket that begin with `prefix`; empty: all of them."""

    bucket: str
    prefix: str

    def as_json(self) -> dict[str, str]:
        """As Terraform takes it."""
        return {"bucket": self.bucket, "prefix": self.prefix}


@dataclass(frozen=True, slots=True, order=True)
class Warehouse:
    """A database of Redshift that rows are loaded into.

    Attributes:
        workgroup: of Redshift Serverless, or empty; then it is
        cluster: the identifier of a provisioned cluster.
        user: the database user, of a cluster; empty: that of the IAM identity.
        secret: it is signed in to with a secret, which the environment names.
        region: empty: that of the deployment.
        staging: where rows are staged; None: in the work bucket.
    """

    workgroup: str
    cluster: str
    database: str
    user: str
    secret: bool
    region: str
    staging: Place | None

    def as_json(self) -> dict[str, Any]:
        """As Terraform takes it: what is not said is not there."""
        told = {name: getattr(self, name) for name in ("workgroup", "cluster", "user", "region")}
        return {
            "database": self.database,
            "secret": self.secret,
            **{name: value for name, value in told.items() if value},
            **({"staging": self.staging.as_json()} if self.staging else {}),
        }


@dataclass(frozen=True, slots=True, order=True)
class Table:
    """A table of the Glue Data Catalog; `region` is empty for that of the deployment."""

    database: str
    table: str
    region: str

    def as_json(self) -> dict[str, str]:
        """As Terraform takes it."""
        told = {"database": self.database, "table": self.table}
        return told | ({"region": self.region} if self.region else {})


@dataclass(frozen=True, slots=True)
class Access:
    """Everything outside that a Program touches.

    Attributes:
        secret_names: `${secret.NAME}`: which secrets the environment has to hold.
        secret_arns: secrets of AWS Secrets Manager named in the definition.
        database_tokens: some source signs in with IAM.
        warehouses: that rows are loaded into.
        tables: of the Glue Data Catalog, that are written.
    """

    reads: tuple[Place, ...]
    writes: tuple[Place, ...]
    secret_names: tuple[str, ...]
    secret_arns: tuple[str, ...]
    database_tokens: bool = False
    warehouses: tuple[Warehouse, ...] = ()
    tables: tuple[Table, ...] = ()


def access_of(program: Program) -> Access:
    """What a Program touches.

    Raises:
        BuildError: it reads or writes files of a laptop, which no function has.
    """
    local = [*_local("source", program.reads), *_local("target", program.loads)]
    if local:
        raise BuildError(
            f"{_these(local)} on this machine, which a function in AWS cannot see",
            code="PSK-BLD-005",
            hint="give `s3://BUCKET/PREFIX`, in a profile: `--profile prod`",
        )
    options = [read.options for read in program.reads] + [load.options for load in program.loads]
    texts = [text for each in options for text in _texts(each)]
    return Access(
        reads=_places(program.reads),
        writes=_places(program.loads),
        secret_names=tuple(sorted({name for text in texts for name in _SECRET.findall(text)})),
        secret_arns=tuple(sorted({str(o["secret_arn"]) for o in options if o.get("secret_arn")})),
        database_tokens=any(o.get("auth") == "iam" for o in options),
        warehouses=tuple(sorted(set(_warehouses(program.loads)), key=repr)),
        tables=tuple(sorted(set(_tables(program.loads)))),
    )


def place_of(path: str) -> Place | None:
    """The keys that an address stands for: up to the folder in which it begins to vary.

    >>> place_of("s3://acme/in/2026-*.csv"), place_of("s3://acme/curated/delays")
    (Place(bucket='acme', prefix='in/2026-'), Place(bucket='acme', prefix='curated/delays'))
    >>> place_of("data/flights.csv") is None
    True
    """
    found = _S3.fullmatch(path)
    if not found:
        return None
    return Place(found[1], _VARIES.split(found[2], maxsplit=1)[0])


def _places(parts: Iterable[Any]) -> tuple[Place, ...]:
    found = {place_of(path) for part in parts for path in _paths(part)}
    return tuple(sorted(place for place in found if place))


def _warehouses(loads: Iterable[Load]) -> Iterator[Warehouse]:
    for load in loads:
        if load.connector == "redshift":
            found = {name: value or "" for name, value in load.options.items()}
            yield Warehouse(
                workgroup=found.get("workgroup", ""),
                cluster=found.get("cluster", ""),
                database=found["database"],
                user=found.get("user", ""),
                secret=bool(found.get("secret")),
                region=found.get("region", ""),
                staging=place_of(found.get("staging", "")),
            )


def _tables(loads: Iterable[Load]) -> Iterator[Table]:
    for load in loads:
        if load.connector == "athena":
            options = load.options
            yield Table(options["database"], options["table"], options.get("region") or "")


# What holds the address of files; the `path` of a webhook is that of a URL.
_PLACES = {"webhook": "inbox", "redshift": "staging"}


def _paths(part: Any) -> list[str]:
    path = part.options.get(_PLACES.get(part.connector, "path"))
    paths = path if isinstance(path, list) else [path]
    return [each for each in paths if isinstance(each, str)]


def _local(kind: str, parts: Iterable[Any]) -> Iterator[str]:
    for part in parts:
        name = part.dataset if kind == "source" else part.target
        for path in _paths(part):
            if part.connector in {"file", "s3", "lake", "webhook"} and place_of(path) is None:
                yield f"the {kind} `{name}` ({path})"


def _these(local: list[str]) -> str:
    joined = ", ".join(local)
    return f"{joined} {'are' if len(local) > 1 else 'is'}"


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
