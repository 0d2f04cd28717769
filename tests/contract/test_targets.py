"""What every target promises to the run loop and to readers.

A new target joins by one line in `TARGETS`: its connector, and options of a place below the
root. What it is asked follows from the `capabilities` of its options.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict

import duckdb
import pytest

from penstock.errors import Conflict, LoadFailed, SourceUnavailable
from penstock.program import Column, Load
from penstock.runtime import registry
from penstock.runtime.storage import is_remote, open_store
from penstock.runtime.targets.base import Published, Staged
from penstock.runtime.targets.redshift.data_api import DataApi

TARGETS = {
    "file": ("file", {"path": "out/rows.csv"}),
    "lake parquet": ("lake", {"path": "out/table"}),
    "lake orc": ("lake", {"path": "out/table", "format": "orc"}),
    "lake delta": ("lake", {"path": "out/table", "format": "delta"}),
    "lake iceberg": ("lake", {"path": "out/table", "format": "iceberg"}),
    "s3 parquet": ("lake", {"path": "s3://acme-lake/{place}/table"}),
    "s3 orc": ("lake", {"path": "s3://acme-lake/{place}/table", "format": "orc"}),
    "s3 delta": ("lake", {"path": "s3://acme-lake/{place}/table", "format": "delta"}),
    "athena parquet": (
        "athena",
        {"table": "t_{place}", "database": "contract", "path": "s3://acme-lake/{place}/table"},
    ),
    "athena iceberg": (
        "athena",
        {
            "table": "t_{place}",
            "database": "contract",
            "path": "s3://acme-lake/{place}/table",
            "format": "iceberg",
        },
    ),
    "redshift": (
        "redshift",
        {
            "table": "t_{place}",
            "database": "dev",
            "workgroup": "contract",
            "staging": "s3://acme-lake/{place}/rows",
        },
    ),
    "s3 iceberg": ("lake", {"path": "s3://acme-lake/{place}/table", "format": "iceberg"}),
}

SCHEMA = (
    Column("id", "integer"),
    Column("name", "varchar"),
    Column("price", "decimal(10,2)"),
    Column("day", "date"),
    Column("seen", "timestamp"),
)
ROWS = [
    (1, "plain", "1.50", "2026-01-01", "2026-01-01 05:00:00.123456"),
    (2, 'quoted "x", and\na new line', "-0.01", "2024-02-29", "1969-12-31 23:59:59"),
    (3, "日本 é ½", None, None, None),
    (4, None, "99999999.99", "0001-01-01", "2262-04-10 23:59:59"),
]


class Place:
    """A target in a folder, and rows to publish there."""

    def __init__(self, entry, root, engine):
        self.entry = entry
        self.connector, options = TARGETS[entry]
        place = uuid.uuid4().hex
        self.options = {k: v.format(place=place) for k, v in options.items()}
        path = self.options.get("path") or self.options["staging"]
        self.store = open_store(path, root) if is_remote(path) else None
        # A warehouse has the rows, and what was staged goes once they are loaded.
        self.keeps_files = self.connector != "redshift"
        # What a user calls the place.
        self.location = self.options.get("path") or f"dev.public.{self.options['table']}"
        self.root = root
        self.engine = engine

    def open(self, *, mode="overwrite", schema=SCHEMA, **load):
        """A new object each time: a target keeps nothing in memory."""
        load = Load(
            target="published",
            dataset="rows",
            connector=self.connector,
            options={**self.defaults(), **self.options},
            schema=tuple(schema),
            mode=mode,
            **load,
        )
        return registry.target(self.connector)(load, self.root)

    def defaults(self):
        options = registry.load(registry.TARGETS[self.connector].options)
        return {k: v for k, v in asdict(options(**self.options)).items() if k != "path"}

    def lose_rows(self):
        """What readers see goes away, by another hand."""
        if self.connector == "redshift":
            options = registry.load(registry.TARGETS["redshift"].options)(**self.options)
            DataApi(options).run(f"DELETE FROM {self.options['table']}")
        for path in self.files():
            if "_penstock" not in path.split("/"):
                self.delete(path)

    def relation(self, rows, schema=SCHEMA):
        """Make the relation `rows` and give its name."""
        values = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
        names = ", ".join(quote(c.name) for c in schema)
        casts = ", ".join(f"CAST({n} AS {c.type}) AS {n}" for c in schema for n in [quote(c.name)])
        empty = ", ".join("NULL" for _ in schema)
        source = f"(VALUES {values})" if rows else f"(SELECT {empty} WHERE false)"
        self.engine.create("rows", f"SELECT {casts} FROM {source} AS v({names})", materialize=True)
        return "rows"

    def stage(self, rows, key, **load):
        return self.open(**load).stage(
            self.engine, self.relation(rows, load.get("schema", SCHEMA)), key
        )

    def stage_part(self, rows, key, part, *, alone=False, **load):
        target = self.open(**load)
        assert target.joins_now()
        return target.stage_part(self.engine, self.relation(rows), key, part, alone=alone)

    def publish(self, rows, key, **load):
        return self.open(**load).commit(self.stage(rows, key, **load))

    def read(self, version=None):
        """What readers see, sorted by id."""
        with duckdb.connect() as con:
            found = con.execute(f"SELECT * FROM {self.open().relation(version)} AS t").fetchall()
        return sorted(found, key=str)

    def types(self):
        with duckdb.connect() as con:
            rows = con.execute(f"DESCRIBE SELECT * FROM {self.open().relation()} AS t").fetchall()
        return [(r[0], r[1].lower()) for r in rows]

    def files(self):
        """Every file of the target: its path → its bytes."""
        if self.store is not None:
            return {e.path: e.size for e in self.store.list()}
        found = (p for p in self.root.rglob("*") if p.is_file() and ".penstock" not in p.parts)
        return {p.relative_to(self.root).as_posix(): p.stat().st_size for p in found}

    def delete(self, path):
        if self.store is not None:
            self.store.delete([path])
        else:
            (self.root / path).unlink()


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def literal(value):
    if value is None:
        return "NULL"
    return "'" + str(value).replace("'", "''") + "'"


def expected(rows, schema=SCHEMA):
    with duckdb.connect() as con:
        found = [
            con.execute(
                "SELECT " + ", ".join(f"CAST(? AS {c.type})" for c in schema), list(row)
            ).fetchone()
            for row in rows
        ]
    return sorted(found, key=str)


@pytest.fixture
def engine(tmp_path):
    made = registry.engine("duckdb")(work=tmp_path / "work", memory_bytes=None, threads=1)
    yield made
    made.close()


def joining(*modes):
    """Only the targets that publish as one what several processes staged, in some mode."""
    cases = [(n, mode) for n in sorted(TARGETS) for mode in modes if mode in capabilities(n).joins]
    return pytest.mark.parametrize(("place", "mode"), cases, indirect=["place"])


def having(mode):
    """Only the targets that have a mode."""
    names = [n for n in sorted(TARGETS) if mode in capabilities(n).modes]
    return pytest.mark.parametrize("place", names, indirect=True)


def capabilities(entry):
    connector, _ = TARGETS[entry]
    return registry.load(registry.TARGETS[connector].options).capabilities


@pytest.fixture(params=sorted(TARGETS))
def place(request, tmp_path, engine):
    (tmp_path / "root").mkdir()
    if request.param.startswith("s3"):
        request.getfixturevalue("aws")
    if request.param.startswith(("redshift", "athena")):
        request.getfixturevalue("sandbox")
    return Place(request.param, tmp_path / "root", engine)


def test_nothing_published(place):
    target = place.open()
    assert not target.holds("any")
    assert not target.published()
    target.abandon("never-staged")
    with pytest.raises(SourceUnavailable) as told:
        target.relation()
    assert place.location in told.value.message
    assert place.files() == {}


def test_rows_come_back_exactly(place):
    done = place.publish(ROWS, "k1")
    assert place.read() == expected(ROWS)
    assert done.rows_loaded == len(ROWS)
    assert done.files >= 1
    assert done.bytes > 0
    assert done.location == place.location
    assert place.types() == [
        ("id", "integer"),
        ("name", "varchar"),
        ("price", "decimal(10,2)"),
        ("day", "date"),
        ("seen", "timestamp"),
    ]


def test_staged_rows_are_invisible(place):
    place.publish(ROWS[:1], "k1")
    place.stage(ROWS, "k2")
    assert place.read() == expected(ROWS[:1])


def test_staged_rows_of_a_first_run_are_invisible(place):
    place.stage(ROWS, "k1")
    with pytest.raises(SourceUnavailable):
        place.open().relation()


def test_commit_needs_only_what_the_ledger_kept(place):
    staged = place.stage(ROWS, "k1")
    place.engine.close()
    kept = Staged(**json.loads(json.dumps(asdict(staged))))
    assert kept == staged, "detail is not plain JSON"
    assert isinstance(place.open().commit(kept), Published)
    assert place.read() == expected(ROWS)


def test_commit_twice_changes_nothing(place):
    staged = place.stage(ROWS, "k1")
    first = place.open().commit(staged)
    before = place.files()
    assert place.open().commit(staged) == first
    assert place.files() == before
    assert place.read() == expected(ROWS)


def test_run_repeated_after_its_commit_was_not_recorded(place):
    first = place.publish(ROWS, "k1")
    assert place.publish(ROWS, "k1").rows_loaded == first.rows_loaded
    assert place.read() == expected(ROWS)


def test_staged_twice_then_committed(place):
    place.stage(ROWS, "k1")  # and killed
    done = place.publish(ROWS, "k1")
    assert done.rows_loaded == len(ROWS)
    assert place.read() == expected(ROWS)


def test_abandon_leaves_no_rows_behind(place):
    place.publish(ROWS[:2], "k1")
    before = place.files()
    staged = place.stage(ROWS, "k2")
    place.open().abandon("k2")
    after = {p: n for p, n in place.files().items() if not p.endswith("/lock")}
    assert after == {p: n for p, n in before.items() if not p.endswith("/lock")}
    with pytest.raises(Conflict):
        place.open().commit(staged)
    assert place.read() == expected(ROWS[:2])


def test_abandon_never_touches_what_was_published(place):
    done = place.publish(ROWS, "k1")
    place.open().abandon("k1")
    assert place.read() == expected(ROWS)
    assert place.open().holds(done.version)


def test_overwrite_replaces(place):
    old = place.publish(ROWS[:2], "k1")
    new = place.publish(ROWS[2:], "k2")
    assert place.read() == expected(ROWS[2:])
    assert new.version != old.version
    assert place.open().holds(new.version)
    assert not place.open().holds(old.version)


def test_deleted_files_are_noticed(place):
    done = place.publish(ROWS, "k1")
    place.lose_rows()
    assert not place.open().holds(done.version)


def test_no_rows(place):
    place.publish(ROWS, "k1")
    assert place.open().published()
    done = place.publish([], "k2")
    assert done.rows_loaded == 0
    assert place.open().published()
    assert place.read() == []
    assert [n for n, _ in place.types()] == [c.name for c in SCHEMA]
    assert place.open().holds(done.version)


def test_no_rows_at_first(place):
    place.publish([], "k1")
    assert place.read() == []


def test_odd_column_names(place):
    schema = (Column('a "b" c', "integer"), Column("é.x", "varchar"), Column("select", "date"))
    rows = [(1, "x", "2026-01-01"), (2, None, None)]
    place.publish(rows, "k1", schema=schema)
    with duckdb.connect() as con:
        got = con.execute(f"SELECT * FROM {place.open(schema=schema).relation()} AS t").fetchall()
    assert sorted(got, key=str) == expected(rows, schema)


def test_many_rows(place):
    place.engine.create(
        "many",
        "SELECT CAST(i AS integer) AS id, 'n' || i AS name, CAST(i AS decimal(10,2)) AS price, "
        "DATE '2026-01-01' AS day, TIMESTAMP '2026-01-01' AS seen FROM range(50000) AS r(i)",
        materialize=False,
    )
    target = place.open()
    assert target.commit(target.stage(place.engine, "many", "k1")).rows_loaded == 50_000
    with duckdb.connect() as con:
        query = f"SELECT count(DISTINCT id), sum(price) FROM {place.open().relation()} AS t"
        assert [int(v) for v in con.execute(query).fetchone()] == [50_000, 1_249_975_000]


def test_staged_files_that_are_gone_are_a_conflict(place):
    """The next run writes them anew; what readers see stands."""
    place.publish(ROWS[:1], "k1")
    before = set(place.files())
    staged = place.stage(ROWS, "k2")
    for path in set(place.files()) - before:
        if "staged" not in path.split("/"):
            place.delete(path)
    with pytest.raises(Conflict) as told:
        place.open().commit(staged)
    assert told.value.hint
    assert place.read() == expected(ROWS[:1])


@having("append")
def test_append_adds(place):
    place.publish(ROWS[:1], "k1", mode="append")
    place.publish(ROWS[1:], "k2", mode="append")
    place.publish(ROWS[1:], "k2", mode="append")  # again, as after a kill
    assert place.read() == expected(ROWS)


@having("merge")
def test_merge_replaces_by_key(place):
    place.publish(ROWS, "k1", mode="merge", keys=("id",))
    changed = [(2, "changed", "2.00", None, None), (9, "new", None, None, None)]
    place.publish(changed, "k2", mode="merge", keys=("id",))
    assert place.read() == expected([ROWS[0], changed[0], *ROWS[2:], changed[1]])


@having("overwrite_partitions")
def test_overwrite_partitions_replaces_those_it_has_rows_for(place):
    load = {"mode": "overwrite_partitions", "partition_by": ("day",)}
    place.publish(ROWS, "k1", **load)
    changed = [(8, "only one now", None, ROWS[0][3], None), (9, "NULL too", None, None, None)]
    place.publish(changed, "k2", **load)
    assert place.read() == expected([*changed, ROWS[1], ROWS[3]])


def test_every_version_is_listed_newest_first(place):
    assert place.open().versions() == []
    first, second = place.publish(ROWS[:1], "k1"), place.publish(ROWS, "k2")
    found = place.open().versions()
    assert found[0].version == second.version
    assert found[0].rows in {None, len(ROWS)}
    assert found[0].published_at.endswith("Z")
    assert found[0].bytes > 0
    if capabilities(place.entry).history is None:
        assert [v.version for v in found] == [second.version, first.version]
        assert [v.key for v in found] == ["k2", "k1"]
        assert [v.rows for v in found] == [len(ROWS), 1]


def test_an_older_version_is_published_again(place):
    first, second = place.publish(ROWS[:2], "k1"), place.publish(ROWS[2:], "k2")
    gap = capabilities(place.entry).history
    if gap is not None:
        with pytest.raises(LoadFailed) as told:
            place.open().restore(first.version, "k3")
        assert told.value.code == gap.code
        assert place.read() == expected(ROWS[2:])
        return
    done = place.open().restore(first.version, "k3")
    assert place.read() == expected(ROWS[:2])
    assert place.open().holds(done.version)
    assert done.rows_loaded == 2
    assert done.version not in {first.version, second.version}
    assert place.open().restore(first.version, "k3") == done
    assert [v.key for v in place.open().versions()] == ["k3", "k2", "k1"]
    assert place.read(second.version) == expected(ROWS[2:]), "what lay between stays"
    place.publish(ROWS[3:], "k4", mode="append")
    assert place.read() == expected([*ROWS[:2], *ROWS[3:]])


def test_a_version_that_never_was_is_not_restored(place):
    with pytest.raises(LoadFailed):
        place.open().restore("000099-nothing", "k1")
    place.publish(ROWS, "k1")
    with pytest.raises(LoadFailed):
        place.open().restore("000099-nothing", "k2")
    assert place.read() == expected(ROWS)


@joining("append", "overwrite")
def test_parts_that_several_staged_are_published_as_one(place, mode):
    place.publish(ROWS[:1], "k1", mode=mode)
    parts = [place.stage_part([row], "k2", f"{n}a", mode=mode) for n, row in enumerate(ROWS[1:])]
    parts.append(place.stage_part([], "k2", "9a", mode=mode))
    assert place.read() == expected(ROWS[:1])
    kept = [Staged(**json.loads(json.dumps(asdict(part)))) for part in parts]
    staged = place.open(mode=mode).join(kept)
    assert staged.rows == 3
    done = place.open(mode=mode).commit(staged)
    assert done.rows_loaded == 3
    assert place.read() == expected(ROWS if mode == "append" else ROWS[1:])
    before = place.files()
    assert place.open(mode=mode).commit(staged) == done
    assert place.files() == before


@joining("overwrite_partitions")
def test_parts_may_share_a_partition(place, mode):
    how = {"mode": mode, "partition_by": ("name",)}
    place.publish(ROWS[:2], "k1", **how)
    parts = [
        place.stage_part([(n, "plain", None, None, None)], "k2", f"{n}a", **how) for n in (8, 9)
    ]
    place.open(**how).commit(place.open(**how).join(parts))
    assert [row[0] for row in place.read()] == [2, 8, 9]


@joining("append")
def test_tries_at_a_part_leave_nothing_behind(place, mode):
    place.publish(ROWS[:1], "k1", mode=mode)
    before = set(place.files())
    place.stage_part(ROWS[1:3], "k2", "0a", mode=mode)  # killed
    other = place.stage_part(ROWS[1:3], "k2", "0b", mode=mode)
    place.open(mode=mode).discard_part("k2", "0b")  # another was faster
    first = place.stage_part(ROWS[1:3], "k2", "0c", mode=mode)
    second = place.stage_part(ROWS[3:], "k2", "1a", mode=mode)
    place.open(mode=mode).commit(place.open(mode=mode).join([first, second]))
    assert place.read() == expected(ROWS)
    there = {path for path in place.files() if "staged" not in path.split("/")}
    left = {f["path"].rpartition("/")[2] for f in other.detail["files"]}
    assert not left & {path.rpartition("/")[2] for path in there}
    new = [p for p in there - before if p.rpartition("/")[2].startswith("part-")]
    assert len(new) == (2 if place.keeps_files else 0)
    place.open(mode=mode).discard_part("k2", "0c")  # of a worker that comes late
    assert place.read() == expected(ROWS)
    place.open(mode=mode).abandon("k2")
    assert place.read() == expected(ROWS)


@joining("append")
def test_parts_of_a_run_that_is_published_already_are_that(place, mode):
    done = place.publish(ROWS, "k1", mode=mode)
    parts = [place.stage_part(ROWS[:2], "k1", f"{n}a", mode=mode) for n in range(2)]
    assert place.open(mode=mode).commit(place.open(mode=mode).join(parts)).version == done.version
    assert place.read() == expected(ROWS)


@joining("append")
def test_parts_are_given_up_together(place, mode):
    before = place.files()
    part = place.stage_part(ROWS[:2], "k1", "0a", mode=mode)
    place.stage_part(ROWS[2:], "k1", "1a", mode=mode)
    place.open(mode=mode).abandon("k1")
    assert not [p for p in set(place.files()) - set(before) if "part-" in p]
    with pytest.raises(Conflict):
        place.open(mode=mode).commit(part)


@joining("append", "overwrite", "overwrite_partitions")
def test_parts_that_saw_different_versions(place, mode):
    """Rows are added to whatever is there; what is replaced must be what every part saw."""
    how = {"mode": mode, "partition_by": ("name",)}
    place.publish(ROWS[:1], "k1", **how)
    parts = [place.stage_part(ROWS[2:3], "k2", "0a", **how)]
    place.publish(ROWS[1:2], "other", **how)
    parts.append(place.stage_part(ROWS[3:], "k2", "1a", **how))
    if mode == "append":
        place.open(**how).commit(place.open(**how).join(parts))
        assert place.read() == expected(ROWS)
    else:
        with pytest.raises(Conflict):
            place.open(**how).join(parts)
