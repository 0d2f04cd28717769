"""What is particular to reading a dlt resource: real resources, in their own process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from werkzeug import Response

from penstock.errors import MissingExtra, SourceUnavailable, StepFailed
from penstock.program import Column, Read
from penstock.runtime import registry
from penstock.runtime.sources.dlt.source import DltSource

ID = (Column("id", "integer", required=True),)

MODULE = """\
import datetime, decimal, os, uuid
import dlt

@dlt.resource
def numbers(count=5):
    for i in range(count):
        yield {"id": i}

@dlt.resource(name="kinds")
def kinds():
    yield [{
        "id": 1, "amount": decimal.Decimal("12345678901234567890.10"),
        "at": datetime.datetime(2026, 1, 2, 3, 4, 5, 6, datetime.timezone.utc),
        "day": datetime.date(2026, 1, 2), "key": uuid.UUID(int=7), "data": b"h\\x00i",
        "lines": [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}], "address": {"city": "Zürich"},
    }]

@dlt.resource(primary_key="id")
def changes(upto, at=dlt.sources.incremental("at", initial_value=0)):
    for i in range(int(upto)):
        if i >= at.last_value:
            yield {"id": i, "at": i}

@dlt.source
def shop(key=None):
    @dlt.resource
    def users():
        yield [{"id": 1}, {"id": 2}]

    @dlt.transformer(data_from=users)
    def details(people):
        for person in people:
            yield {"id": person["id"] * 10, "key": key}

    return users, details

@dlt.transformer
def alone(item):
    yield item

def plain():
    yield from ({"id": i} for i in range(3))

def nothing():
    return None

def breaks(after=0):
    for i in range(after):
        yield {"id": i}
    raise ValueError("the server said no")

def exits():
    raise SystemExit(3)

def dies():
    yield {"id": 1}
    os._exit(7)

def odd():
    yield {"id": 1, "open": object()}

@dlt.resource
def settings():
    found = dlt.current.run_context()
    yield {"id": 1, "telemetry": found.runtime_config.dlthub_telemetry, "data": found.data_dir}

def endless():
    while True:
        yield {"id": 1, "text": "x" * 1000}

def arrow():
    import pyarrow as pa
    yield pa.table({"id": [1, 2], "name": ["a", None]})

def scalars():
    yield 1
    yield "two"
