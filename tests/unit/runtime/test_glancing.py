"""Columns are told from a part of a large object as from all of it, and else from all of it."""

from __future__ import annotations

import gzip
import uuid

import duckdb
import pytest

from penstock.program import Column, Read
from penstock.runtime.engines.duckdb import sniffing
from penstock.runtime.sources.s3 import glancing
from penstock.runtime.sources.s3.source import S3Source
from penstock.runtime.storage import open_store

SCHEMA = (Column("id", "integer"), Column("name", "varchar"))


@pytest.fixture
def small(monkeypatch):
    """What is large is small here, so that tests are quick."""
    monkeypatch.setattr(glancing, "ENOUGH", 20_000)
    monkeypatch.setattr(glancing, "FOOTER", 1_000)
    monkeypatch.setattr(sniffing, "ROWS", 500)
    monkeypatch.setattr("penstock.runtime.sources.s3.source.SMALL_BYTES", 4_000)


class Looking:
    """A source over one object, and what is fetched of it."""

    def __init__(self, folder, monkeypatch, name, data, **options):
        place = f"s3://acme-lake/{uuid.uuid4().hex}"
        self.size = len(data)
        open_store(place, folder).put(name, data)
        options = {"path": f"{place}/{name}", **options}
        read = Read("orders", "s3", options, SCHEMA, schema_evolution="add")
        self.source = S3Source(read, folder)
        self.whole = 0
        fetch = self.source._store.download

        def counted(*args, **more):
            self.whole += 1
            return fetch(*args, **more)

        monkeypatch.setattr(self.source._store, "download", counted)

    def columns(self, *, grow=False):
        (found,) = self.source.shapes(SCHEMA, grow=grow)
        return {c.name: c.type for c in found.shape.columns}, dict(found.shape.grown)

    def needs_all(self, *, grow=False):
        return bool(self.source.fetched_to_look(self.source.stamped(), grow=grow))


@pytest.fixture
def looking(aws, tmp_path, monkeypatch, small):
    return lambda name, data, **options: Looking(tmp_path, monkeypatch, name, data, **options)


def csv(rows, header="id,name,when,what", text="plain"):
    body = "".join(f"{i},{text},2026-01-{i % 28 + 1:02d},{i}\n" for i in range(rows))
    return f"{header}\n{body}".encode()


def test_the_beginning_of_a_csv_is_enough(looking):
    at = looking("orders.csv", csv(5000) + b"broken,far,behind,what is looked at\n")
    assert at.columns()[0] == {"id": "", "name": "", "when": "date", "what": "bigint"}
    assert at.whole == 0
    assert not at.needs_all()


def test_values_are_looked_at_in_all_of_it(looking):
    at = looking("orders.csv", csv(5000) + b"99999999999,late,2026-01-01,1\n")
    assert at.needs_all(grow=True)
    assert at.columns(grow=True)[1] == {"id": "bigint"}
    assert at.whole == 1


def test_records_over_many_lines_are_not_cut(looking):
    text = '"over\n\n\n\n\nlines, and more"'
    at = looking("orders.csv", csv(5000, text=text))
    assert at.columns()[0]["when"] == "date"
    assert at.whole == 0 or at.whole == 1
    few = looking("few.csv", csv(600, text='"' + "\n" * 200 + '"'))
    assert few.columns()[0] == {"id": "", "name": "", "when": "date", "what": "bigint"}
    assert few.whole == 1  # as many lines, but too few records


@pytest.mark.parametrize("options", [{"quote": "'"}, {"quote": '"', "escape": "\\"}])
def test_other_quotes_are_looked_at_whole(looking, options):
    at = looking("orders.csv", csv(5000), options=options)
    assert at.columns()[0]["when"] == "date"
    assert at.whole == 1


def test_what_is_packed_is_looked_at_whole(looking):
    at = looking("orders.csv.gz", gzip.compress(csv(50_000), 1))
    assert at.needs_all()
    assert at.columns()[0]["when"] == "date"
    assert at.whole == 1
    disguised = looking("orders.csv", gzip.compress(csv(50_000), 1))
    assert disguised.columns()[0]["when"] == "date"
    assert disguised.whole == 1


def test_a_key_may_come_in_the_last_record(looking):
    at = looking("orders.ndjson", b'{"id": 1}\n' * 5000 + b'{"id": 2, "late": "x"}\n')
    assert at.needs_all()
    assert at.columns()[0] == {"id": "", "late": "varchar"}


@pytest.fixture
def parquet(tmp_path):
    def written(columns):
        path = tmp_path / "made.parquet"
        more = ", ".join(f"i AS a_column_with_a_name_{n}" for n in range(columns))
        duckdb.sql(
            f"COPY (SELECT i::BIGINT AS id, hash(i)::VARCHAR AS name, DATE '2026-01-01' AS day, {more} "
            f"FROM range(3000) t(i)) TO '{path}' (FORMAT parquet)"
        )
        return path.read_bytes()

    return written


@pytest.mark.parametrize("columns", [1, 60])  # a footer that is at hand, and one that is longer
@pytest.mark.parametrize("grow", [False, True])
def test_the_end_of_a_parquet_file_is_enough(looking, parquet, columns, grow):
    at = looking("orders.parquet", parquet(columns))
    found, grown = at.columns(grow=grow)
    assert found["day"] == "date"
    assert len(found) == columns + 3
    assert grown == ({"id": "bigint"} if grow else {})
    assert at.whole == 0
    assert not at.needs_all(grow=grow)


def test_what_is_no_parquet_file_is_fetched_and_told_by_the_run(looking):
    at = looking("orders.parquet", csv(5000))
    assert at.source.shapes(SCHEMA, grow=False) == []
    assert at.whole == 1


def test_an_object_that_changes_meanwhile_is_refused(looking):
    from penstock.errors import SourceUnavailable

    at = looking("orders.csv", csv(5000))
    files = at.source.stamped()
    at.source._store.put(at.source._key(files[0]), csv(5001))
    with pytest.raises(SourceUnavailable):
        at.source.shapes(SCHEMA, grow=False, some=files)
