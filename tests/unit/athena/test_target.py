"""Tables of the Glue catalog: what Athena reads of them, and what is left when a run is cut off."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from athena import Asking

from penstock.errors import Conflict, LoadFailed
from penstock.program import Column, Load
from penstock.runtime import registry
from penstock.runtime.storage import open_store
from penstock.runtime.targets.athena.catalogue import Catalogue
from penstock.runtime.targets.athena.options import AthenaTargetOptions
from penstock.runtime.targets.athena.target import AthenaTarget
from penstock.runtime.targets.base import Upkeep

SCHEMA = (Column("id", "integer"), Column("part", "varchar"), Column("note", "varchar"))
FORMATS = ("parquet", "orc", "iceberg")


class Table:
    def __init__(self, root, engine):
        self.root, self.engine = root, engine
        self.name = f"t{uuid.uuid4().hex[:10]}"
        self.options = {
            "table": self.name, "database": "contract", "path": f"s3://acme-lake/{self.name}",
        }  # fmt: skip
        self.load = Load("shown", "rows", "athena", self.options, SCHEMA)
        self.store = open_store(self.options["path"], root)
        self.ask = Asking("contract")

    def target(self, **load):
        options = {**self.options, **load.pop("options", {})}
        return AthenaTarget(replace(self.load, options=options, **load), self.root)

    def stage(self, rows, key, **load):
        schema = load.get("schema", SCHEMA)
        values = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
        casts = ", ".join(f'CAST("{c.name}" AS {c.type}) AS "{c.name}"' for c in schema)
        names = ", ".join(f'"{c.name}"' for c in schema)
        sql = f"SELECT {casts} FROM (VALUES {values}) AS v({names})"
        self.engine.create("rows", sql, materialize=True)
        return self.target(**load).stage(self.engine, "rows", key)

    def publish(self, rows, key, **load):
        return self.target(**load).commit(self.stage(rows, key, **load))

    def seen(self, columns="id, part, note"):
        """What Athena reads."""
        return sorted(self.ask.rows(f"SELECT {columns} FROM {self.name}"), key=str)

    def glue(self):
        return self.ask.glue.get_table(DatabaseName="contract", Name=self.name)["Table"]

    def partitions(self):
        found = self.ask.glue.get_partitions(DatabaseName="contract", TableName=self.name)
        return sorted(tuple(p["Values"]) for p in found["Partitions"])


def literal(value):
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


@pytest.fixture
def engine(tmp_path):
    made = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=1)
    yield made
    made.close()


@pytest.fixture
def table(tmp_path, engine, sandbox):
    return Table(tmp_path, engine)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("part", [(), ("part",)])
def test_athena_reads_what_was_published_last(table, form, part):
    load = {"options": {"format": form}, "partition_by": part}
    table.publish([(1, "a b", "x"), (2, "c", None)], "k1", mode="append", **load)
    table.publish([(3, "c", "z")], "k2", mode="append", **load)
    assert table.seen() == [["1", "a b", "x"], ["2", "c", None], ["3", "c", "z"]]
    table.publish([(4, "d", "w")], "k3", mode="overwrite", **load)
    assert table.seen() == [["4", "d", "w"]]
    if part and form != "iceberg":
        assert table.partitions() == [("d",)]


@pytest.mark.parametrize("form", FORMATS)
def test_a_merge_and_partitions_that_are_replaced(table, form):
    load = {"options": {"format": form}, "partition_by": ("part",)}
    table.publish([(1, "a", "x"), (2, "b", "y")], "k1", mode="append", **load)
    merge = {"mode": "merge", "keys": ("id",)}
    table.publish([(2, "b", "new"), (3, None, "z")], "k2", **merge, **load)
    assert table.seen() == [["1", "a", "x"], ["2", "b", "new"], ["3", None, "z"]]
    table.publish([(9, "a", "only")], "k3", mode="overwrite_partitions", **load)
    assert table.seen() == [["2", "b", "new"], ["3", None, "z"], ["9", "a", "only"]]


@pytest.mark.parametrize("form", FORMATS)
def test_new_columns_and_wider_types(table, form):
    load = {"options": {"format": form}, "partition_by": ("part",), "mode": "append"}
    table.publish([(1, "a", "x"), (2, "b", "y")], "k1", **load)
    wide = (Column("id", "bigint"), *SCHEMA[1:], Column("more", "date"))
    table.publish([(2**40, "b", "z", "2026-01-01")], "k2", schema=wide, **load)
    assert table.seen("id, part, more") == [
        ["1", "a", None], [str(2**40), "b", "2026-01-01"], ["2", "b", None],
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["parquet", "iceberg"])
def test_an_older_version_is_shown_again(table, form):
    load = {"options": {"format": form}}
    first = table.publish([(1, "a", "x")], "k1", **load)
    table.publish([(2, "b", "y")], "k2", **load)
    table.target(**load).restore(first.version, "k3")
    assert table.seen() == [["1", "a", "x"]]


def test_small_files_written_together_are_shown(table):
    load = {"mode": "append", "partition_by": ("part",)}
    for n in range(3):
        done = table.publish([(n, "a", "x")], f"k{n}", **load)
    before = len(table.store and [e for e in table.store.list() if "part-" in e.path])
    kept = table.target(**load).maintain(table.engine, Upkeep(keep_days=0), "m1")
    assert kept.files_compacted == 3
    assert before == 3
    assert table.seen("id") == [["0"], ["1"], ["2"]]
    assert table.target(**load).holds(done.version)


def test_a_run_that_was_cut_off_before_the_catalog_shows_its_version(table, monkeypatch):
    load = {"mode": "append", "partition_by": ("part",)}
    table.publish([(1, "a", "x")], "k1", **load)
    staged = table.stage([(2, "a", "y"), (3, "b", "z")], "k2", **load)
    with monkeypatch.context() as patch:
        patch.setattr(Catalogue, "_update", killed)
        with pytest.raises(KeyboardInterrupt):
            table.target(**load).commit(staged)
    version = table.target(**load).versions()[0].version
    assert not table.target(**load).holds(version), "the catalog does not show it yet"
    done = table.target(**load).commit(staged)
    assert done.version == version
    assert table.target(**load).holds(version)
    assert table.seen() == [["1", "a", "x"], ["2", "a", "y"], ["3", "b", "z"]]
    assert table.partitions() == [("a",), ("b",)]


def killed(*_):
    raise KeyboardInterrupt


@pytest.mark.parametrize("form", ["parquet", "iceberg"])
def test_two_runs_at_once(table, form):
    load = {"mode": "append", "options": {"format": form}}
    one, two = (table.stage([(n, "a", "x")], f"k{n}", **load) for n in (1, 2))
    table.target(**load).commit(two)
    table.target(**load).commit(one)
    assert table.seen("id") == [["1"], ["2"]]
    over = {"options": {"format": form}}
    staged = table.stage([(9, "a", "x")], "k9", **over)
    table.publish([(3, "a", "x")], "k3", **load)
    with pytest.raises(Conflict):
        table.target(**over).commit(staged)
    assert table.seen("id") == [["1"], ["2"], ["3"]]


def test_a_catalog_table_that_others_keep_changing(table, monkeypatch):
    table.publish([(1, "a", "x")], "k1")
    staged = table.stage([(2, "b", "y")], "k2")
    update = Catalogue._update

    def late(self, seen, wanted):
        input_ = {
            k: v
            for k, v in table.glue().items()
            if k in {"Name", "StorageDescriptor", "Parameters", "PartitionKeys"}
        }
        table.ask.glue.update_table(DatabaseName="contract", TableInput=input_)
        update(self, seen, wanted)

    with monkeypatch.context() as patch:
        patch.setattr(Catalogue, "_update", late)
        with pytest.raises(Conflict, match="kept on changing"):
            table.target().commit(staged)
    table.target().commit(staged)
    assert table.seen("id") == [["2"]]


def test_partitions_that_athena_computes(table):
    load = {"mode": "append", "partition_by": ("day", "n", "part"),
            "options": {"partition_projection": True}}  # fmt: skip
    schema = (
        Column("id", "integer"),
        Column("day", "date"),
        Column("n", "integer"),
        Column("part", "varchar"),
    )
    table.publish([(1, "2026-01-05", -3, "a")], "k1", schema=schema, **load)
    table.publish([(2, "2025-12-31", 7, "b")], "k2", schema=schema, **load)
    assert table.seen("id, day, n, part") == [
        ["1", "2026-01-05", "-3", "a"],
        ["2", "2025-12-31", "7", "b"],
    ]
    told = table.glue()["Parameters"]
    assert told["projection.day.range"] == "2025-12-31,2026-01-05"
    assert told["projection.n.range"] == "-3,7"
    assert told["projection.part.values"] == "a,b"
    assert table.partitions() == []
    for bad in ([(3, None, 1, "a")], [(3, "2026-01-01", 1, "a b")]):
        with pytest.raises(LoadFailed) as error:
            table.stage(bad, "k3", schema=schema, **load)
        assert error.value.code == "PSK-TGT-152"
        table.target(schema=schema, **load).abandon("k3")
    assert len(table.seen("id")) == 2


def test_an_overwrite_with_other_partitions_makes_the_table_anew(table):
    table.publish([(1, "a", "x")], "k1", partition_by=("part",))
    table.publish([(2, "b", "y")], "k2", partition_by=("note",))
    assert table.seen() == [["2", "b", "y"]]
    assert table.partitions() == [("y",)]


def test_a_table_that_was_dropped_is_made_again(table):
    done = table.publish([(1, "a", "x"), (2, "b", "y")], "k1", partition_by=("part",))
    table.ask.glue.delete_table(DatabaseName="contract", Name=table.name)
    assert not table.target(partition_by=("part",)).holds(done.version)
    table.publish([(3, "c", "z")], "k2", mode="append", partition_by=("part",))
    assert len(table.seen()) == 3


@pytest.mark.parametrize("form", ["parquet", "iceberg"])
def test_another_programs_table_is_left_alone(table, form):
    made = {"Name": table.name, "Parameters": {"made": "by hand"}}
    table.ask.glue.create_table(DatabaseName="contract", TableInput=made)
    with pytest.raises(LoadFailed) as told:
        table.publish([(1, "a", "x")], "k1", options={"format": form})
    assert told.value.code == "PSK-TGT-150"
    assert table.glue()["Parameters"] == {"made": "by hand"}


def test_a_database_that_is_not_there(table):
    with pytest.raises(LoadFailed) as told:
        table.stage([(1, "a", "x")], "k1", options={"database": "nowhere"})
    assert told.value.code == "PSK-TGT-150"


def test_columns_that_athena_cannot_read(table):
    for schema, code in (
        ((Column("a", "integer"), Column("t", "time")), "PSK-TGT-151"),
        ((Column("a", "integer"), Column("A", "integer")), "PSK-TGT-105"),
    ):
        with pytest.raises(LoadFailed) as told:
            table.target(schema=schema).stage(table.engine, "rows", "k1")
        assert told.value.code == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("path: here", "PSK-TGT-025"),
        ("path: 's3://b'", "PSK-TGT-025"),
        ("path: 's3://b/p', format: iceberg, partition_projection: true", "PSK-TGT-025"),
        ("path: 's3://b/p', partition_by: [seen]", "PSK-TGT-015"),
        ("path: 's3://b/p', partition_by: ['day(seen)'], format: iceberg", None),
        ("path: 's3://b/p', sort_by: [nothing]", "PSK-TGT-011"),
        ("path: 's3://b/p', workgroup: reports, partition_by: [id]", None),
    ],
)
def test_the_options_in_a_pipeline_file(tmp_path, text, code):
    from penstock.compiler import compile_definition
    from penstock.errors import InvalidDefinition
    from penstock.spec import load_definition

    (tmp_path / "data.csv").write_text("id,seen\n1,2026-01-01\n")
    (tmp_path / "pipeline.yaml").write_text(
        "name: shop\n"
        "sources: {a: {connector: file, path: data.csv, schema: {id: integer, seen: timestamp}}}\n"
        "targets: {t: {from: a, connector: athena, mode: append, table: t, database: d, "
        f"{text}}}}}\n"
    )
    try:
        definition = load_definition(tmp_path, environment={})
        found = compile_definition(definition).diagnostics
    except InvalidDefinition as error:
        found = error.diagnostics
    assert [d.code for d in found if d.severity == "error"] == ([code] if code else [])
    told = [d for d in found if d.code == "PSK-TGT-016"]
    assert bool(told) == ("partition_by" in text and "iceberg" not in text and not code)
    assert all(d.severity == "info" for d in told)


def test_the_name_of_a_table_is_the_catalogs():
    assert (
        AthenaTargetOptions(table="t", database="d", path="s3://b/p").of_lake()["path"]
        == "s3://b/p"
    )
