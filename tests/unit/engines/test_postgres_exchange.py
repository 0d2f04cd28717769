"""Rows go to PostgreSQL and back exactly, of every type that it has, or not at all."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from penstock.errors import StepFailed
from penstock.program import Column
from penstock.runtime.engines.postgres.server import DSN, Server
from penstock.runtime.engines.postgres.workshop import Workshop


class Here:
    """DuckDB, as the workshop sees it."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")

    def execute(self, sql, _doing=""):
        return self._connection.execute(sql)

    def put(self, name, table):
        self._connection.register("given", table)
        self._connection.execute(f"CREATE TABLE {name} AS FROM given")
        self._connection.unregister("given")


class Trip:
    """There and back."""

    def __init__(self, workshop, here) -> None:
        self.workshop, self.here = workshop, here
        self._numbers = itertools.count()

    def name(self):
        return f"t{next(self._numbers)}"

    def back(self, name, columns):
        """The rows as text, after they were there."""
        self.workshop.take([name])
        self.workshop.create(f"{name}_there", f"SELECT * FROM {name}", materialize=True)
        self.workshop.give(f"{name}_there", columns)
        return self.rows(f"{name}_there")

    def rows(self, name):
        return self.here.execute(
            f"SELECT * FROM (SELECT COLUMNS(*)::VARCHAR FROM {name}) ORDER BY k::BIGINT"
        ).fetchall()


@pytest.fixture(scope="module")
def trip(postgres_server, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(DSN, f"host={postgres_server} user=postgres dbname=postgres")
        server = Server(tmp_path_factory.mktemp("work"))
    here = Here()
    yield Trip(Workshop(here, server), here)
    server.close()


TEXTS = some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
MOMENTS = some.datetimes()
KINDS = {
    "boolean": (pa.bool_(), some.booleans()),
    "smallint": (pa.int16(), some.integers(-(2**15), 2**15 - 1)),
    "integer": (pa.int32(), some.integers(-(2**31), 2**31 - 1)),
    "bigint": (pa.int64(), some.integers(-(2**63), 2**63 - 1)),
    "double": (pa.float64(), some.floats(allow_nan=False) | some.just(math.nan)),
    "decimal(38,10)": (
        pa.decimal128(38, 10),
        some.integers(-(10**38) + 1, 10**38 - 1).map(lambda n: Decimal(f"{n}e-10")),
    ),
    "varchar": (
        pa.string(),
        TEXTS | some.sampled_from(["", "\\N", "\\.", "\r\n", "a\n\\.\nb", '"']),
    ),
    "blob": (pa.binary(), some.binary(max_size=20)),
    "date": (pa.date32(), some.dates()),
    "timestamp": (pa.timestamp("us"), MOMENTS),
    "timestamptz": (
        pa.timestamp("us", "UTC"),
        MOMENTS.map(lambda m: m.replace(tzinfo=dt.UTC)),
    ),
    "time": (pa.time64("us"), some.times()),
}


@some.composite
def tables(draw):
    """Columns of every type, and of lists of each, NULLs among them."""
    count = draw(some.integers(1, 5))
    columns, schema = {"k": pa.array(range(count), pa.int64())}, [Column("k", "bigint")]
    for i, (name, (kind, values)) in enumerate(KINDS.items()):
        one = some.none() | values
        columns[f"v{i}"] = pa.array([draw(one) for _ in range(count)], kind)
        lists = some.none() | some.lists(one, max_size=3)
        columns[f"l{i}"] = pa.array([draw(lists) for _ in range(count)], pa.list_(kind))
        schema += [Column(f"v{i}", name), Column(f"l{i}", f"{name}[]")]
    return pa.table(columns), schema


@settings(
    max_examples=12, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck)
)
@given(tables())
def test_every_type_there_and_back(trip, drawn):
    table, schema = drawn
    name = trip.name()
    trip.here.put(name, table)
    assert trip.back(name, schema) == trip.rows(name)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("'infinity'", "date"),
        ("'-infinity'", "date"),
        ("'0044-03-15 (BC)'", "date"),
        ("'4713-01-01 (BC)'", "date"),
        ("'0001-12-31 (BC)'", "date"),
        ("'5874897-12-31'", "date"),
        ("'infinity'", "timestamp"),
        ("'0044-03-15 (BC) 01:02:03.000001'", "timestamp"),
        ("'294246-12-31 23:59:59.999999'", "timestamp"),
        ("'-infinity'", "timestamptz"),
        ("'0044-03-15 (BC) 01:02:03+00'", "timestamptz"),
        ("'24:00:00'", "time"),
        ("5e-324", "double"),
        ("'-0.0'", "double"),
        ("'nan'", "double"),
        ("repeat('é', 2000000)", "varchar"),
        (r"""'{"a": [1, null], "b": "x\u0000y"}'""", "json"),
        ("'null'", "json"),
        ("""['{"a":1}'::JSON, NULL]""", "json[]"),
        ("['infinity'::DATE, NULL]", "date[]"),
    ],
)
def test_what_lies_at_an_edge(trip, value, kind):
    name = trip.name()
    trip.here.execute(f"CREATE TABLE {name} AS SELECT 1 AS k, CAST({value} AS {kind}) AS v")
    before = trip.rows(name)
    assert trip.back(name, [Column("k", "integer"), Column("v", kind)]) == before


@pytest.mark.parametrize(
    ("value", "kind", "says"),
    [
        ("'5000-01-01 (BC)'", "date", "out of range"),
        ("'5881580-07-10'", "date", "out of range"),
        ("'a' || chr(0)", "varchar", "0x00"),
        ("[chr(0)]", "varchar[]", "Unicode escape"),
    ],
)
def test_what_postgresql_cannot_hold_is_told(trip, value, kind, says):
    name = trip.name()
    trip.here.execute(f"CREATE TABLE {name} AS SELECT 1 AS k, CAST({value} AS {kind}) AS v")
    with pytest.raises(StepFailed, match=says):
        trip.workshop.take([name])


def test_names_that_would_be_cut_stay_behind(trip):
    name = trip.name()
    long = "n" * 63
    trip.here.execute(
        f"CREATE TABLE {name} AS SELECT 1 AS k, 2 AS {long}, 3 AS {long}a, 4 AS {long}b"
    )
    trip.workshop.take([name])
    (row,) = trip.workshop.rows(f"SELECT * FROM {name}")
    assert row == {"k": 1, long: 2}