"""


@pytest.fixture
def engine(tmp_path):
    made = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=1)
    yield made
    made.close()


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    (folder / "steps").mkdir(parents=True)
    (folder / "steps" / "shop_api.py").write_text(MODULE, encoding="utf-8")
    return folder


@pytest.fixture
def source(root):
    def opened(name, schema=ID, evolution="ignore", incremental="none", **options):
        place = name if ":" in name else f"steps/shop_api.py:{name}"
        read = Read("rows", "dlt", {"source": place, **options}, schema,
                    schema_evolution=evolution, incremental=incremental)  # fmt: skip
        return DltSource(read, root)

    return opened


@pytest.fixture
def read(source, engine):
    def reading(name, schema=ID, **options):
        made = source(name, schema, **options)
        found = made.extract(made.plan(), engine, "rows", keep=True)
        rows = [tuple(r.values()) for r in engine.rows("SELECT * FROM rows ORDER BY 1")]
        return found, rows

    return reading


def test_every_way_to_name_records(read):
    assert read("numbers")[1] == [(i,) for i in range(5)]
    assert read("numbers", arguments={"count": 2})[1] == [(0,), (1,)]
    assert read("plain")[1] == [(0,), (1,), (2,)]
    assert read("steps.shop_api:plain")[1] == [(0,), (1,), (2,)]
    assert read("shop", resource="users")[1] == [(1,), (2,)]
    assert read("arrow", (*ID, Column("name", "varchar")))[1] == [(1, "a"), (2, None)]
    value = (Column("value", "varchar"),)
    assert read("scalars", value)[1] == [("1",), ("two",)]


def test_a_transformer_gets_what_its_parent_gives(read):
    schema = (*ID, Column("key", "varchar"))
    found, rows = read("shop", schema, resource="details", arguments={"key": "s3cret"})
    assert rows == [(10, "s3cret"), (20, "s3cret")]
    assert found.rows_in == 2  # the parent's own are not among them


def test_values_are_kept_and_what_is_nested_stays_nested(source, engine):
    schema = source("kinds", ()).infer().schema
    kinds = {c.name: c.type for c in schema}
    assert kinds["lines"] == "struct(sku varchar, n bigint)[]"
    assert kinds["address"] == "struct(city varchar)"
    assert kinds["at"] == "timestamptz"
    assert kinds["day"] == "date"
    wanted = (
        Column("amount", "decimal(38,2)"), Column("data", "blob"), Column("key", "varchar"),
        Column("lines", kinds["lines"]), Column("at", "timestamptz"),
    )  # fmt: skip
    made = source("kinds", wanted)
    made.extract(made.plan(), engine, "rows", keep=True)
    (row,) = engine.rows('SELECT *, CAST(epoch_us("at") % 1000000 AS INTEGER) AS us FROM rows')
    assert row["amount"] == Decimal("12345678901234567890.10")
    assert row["data"] == b"h\x00i"
    assert row["key"] == "00000000-0000-0000-0000-000000000007"
    assert row["lines"] == [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]
    assert row["us"] == 6


def test_a_resource_goes_on_from_what_it_remembers(source, engine):
    schema = (*ID, Column("at", "integer"))

    def reading(upto, state):
        made = source("changes", schema, incremental="state", arguments={"upto": upto})
        made.resume(state)
        part = made.plan()
        made.extract(part, engine, "rows", keep=True)
        rows = [r["id"] for r in engine.rows("SELECT id FROM rows ORDER BY id")]
        return rows, made.reached, part

    rows, first, _ = reading(3, None)
    assert rows == [0, 1, 2]
    assert first.type == "state"
    rows, second, part = reading(5, first.value)
    assert rows == [3, 4]  # 2, at the edge, is not given twice
    rows, third, empty = reading(5, second.value)
    assert (rows, third) == ([], second)
    again = reading(5, first.value)
    assert again[2].identity == part.identity != empty.identity


def test_records_that_are_elsewhere_are_read_anew_from_the_same_state(source, engine, root):
    made = source("changes", incremental="state", arguments={"upto": 3})
    made.resume(None)
    first = made.plan()
    for path in (root / ".penstock" / "landed" / "rows").glob("*/*.ndjson"):
        path.unlink()
    other = source("changes", incremental="state", arguments={"upto": 4})
    found = other.extract(first, engine, "rows", keep=True)
    assert found.rows_out == 4
    assert '"last_value":3' in other.reached.value


def test_nothing_of_dlt_lies_outside_the_run_and_nobody_is_told(read, root, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "true")
    schema = (*ID, Column("telemetry", "boolean"), Column("data", "varchar"))
    _, rows = read("settings", schema)
    assert rows[0][1] is False
    assert Path(rows[0][2]).is_relative_to(root / ".penstock")
    assert not list(home.rglob("*"))
    assert not list(root.rglob("__pycache__"))
    assert {p.suffix for p in root.rglob("*") if p.is_file()} <= {".py", ".ndjson", ".json"}


def test_what_it_raises_is_told_at_the_users_line(read):
    for after in (0, 2):
        with pytest.raises(StepFailed) as told:
            read("breaks", arguments={"after": after})
        assert told.value.code == "PSK-SRC-131"
        assert "ValueError: the server said no" in told.value.message
        line = MODULE[: MODULE.index("raise ValueError")].count("\n") + 1
        assert (told.value.span.file, told.value.span.line) == ("steps/shop_api.py", line)


@pytest.mark.parametrize(
    ("name", "options", "code", "said"),
    [
        ("exits", {}, "PSK-SRC-131", "SystemExit: 3"),
        ("dies", {}, "PSK-SRC-136", "exit code 7"),
        ("odd", {}, "PSK-SRC-134", "a value of the kind `object`"),
        ("endless", {"max_bytes": 100_000}, "PSK-SRC-135", "more than 100,000 bytes"),
        ("number", {}, "PSK-SRC-132", "no function `number`"),
        ("nothing", {}, "PSK-SRC-132", "gives nothing"),
        ("shop", {}, "PSK-SRC-132", "2 resources: say which"),
        ("shop", {"resource": "user"}, "PSK-SRC-132", "no resource `user`"),
        ("alone", {}, "PSK-SRC-132", "nothing feeds it"),
        ("steps/none.py:x", {}, "PSK-SRC-132", "no file `steps/none.py`"),
        ("no_such_package:x", {}, "PSK-SRC-132", "no module `no_such_package`"),
        ("numbers", {"arguments": {"cnt": 1}}, "PSK-SRC-131", "cnt"),
    ],
)
def test_what_cannot_be_read_is_told(read, root, name, options, code, said):
    with pytest.raises((StepFailed, SourceUnavailable)) as told:
        read(name, **options)
    assert told.value.code == code, told.value.message
    assert said in told.value.message
    assert "Traceback" not in told.value.message
    landed = root / ".penstock" / "landed" / "rows"
    assert code == "PSK-SRC-136" or not list(landed.glob("*/*.ndjson"))


def test_a_module_that_is_missing_in_the_users_file_is_named(read, root):
    (root / "steps" / "needy.py").write_text("import no_such_thing\n", encoding="utf-8")
    with pytest.raises(StepFailed) as told:
        read("steps/needy.py:x")
    assert "no_such_thing" in told.value.message
    assert (told.value.span.file, told.value.span.line) == ("steps/needy.py", 1)


def test_without_the_package_the_extra_is_named(read, tmp_path, monkeypatch):
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "dlt.py").write_text("raise ImportError('not here')\n")
    monkeypatch.syspath_prepend(tmp_path / "none")
    with pytest.raises(MissingExtra) as told:
        read("numbers")
    assert told.value.hint == "pip install 'penstock[dlt]'"


# -- the rest_api source of dlt, against a real server


@pytest.fixture
def api(httpserver):
    def answer(request):
        if request.headers.get("Authorization") != "Bearer t0ken":
            return Response("who?", 401)
        page = int(request.args.get("page", "1"))
        rows = [{"id": i, "tags": ["a"]} for i in range(page * 10, page * 10 + 10)]
        return Response(json.dumps({"data": rows, "pages": 3}), content_type="application/json")

    httpserver.expect_request("/v1/orders").respond_with_handler(answer)
    return {
        "client": {
            "base_url": httpserver.url_for("/v1/"),
            "auth": {"type": "bearer", "token": "t0ken"},
            "paginator": {"type": "page_number", "base_page": 1, "total_path": "pages"},
        },
        "resources": [{"name": "orders", "endpoint": {"path": "orders", "data_selector": "data"}}],
    }


def test_the_rest_api_source_of_dlt(read, api):
    schema = (*ID, Column("tags", "varchar[]"))
    name = "dlt.sources.rest_api:rest_api_source"
    found, rows = read(name, schema, resource="orders", arguments={"config": api})
    assert rows == [(i, ["a"]) for i in range(10, 40)]
    assert found.rows_in == 30


def test_a_server_that_refuses_is_told_without_the_secret(read, api, monkeypatch):
    monkeypatch.setenv("PENSTOCK_SECRET_KEY", "wr0ng/key")
    api["client"]["auth"]["token"] = "wr0ng"
    api["resources"][0]["endpoint"]["params"] = {"key": "wr0ng/key"}
    with pytest.raises(SourceUnavailable) as told:
        read("dlt.sources.rest_api:rest_api_source", resource="orders", arguments={"config": api})
    assert told.value.code == "PSK-SRC-133"
    assert "401" in told.value.message
    assert "wr0ng" not in told.value.message


def test_memory_does_not_grow_with_what_is_read(root, tmp_path):
    (root / "steps" / "big.py").write_text(
        "import dlt, resource\n"
        "@dlt.resource\n"
        "def rows(count):\n"
        "    for i in range(0, count, 1000):\n"
        "        yield [{'id': i + n, 'text': 'x' * 200} for n in range(1000)]\n"
        "    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "    yield {'id': -1, 'text': str(most)}\n",
        encoding="utf-8",
    )
    found = []
    for count in (1000, 400_000):
        options = {"source": "steps/big.py:rows", "arguments": {"count": count}}
        part = DltSource(Read("rows", "dlt", options, ID), root).plan()
        last = Path(part.files[-1].path).read_bytes().splitlines()[-1]
        found.append(int(json.loads(last)["text"]) / 1024)
    assert len(part.files) == 2  # of 64 MB
    assert found[1] - found[0] < 40


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_killed_run_leaves_no_process_behind(root):
    (root / "steps" / "slow.py").write_text(
        "import os, pathlib, time\n"
        "def rows():\n"
        "    pathlib.Path('pid').write_text(str(os.getpid()))\n"
        "    yield {'id': 1}\n"
        "    time.sleep(60)\n",
        encoding="utf-8",
    )
    code = (
        "from pathlib import Path; from penstock.program import Read;"
        "from penstock.runtime.sources.dlt.source import DltSource;"
        "DltSource(Read('r', 'dlt', {'source': 'steps/slow.py:rows'}, ()), Path('.')).plan()"
    )
    run = subprocess.Popen([sys.executable, "-c", code], cwd=root, env={**os.environ})
    try:
        pid = _until(lambda: (root / "pid").is_file() and (root / "pid").read_text())
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert _until(lambda: not _lives(int(pid)))


def _lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _until(ask, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ask():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")
