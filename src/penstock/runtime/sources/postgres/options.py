"""Options of the `postgres` source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from penstock.runtime.periods import Period  # noqa: TC001  # pydantic reads it

MOST_PARALLEL = 64


@dataclass(frozen=True, slots=True)
class PostgresSourceOptions:
    """A table of PostgreSQL, RDS or Aurora, or the rows of a query.

    Attributes:
        table: `orders`, `sales.orders`; names as they are, in their own letter case; a part with a
            dot in it stands in quotes.
        query: a SELECT in the server's own dialect.
        dsn: `postgresql://user@host:5432/database?sslmode=require`, or `host=… dbname=…`; the
            password is a `${secret.NAME}`. What is named beside it comes before it.
        url: another name of `dsn`.
        host: a name, an address, or the folder of a socket.
        port: default 5432.
        database: default: named as the user.
        user: default: the secret's, or the account that runs this.
        password: a `${secret.NAME}`.
        sslmode: default `prefer`, with `auth: iam` `require`.
        sslrootcert: file with the certificates that are trusted; `system`: those of the machine.
        auth: `password`, or `iam`: a token that AWS signs for `user`, for fifteen minutes.
        secret_arn: a secret of AWS Secrets Manager with `username` and `password`, and `host`,
            `port` and `dbname` where they are not named here.
        region: of `auth: iam` and `secret_arn`; default: the ARN's, `AWS_REGION`, the profile's.
        parallel: how many connections read ranges of `split_by` at once, all in one snapshot.
        split_by: a column of whole numbers or dates; default: the primary key, if it is one.
        statement_timeout: how long one statement may take; default: the server's rule.
        connect_timeout: default 10 seconds.
    """

    table: str | None = None
    query: str | None = None
    dsn: str | None = None
    url: str | None = None
    host: str | None = None
    port: int | None = None
    database: str | None = None
    user: str | None = None
    password: str | None = None
    sslmode: Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] | None = (
        None
    )
    sslrootcert: str | None = None
    auth: Literal["password", "iam"] = "password"
    secret_arn: str | None = None
    region: str | None = None
    parallel: int = 1
    split_by: str | None = None
    statement_timeout: Period | None = None
    connect_timeout: Period | None = None

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    def __post_init__(self) -> None:
        _exactly_one(self, "table", "query")
        if self.secret_arn is None:
            _exactly_one(self, "dsn", "url", "host")
        elif self.dsn and self.url:
            raise ValueError("`dsn` and `url` are the same; name one of them")
        if self.port is not None and not 1 <= self.port <= 65535:
            raise ValueError(f"a port is from 1 to 65535, not {self.port}")
        if not 1 <= self.parallel <= MOST_PARALLEL:
            raise ValueError(f"`parallel` is from 1 to {MOST_PARALLEL}, not {self.parallel}")
        if self.query is not None and self.parallel > 1 and self.split_by is None:
            raise ValueError("`parallel` of a query needs `split_by: COLUMN`")
        if self.auth == "iam" and (self.password or self.secret_arn):
            raise ValueError("`auth: iam` makes the password; take `password` or `secret_arn` away")


def _exactly_one(options: PostgresSourceOptions, *keys: str) -> None:
    given = [k for k in keys if getattr(options, k) is not None]
    if len(given) != 1:
        words = " and ".join(f"`{g}`" for g in given) or "none"
        raise ValueError(f"it takes exactly one of {', '.join(keys)}, and here is {words}")
