"""What a server refuses, in words: psycopg's exceptions as Penstock's errors.

A server tells of a failed query by SQLSTATE (PostgreSQL documentation, appendix A). While a
connection is made there is only text, which libpq or the server wrote in its own language: what is
not recognised there is told as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from penstock.errors import PenstockError, SourceUnavailable, StepFailed

if TYPE_CHECKING:
    import psycopg

CODE_REACH = "PSK-SRC-101"
CODE_LOGIN = "PSK-SRC-102"
CODE_TABLE = "PSK-SRC-103"
CODE_PERMISSION = "PSK-SRC-104"
CODE_QUERY = "PSK-SRC-105"
CODE_TIMEOUT = "PSK-SRC-106"
CODE_LOST = "PSK-SRC-107"
_FATAL = re.compile(r"FATAL:\s*(.*)")
_LOGIN = (
    (r"password authentication failed|no password supplied", "check `user` and `password`"),
    (r"PAM authentication failed", "is `rds_iam` granted to the user, and rds-db:connect to you?"),
    (r"role .* does not exist", "check `user`; CREATE ROLE makes one"),
    (r"database .* does not exist", "check `database`"),
    (r"no pg_hba\.conf entry", "pg_hba.conf (RDS: rds.force_ssl) must let this in"),
    (r"permission denied for database", "GRANT CONNECT ON DATABASE lets the user in"),
)  # fmt: skip
_REACH = (
    (r"name or service not known|could not translate|nodename nor servname|name resolution",
     "there is no host of this name: check `host`"),
    (r"connection refused|no such file or directory", "does the server run, and on this port?"),
    (r"timeout expired|timed out", "a firewall or security group may be in between"),
    (r"does not support SSL|SSL", "check `sslmode` and `sslrootcert`"),
    (r"starting up|shutting down|recovery mode|too many clients|remaining connection slots",
     "try again in a while"),
)  # fmt: skip


def refused_connection(error: Exception, where: str) -> PenstockError:
    """Why no connection was made.

    Args:
        where: `host:port`, for the message.
    """
    told = str(error).strip()
    fatal = _FATAL.findall(told)
    line = fatal[-1] if fatal else told.splitlines()[-1] if told else type(error).__name__
    line = line.removeprefix("connection failed: ").strip()
    for table, code, verb in ((_LOGIN, CODE_LOGIN, "refuses"), (_REACH, CODE_REACH, "")):
        for pattern, hint in table:
            if re.search(pattern, told, re.IGNORECASE):
                what = f"{where} {verb} the login" if verb else f"{where} cannot be reached"
                return SourceUnavailable(f"{what}: {line}", code=code, hint=hint)
    hint = "check `host`, `port` and `sslmode`"
    return SourceUnavailable(f"{where} cannot be reached: {line}", code=CODE_REACH, hint=hint)


def is_lost(error: psycopg.Error) -> bool:
    """Whether the connection went away, as against a statement that failed."""
    import psycopg

    if not isinstance(error, psycopg.OperationalError):
        return False
    # 57P01 to 57P03: the server is shut down; 08…: the connection failed. Without one, libpq says.
    state = error.sqlstate
    return state is None or state.startswith("08") or state in {"57P01", "57P02", "57P03"}


def refused_statement(error: psycopg.Error, what: str, near: str | None = None) -> PenstockError:
    """Why a statement failed.

    Args:
        what: the table or query, as a noun.
        near: hint of a table that is not there.
    """
    state = error.sqlstate or ""
    told = (error.diag.message_primary or str(error)).strip()
    if is_lost(error):
        return SourceUnavailable(
            f"the connection to the server was lost while {what} was read: {told.splitlines()[0]}",
            code=CODE_LOST,
            hint="nothing was published; run again",
        )
    if state in {"42P01", "3F000"}:  # undefined_table, invalid_schema_name
        return SourceUnavailable(f"{told}", code=CODE_TABLE, hint=near)
    if state == "42501":  # insufficient_privilege
        hint = "GRANT USAGE ON SCHEMA and GRANT SELECT ON TABLE let the user read it"
        return SourceUnavailable(f"{what} may not be read: {told}", code=CODE_PERMISSION, hint=hint)
    if state == "57014":  # query_canceled
        hint = "a longer `statement_timeout`, an index on the column read by, or `parallel`"
        return SourceUnavailable(f"{what}: {told}", code=CODE_TIMEOUT, hint=hint)
    if state == "25006":  # read_only_sql_transaction
        hint = "a source only reads: take what writes out of the query"
    elif state == "40001":  # a standby cancels what is in the way of recovery
        hint = "run again; on a standby, a longer max_standby_streaming_delay"
    else:
        hint = error.diag.message_hint or "try it in psql, as the same user"
    return StepFailed(f"{what} fails: {told} (SQLSTATE {state})", code=CODE_QUERY, hint=hint)
