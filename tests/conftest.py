"""For every test: hypothesis profiles, and the rule that CI skips nothing."""

from __future__ import annotations

import importlib
import os
import pkgutil
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Lets tests, and the processes they start, import these by name.
sys.path[:0] = [str(Path(__file__).with_name(n)) for n in ("helpers", "servers")]

# The same examples every time, so that a red run is red again; `make fuzz` looks further.
settings.register_profile(
    "default", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "fuzz", max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")

HERE = Path(__file__).parent
# The quick tests that take every branch of the ledger and commit code by themselves: COMMIT_TESTS
# of the Makefile, where `make coverage` runs them alone.
TRACED = (
    *(HERE / "unit" / name for name in ("ledger", "lake", "storage", "file", "runtime")),
    *(HERE / "contract" / f"test_{name}.py" for name in ("ledger", "storage", "targets")),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--evidence FILE`: see `helpers/evidence.py`."""
    parser.addoption("--evidence", metavar="FILE", help="write what the marked tests showed")


def pytest_configure(config: pytest.Config) -> None:
    """Have the process that the others report to write the evidence down."""
    from evidence import Recorder

    if config.getoption("evidence") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Recorder(Path(config.getoption("evidence"))))
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Running(config))


class Running:
    """Where the tests are stopped from outside: which ones were running, and for how long."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.since: dict[str, float] = {}

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.since[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.since.pop(nodeid, None)

    def pytest_keyboard_interrupt(self) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        for nodeid, since in self.since.items():
            reporter.write_line(f"\nrunning for {time.monotonic() - since:.0f} s: {nodeid}")


# The longest, two of them a story of minutes: they start first, so that no core idles at the end.
LONG = (
    "e2e/test_demo_lambda.py",
    "terraform",
    "sandbox/test_tune.py",
    "fault/test_killed_on_s3.py",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tracing makes Python half as fast: only the tests that coverage is asked of pay for it."""
    import evidence

    long = tuple(HERE / name for name in LONG)
    items.sort(key=lambda item: not any(item.path.is_relative_to(place) for place in long))
    for item in items:
        item.user_properties += [(evidence.NAME, each) for each in evidence.of(item)]
        if not any(item.path.is_relative_to(place) for place in TRACED):
            item.add_marker("no_cover")
    if items and config.getoption("cov_source", None):
        # While nothing is traced a module may be imported for the first time, and would seem not
        # to have been.
        import penstock.runtime

        for found in pkgutil.walk_packages(penstock.runtime.__path__, "penstock.runtime."):
            importlib.import_module(found.name)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: a tool that is missing there must be installed there."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        reporter.write_line(
            "\nskipped in CI: every tool a test needs is to be installed by .ci/run"
        )
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter) -> None:
    """What `tests/fault/test_seeds.py` did, of all workers together."""
    told = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "fault" and getattr(report, "when", "") == "call"
    ]
    if told:
        kinds = len({kind for kind, *_ in told})
        killed, lost, doubled = (sum(each[i] for each in told) for i in (1, 2, 3))
        terminalreporter.write_line(
            f"seeds {len(told):,}, kinds {kinds}, kills {killed:,}, "
            f"rows lost {lost:,}, rows doubled {doubled:,}"
        )


@pytest.fixture(scope="session")
def s3():
    """The URL of a moto server with the bucket `acme-lake`.

    A process of its own: deltalake keeps Python's lock while it waits for an answer, so that a
    server in this process could never give one.
    """
    pytest.importorskip("obstore")
    boto3 = pytest.importorskip("boto3")
    pytest.importorskip("moto.server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(HERE / "servers" / "moto_s3.py"), str(port)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as server:
        endpoint = f"http://127.0.0.1:{port}"
        for _ in range(300):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert server.poll() is None, "moto ended"
            time.sleep(0.1)
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
        boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys).create_bucket(
            Bucket="acme-lake"
        )
        try:
            yield endpoint
        finally:
            server.kill()


@pytest.fixture
def aws(s3, monkeypatch):
    """Have this test and what it starts use moto's server; gives its URL."""
    for name, value in {
        "AWS_ENDPOINT_URL": s3,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_MAX_ATTEMPTS": "2",
    }.items():
        monkeypatch.setenv(name, value)
    return s3


@pytest.fixture(scope="session")
def sandbox_url():
    """The URL of moto with the sandbox's warehouse, and the bucket `acme-lake` in it."""
    pytest.importorskip("obstore")
    boto3 = pytest.importorskip("boto3")
    from processes import moto_with_sandbox

    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    with moto_with_sandbox() as url:
        boto3.client("s3", endpoint_url=url, region_name="us-east-1", **keys).create_bucket(
            Bucket="acme-lake"
        )
        boto3.client("glue", endpoint_url=url, region_name="us-east-1", **keys).create_database(
            DatabaseInput={"Name": "contract"}
        )
        yield url


@pytest.fixture
def sandbox(sandbox_url, monkeypatch):
    """Have this test and what it starts use that server; gives its URL."""
    for name, value in {
        "AWS_ENDPOINT_URL": sandbox_url,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_MAX_ATTEMPTS": "2",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    return sandbox_url


@pytest.fixture
def case(aws, use_dynamodb, tmp_path, monkeypatch):
    """Makes pipelines that run here and in functions (`twins.Case`), on moto."""
    from twins import Case

    use_dynamodb("moto")
    for name in ("PIPELINE", "PROGRAM", "LEDGER", "WORK", "ROOT", "SLICE_BYTES", "SECRET_ARNS"):
        monkeypatch.setenv(f"PENSTOCK_{name}", "")  # put back at the end
    for name in ("TASKS", "LOADS", "EVENTS"):
        monkeypatch.setenv(f"PENSTOCK_{name}_QUEUE", "")
    monkeypatch.setenv("LAMBDA_TASK_ROOT", "")
    return lambda **more: Case(tmp_path, **more)


class Database:
    """An empty database of a real PostgreSQL server."""

    def __init__(self, folder, name) -> None:
        self.folder = str(folder)
        self.name = name
        self.options = {"host": self.folder, "database": name, "user": "postgres"}

    def connect(self, **more):
        import psycopg

        given = {"host": self.folder, "dbname": self.name, "user": "postgres"} | more
        return psycopg.connect(**given, autocommit=True)

    def __call__(self, sql, *values):
        """Run SQL; gives its rows, if it has any."""
        with self.connect() as connection:
            done = connection.execute(sql, values or None)
            return done.fetchall() if done.description else []


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory):
    """The data folder of a PostgreSQL server of its own, which is also where its socket is."""
    pytest.importorskip("psycopg")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it asks for a folder that only desktops have
        pgserver = pytest.importorskip("pgserver")
        folder = tempfile.mkdtemp(prefix="pg-", dir="/tmp")  # a socket's path may not be long
        server = pgserver.get_server(folder)
    yield folder
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def database(postgres_server):
    """An empty database."""
    name = f"t_{uuid.uuid4().hex[:12]}"
    admin = Database(postgres_server, "postgres")
    admin(f"CREATE DATABASE {name}")
    yield Database(postgres_server, name)
    admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def dynamodb_moto():
    """The URL of moto's DynamoDB."""
    from processes import moto_dynamodb

    with moto_dynamodb() as url:
        yield url


@pytest.fixture(scope="session")
def dynamodb_local():
    """The URL of DynamoDB Local."""
    from processes import dynamodb_local

    with dynamodb_local() as url:
        yield url


@pytest.fixture
def use_dynamodb(request, monkeypatch):
    """Have this test and what it starts use a server: `moto` or `local`. Its tables go at the end."""
    pytest.importorskip("boto3")
    from penstock.runtime.ledger.dynamodb.client import connect

    def use(name):
        url = request.getfixturevalue(f"dynamodb_{name}")
        for variable, value in {
            "AWS_ENDPOINT_URL_DYNAMODB": url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            monkeypatch.setenv(variable, value)
        client = connect(None)
        request.addfinalizer(lambda: _drop_tables(client))
        return client

    return use


def _drop_tables(client):
    for name in client.list_tables()["TableNames"]:
        client.delete_table(TableName=name)
    client.close()
