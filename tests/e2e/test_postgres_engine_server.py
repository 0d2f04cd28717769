"""`--engine postgres` on a server of the user's: refused, stopped, shared, renewed.

Whatever happens there, what is published stands, and the last words say what to do.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from penstock.runtime.engines.postgres import helpers

PASSWORD = "s3cret-of-app"
SLOW = """\
SELECT c.customer, count(*) AS orders, sum(a.generate_series) AS amount
FROM clean AS c, generate_series(1, 30000) AS a, generate_series(1, 30000) AS b
GROUP BY c.customer
"""


class Server:
    """An embedded server whose role `app` needs a password."""

    def __init__(self, database) -> None:
        self.sql = database
        self.folder = database.folder
        self.name = database.name

    def dsn(self, *, password: str = PASSWORD, user: str = "app", host: str | None = None) -> str:
        return (
            f"host={host or self.folder} dbname={self.name} user={user} password={password} "
            "connect_timeout=5"
        )


@pytest.fixture
def server(database):
    """A database of its own, where `app` may create schemas."""
    database("DROP ROLE IF EXISTS app")
    database(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")
    made = Server(database)
    rules = Path(made.folder, "pg_hba.conf")
    if "app" not in rules.read_text():
        rules.write_text(f"local all app scram-sha-256\n{rules.read_text()}")
    database("SELECT pg_reload_conf()")
    database(f'GRANT CREATE ON DATABASE "{made.name}" TO app')
    yield made
    database("DROP OWNED BY app CASCADE")
    database("DROP ROLE app")


def on(shop, dsn, *args):
    done = shop("run", "--engine", "postgres", "--json", *args, env={"PENSTOCK_POSTGRES_DSN": dsn})
    assert PASSWORD not in done.out + done.err
    return done


def told(done) -> tuple[int, str, str]:
    error = done.document["error"]
    return done.code, error["message"], error["hint"] or ""


def published(shop) -> str:
    return (shop.root / "out/totals.csv").read_text()


def test_a_run_leaves_nothing_but_the_helper_functions(shop, server):
    server.sql("CREATE SCHEMA penstock_run_dead")  # of a run that was killed
    server.sql("CREATE TABLE penstock_run_dead.rows AS SELECT 1 AS a")
    server.sql("ALTER SCHEMA penstock_run_dead OWNER TO app")
    server.sql("ALTER TABLE penstock_run_dead.rows OWNER TO app")
    done = on(shop, server.dsn())
    assert done.code == 0, done.err
    assert "BOB" in published(shop)
    left = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'penstock%'"
    assert server.sql(left) == [("penstock",)]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"password": "wrong"}, "password authentication failed"),
        ({"user": "nobody_here"}, "nobody_here"),
        ({"host": "127.0.0.1 port=1"}, "127.0.0.1"),
        ({"host": "no-such-host.invalid"}, "no-such-host.invalid"),
        ({"host": "/nowhere"}, "/nowhere"),
    ],
)
def test_a_server_that_does_not_answer(shop, server, change, says):
    start = time.monotonic()
    code, message, hint = told(on(shop, server.dsn(**change)))
    assert (code, says in message, "PENSTOCK_POSTGRES_DSN" in hint) == (4, True, True), message
    assert time.monotonic() - start < 60


def test_a_connection_string_that_is_none_is_not_repeated(shop):
    code, message, hint = told(on(shop, f"postgres:/{PASSWORD} x"))
    assert (code, "PENSTOCK_POSTGRES_DSN" in message, "postgresql://" in hint) == (4, True, True)


def test_a_user_who_may_not_create_schemas(shop, server):
    server.sql(f'REVOKE CREATE ON DATABASE "{server.name}" FROM app')
    code, message, hint = told(on(shop, server.dsn()))
    assert (code, "permission denied" in message, "GRANT CREATE ON DATABASE" in hint) == (
        4,
        True,
        True,
    )


def test_a_server_that_is_read_only(shop, server):
    server.sql("ALTER ROLE app SET default_transaction_read_only = on")
    code, message, hint = told(on(shop, server.dsn()))
    assert (code, "read-only" in message, "standby" in hint) == (4, True, True), message


def test_a_time_limit_of_the_server_is_no_interruption(shop, server):
    assert on(shop, server.dsn()).code == 0
    before = published(shop)
    shop.write("models/totals.sql", SLOW)
    server.sql("ALTER ROLE app SET statement_timeout = '1s'")
    code, message, _ = told(on(shop, server.dsn()))
    assert (code, "statement timeout" in message) == (1, True), message
    assert published(shop) == before


def test_helpers_of_an_older_version_are_renewed(shop, server):
    server.sql("CREATE SCHEMA penstock AUTHORIZATION app")
    # Another result, other names of arguments, and one that is gone.
    for old in (
        "exact(y float8) RETURNS text",
        "read_double(z text) RETURNS int",
        "gone() RETURNS int",
    ):
        result = old.rpartition(" ")[2]
        server.sql(f"CREATE FUNCTION penstock.{old} LANGUAGE sql AS 'SELECT NULL::{result}'")
        name = old.partition("(")[0]
        kind = {"exact": "float8", "read_double": "text", "gone": ""}[name]
        server.sql(f"ALTER FUNCTION penstock.{name}({kind}) OWNER TO app")
    server.sql("COMMENT ON SCHEMA penstock IS 'penstock 00000000'")
    done = on(shop, server.dsn())
    assert done.code == 0, done.err
    assert server.sql(helpers.INSTALLED) == [(helpers.MARK,)]
    assert server.sql("SELECT penstock.exact(1)")


def test_helpers_of_another_user_are_used(shop, server):
    server.sql(helpers.SETUP)
    server.sql(f"COMMENT ON SCHEMA penstock IS '{helpers.MARK}'")
    assert on(shop, server.dsn()).code == 0


def test_old_helpers_of_another_user_are_told(shop, server):
    server.sql(helpers.SETUP)
    server.sql("COMMENT ON SCHEMA penstock IS 'penstock 00000000'")
    code, _, hint = told(on(shop, server.dsn()))
    assert (code, "the user who made them" in hint) == (4, True)


def test_two_runs_at_once_install_once(shop, server, tmp_path):
    runs = []
    for i in range(2):
        subprocess.run(["cp", "-r", shop.root, tmp_path / f"copy{i}"], check=True)
        runs.append(
            subprocess.Popen(
                shop.command("run", "--engine", "postgres", "--json"),
                cwd=tmp_path / f"copy{i}",
                env=os.environ | {"PENSTOCK_POSTGRES_DSN": server.dsn()},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    for run in runs:
        _, err = run.communicate(timeout=180)
        assert run.returncode == 0, err
    assert server.sql(helpers.INSTALLED) == [(helpers.MARK,)]


def test_a_server_that_goes_away_during_a_run(shop, server):
    assert on(shop, server.dsn()).code == 0
    before = published(shop)
    shop.write("models/totals.sql", SLOW)
    run = subprocess.Popen(
        shop.command("run", "--engine", "postgres", "--json"),
        cwd=shop.root,
        env=os.environ | {"PENSTOCK_POSTGRES_DSN": server.dsn()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    busy = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app' AND query LIKE '%30000%'"
    limit = time.monotonic() + 100
    while server.sql(busy) == [(0,)]:
        assert time.monotonic() < limit
        assert run.poll() is None, run.communicate()
        time.sleep(0.2)
    # What each session is told when the server is stopped.
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'")
    out, err = run.communicate(timeout=100)
    assert run.returncode == 4, err
    assert "the PostgreSQL server ended" in out
    assert "Traceback" not in err
    assert published(shop) == before


def test_a_character_0_is_told_with_its_row(shop, server):
    shop.write(
        "data/orders.csv",
        b"id,customer,amount,at\n1,ann,1.00,2026-01-01T10:00:00Z\n"
        b"2,b\x00b,2.00,2026-01-01T10:00:00Z\n",
    )
    code, message, hint = told(on(shop, server.dsn()))
    assert (code, "(row 2)" in message, "character 0" in hint) == (1, True, True), message
