"""Connections to a server: where it is, who asks, and a transaction that only reads.

psycopg 3 and boto3 are imported here and when they are needed. RDS's token and Secrets Manager's
secret are asked for anew for each connection: a token is good for fifteen minutes.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from penstock.errors import MissingExtra, SourceUnavailable, Unavailable
from penstock.runtime.periods import parse_period
from penstock.runtime.sources.postgres.refusals import CODE_LOGIN, CODE_REACH, refused_connection

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

    from penstock.runtime.sources.postgres.options import PostgresSourceOptions

CONNECT_SECONDS = 10
# What the text of values depends on, and what a read must not depend on.
_SETTINGS = (
    "SET LOCAL TIME ZONE 'UTC'",
    "SET LOCAL DateStyle = 'ISO, YMD'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL standard_conforming_strings = on",
)


def connect(options: PostgresSourceOptions, snapshot: str | None = None) -> psycopg.Connection[Any]:
    """A connection in a transaction that reads one state of the database, and writes nothing.

    Args:
        snapshot: as `pg_export_snapshot` of another connection gave it: the state to see.

    Raises:
        SourceUnavailable: there is no server, or it refuses the login.
        MissingExtra: psycopg is not installed.
    """
    require_psycopg()
    import psycopg
    from psycopg import conninfo as parts

    given = _parameters(options)
    try:
        # What is in the DSN is libpq's to read; its message may repeat all of it.
        conninfo = parts.make_conninfo(options.dsn or options.url or "", **given)
        known = parts.conninfo_to_dict(conninfo)
    except psycopg.ProgrammingError as error:
        raise SourceUnavailable(
            "the `dsn` is none that PostgreSQL's library can read",
            code=CODE_REACH,
            hint="such as postgresql://user@host:5432/database; signs such as `@` and `/` in a "
            "part are written as %40 and %2F",
        ) from error
    where = f"PostgreSQL at {known.get('host') or 'localhost'}:{known.get('port') or 5432}"
    try:
        connection = psycopg.connect(conninfo)
    except psycopg.OperationalError as error:
        raise refused_connection(error, where) from error
    try:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        if snapshot is not None:  # must be the first statement of the transaction
            connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        for statement in _SETTINGS:
            connection.execute(statement)
        if options.statement_timeout is not None:
            limit = int(parse_period(options.statement_timeout) * 1000)
            connection.execute(f"SET LOCAL statement_timeout = {limit}")
    except BaseException:
        connection.close()
        raise
    return connection


def require_psycopg() -> None:
    """Raise MissingExtra unless psycopg and pyarrow can be imported."""
    for package in ("psycopg", "pyarrow"):
        try:
            __import__(package)
        except ImportError as error:
            raise MissingExtra(package, "postgres", wanted_by="reading PostgreSQL") from error


def _parameters(options: PostgresSourceOptions) -> dict[str, Any]:
    """What is named beside the DSN, as libpq calls it."""
    found: dict[str, Any] = {
        "host": options.host,
        "port": options.port,
        "dbname": options.database,
        "user": options.user,
        "password": options.password,
        "sslmode": options.sslmode,
        "sslrootcert": options.sslrootcert,
        # libpq takes whole seconds, and 0 for ever
        "connect_timeout": max(
            2, round(parse_period(options.connect_timeout or f"{CONNECT_SECONDS} s"))
        ),
        "application_name": "penstock",
        "client_encoding": "UTF8",
    }
    if options.secret_arn is not None:
        secret = _secret(options.secret_arn, options.region)
        bare = options.dsn is None and options.url is None
        found["user"] = found["user"] or secret.get("username")
        found["password"] = found["password"] or secret.get("password")
        for ours, theirs in (("host", "host"), ("port", "port"), ("dbname", "dbname")):
            if bare and found[ours] is None:
                found[ours] = secret.get(theirs)
        if bare and not found["host"]:
            raise SourceUnavailable(
                f"neither the secret nor the source names a host ({options.secret_arn})",
                code=CODE_LOGIN,
                hint="name `host` and `database`: a secret that RDS manages holds the login alone",
            )
    if options.auth == "iam":
        found["sslmode"] = found["sslmode"] or "require"
        found["password"] = _token(options, found)
    return {key: value for key, value in found.items() if value is not None}


def _secret(arn: str, region: str | None) -> Mapping[str, Any]:
    """A secret of AWS Secrets Manager.

    Its keys are those of docs.aws.amazon.com/secretsmanager/latest/userguide/
    reference_secret_json_structure.html ("Amazon RDS and Aurora credentials").
    """
    boto3 = _boto3("`secret_arn`")
    from botocore.exceptions import BotoCoreError, ClientError

    parts = arn.split(":")
    there = parts[3] if arn.startswith("arn:") and len(parts) > 3 else None
    try:
        client = boto3.client("secretsmanager", region_name=_region(region or there))
        text = client.get_secret_value(SecretId=arn)["SecretString"]
        secret = json.loads(text)
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(
            f"AWS Secrets Manager does not give the secret {arn}: {error}",
            code=CODE_LOGIN,
            hint="check the ARN, the region, and that the role may secretsmanager:GetSecretValue",
        ) from error
    except (KeyError, ValueError):
        secret = None
    if not isinstance(secret, dict):
        raise Unavailable(
            f"the secret {arn} is no JSON object with `username` and `password`",
            code=CODE_LOGIN,
            hint="RDS and Secrets Manager write such secrets for databases",
        ) from None
    return secret


def _token(options: PostgresSourceOptions, given: Mapping[str, Any]) -> str:
    """A token that stands for the password of a user who may log in by IAM.

    See boto3's `RDS.Client.generate_db_auth_token`: it signs, and asks nobody.
    """
    from psycopg import conninfo as parts

    boto3 = _boto3("`auth: iam`")
    from botocore.exceptions import BotoCoreError, ClientError

    known = parts.conninfo_to_dict(options.dsn or options.url or "")
    host, user = given.get("host") or known.get("host"), given.get("user") or known.get("user")
    port = int(given.get("port") or known.get("port") or 5432)
    if not host or not user or str(host).startswith("/"):
        raise SourceUnavailable(
            "`auth: iam` signs a token for a host and a user, and one of them is not named",
            code=CODE_LOGIN,
            hint="name `host` and `user`",
        )
    try:
        client = boto3.client("rds", region_name=_region(options.region))
        token: str = client.generate_db_auth_token(DBHostname=host, Port=port, DBUsername=user)
    except (BotoCoreError, ClientError) as error:
        raise Unavailable(
            f"AWS signs no token for {user} at {host}: {error}",
            code=CODE_LOGIN,
            hint="set AWS_REGION and credentials, or AWS_PROFILE",
        ) from error
    return token


def _region(named: str | None) -> str | None:
    """The region; boto3 itself reads AWS_DEFAULT_REGION and the profile, and not AWS_REGION."""
    return named or os.environ.get("AWS_REGION")


def _boto3(wanted_by: str) -> Any:
    try:
        import boto3
    except ImportError as error:
        raise MissingExtra("boto3", "aws", wanted_by=wanted_by) from error
    return boto3
