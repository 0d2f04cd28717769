"""Schemas that change: columns added, missing, moved, written otherwise, wider typed.

Each across the files of one glob and from run to run, for CSV, NDJSON and Parquet.
"""

from __future__ import annotations

import json
import shutil
import zipfile

import duckdb
import openpyxl
import pyarrow as pa
import pytest
import yaml
from pyarrow import orc

from penstock.errors import StepFailed
from penstock.program import Program
from penstock.runtime import registry
from penstock.runtime.sources.file.source import FileSource

PIPELINE = """\
name: orders
sources:
  orders:
    connector: file
    path: data/orders*.SUFFIX
    schema: {id: integer, amount: "decimal(8,2)"}
    schema_evolution: RULE
targets:
  lake: {from: orders, connector: lake, path: lake/orders}
"""
FORMATS = ["csv", "ndjson", "parquet"]


class Orders:
    def __init__(self, shop, form):
        self.shop, self.form = shop, form
        for path in [*(shop.root / "data").iterdir(), *(shop.root / "models").iterdir()]:
            path.unlink()

    def rule(self, rule):
        self.shop.write(
            "pipeline.yaml", PIPELINE.replace("SUFFIX", self.form).replace("RULE", rule)
        )

    def file(self, name, *rows, **types):
        """A file of rows; keys in their order. `types`: of Parquet columns."""
        path = self.shop.root / "data" / f"{name}.{self.form}"
        columns = list(rows[0])
        if self.form == "csv":
            lines = [",".join(columns)]
            lines += [",".join("" if r[c] is None else str(r[c]) for c in columns) for r in rows]
            path.write_text("\n".join(lines) + "\n")
        elif self.form == "ndjson":
            path.write_text("".join(json.dumps(r) + "\n" for r in rows))
        else:
            kinds = {"id": "INTEGER", "amount": "DECIMAL(8,2)", **types}
            body = ", ".join(
                "(" + ", ".join("NULL" if r[c] is None else repr(r[c]) for c in columns) + ")"
                for r in rows
            )
            exact = {c.casefold(): k for c, k in kinds.items()}
            chosen = ", ".join(
                f'CAST(c{i} AS {exact.get(c.casefold(), "VARCHAR")}) AS "{c}"'
                for i, c in enumerate(columns)
            )
            names = ", ".join(f"c{i}" for i in range(len(columns)))
            duckdb.sql(f"SELECT {chosen} FROM (VALUES {body}) t({names})").write_parquet(str(path))

    def run(self):
        done = self.shop("run", "--json")
        assert done.code == 0, done.err + done.out
        return done.document

    def changes(self):
        report = self.run()
        return [(c["column"], c["change"], c["from"], c["to"]) for c in report["schema_changes"]]

    def rows(self):
        done = self.shop("query", "SELECT * FROM lake ORDER BY id", "--format", "json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def trail(self):
        entries = self.shop("audit", "list", "--json").document["entries"]
        return [
            (e["subject"], e["detail"]["column"], e["detail"]["change"])
            for e in entries
            if e["action"] == "schema.changed"
        ]


@pytest.fixture(params=FORMATS)
def orders(shop, request):
    made = Orders(shop, request.param)
    made.rule("add")
    made.file("orders_1", {"id": 1, "amount": "1.50"}, {"id": 2, "amount": "2.50"})
    return made


def test_a_new_column_is_taken_up_across_files_and_from_run_to_run(orders):
    assert orders.changes() == []
    orders.file("orders_2", {"id": 3, "amount": "3.50", "note": "late"})
    report = orders.run()
    (change,) = report["schema_changes"]
    assert change == {
        "dataset": "orders", "column": "note", "change": "added", "from": None, "to": "varchar",
        "file": f"data/orders_2.{orders.form}",
    }  # fmt: skip
    assert [r["note"] for r in orders.rows()] == [None, None, "late"]
    assert orders.trail() == [("orders", "note", "added")]
    orders.file("orders_3", {"id": 4, "amount": "4.50", "note": "x"})
    assert orders.changes() == [("note", "added", None, "varchar")]
    assert orders.trail() == [("orders", "note", "added")], "told once"
    assert orders.shop("audit", "verify").code == 0


def test_a_missing_column_reads_as_null(orders):
    orders.file("orders_2", {"id": 3})
    assert orders.changes() == [("amount", "missing", "decimal(8,2)", None)]
    assert [r["amount"] for r in orders.rows()] == [1.5, 2.5, None]
    assert orders.trail() == [("orders", "amount", "missing")]


def test_other_letter_case_and_order_are_the_same_columns(orders):
    orders.file("orders_2", {"Amount": "3.50", "ID": 3})
    changes = orders.changes()
    assert ("id", "renamed_case", "id", "ID") in changes
    assert ("amount", "renamed_case", "amount", "Amount") in changes
    assert (("id", "reordered", "1", "2") in changes) == (orders.form != "ndjson")
    assert [(r["id"], r["amount"]) for r in orders.rows()] == [(1, 1.5), (2, 2.5), (3, 3.5)]


def test_widen_lets_types_grow(orders):
    orders.rule("widen")
    orders.file(
        "orders_2", {"id": 3_000_000_000, "amount": "12345678.125"}, id="BIGINT", amount="DECIMAL(11,3)"
    )  # fmt: skip
    changes = orders.changes()
    assert ("id", "widened", "integer", "bigint") in changes
    assert ("amount", "widened", "decimal(8,2)", "decimal(11,3)") in changes
    assert [(r["id"], float(r["amount"])) for r in orders.rows()][-1] == (
        3_000_000_000,
        12345678.125,
    )
    assert ("orders", "id", "widened") in orders.trail()


def test_add_lets_no_type_grow_and_loses_no_record(orders):
    orders.file("orders_2", {"id": 3_000_000_000, "amount": "3.50"}, id="BIGINT")
    if orders.form == "parquet":  # where the file says that it holds another type
        done = orders.shop("run")
        assert done.code == 1
        assert "column `id` of `data/orders_2.parquet` is bigint" in done.err
        return
    report = orders.run()
    assert report["schema_changes"] == []
    counts = report["datasets"]["orders"]
    assert (counts["rows_in"], counts["rejected"], counts["rows_out"]) == (3, 1, 2)


def test_ignore_leaves_new_columns_out_and_says_so(orders):
    orders.rule("ignore")
    orders.file("orders_2", {"id": 3, "amount": "3.50", "note": "late"})
    assert orders.changes() == [("note", "ignored", None, "varchar")]
    assert set(orders.rows()[0]) == {"id", "amount"}


@pytest.mark.parametrize("row", [{"id": 3, "amount": "3.50", "note": "late"}, {"id": 3}])
def test_strict_names_the_file_and_the_column(orders, row):
    orders.rule("strict")
    orders.file("orders_2", row)
    done = orders.shop("run")
    assert done.code == 1
    name = "note" if "note" in row else "amount"
    assert f"data/orders_2.{orders.form}" in done.err
    assert f"`{name}`" in done.err
    assert not list((orders.shop.root / "lake").rglob("*.parquet"))
    warned = orders.shop("validate", "--json")
    assert warned.code == 0
    assert "PSK-SRC-071" in warned.codes


def test_strict_takes_what_changes_nothing(orders):
    orders.rule("strict")
    orders.file("orders_2", {"amount": "3.50", "ID": 3})
    orders.run()
    assert len(orders.rows()) == 3


def test_a_schema_that_was_inferred_changes_from_run_to_run(orders):
    orders.shop.edit('    schema: {id: integer, amount: "decimal(8,2)"}\n', "")
    assert orders.changes() == []
    (orders.shop.root / f"data/orders_1.{orders.form}").unlink()
    orders.file("orders_1", {"id": 1, "amount": "1.50", "note": "x"})
    changes = orders.changes()
    assert changes == [("note", "added", None, "varchar")]
    assert orders.trail() == [("orders", "note", "added")]
    (orders.shop.root / f"data/orders_1.{orders.form}").unlink()
    orders.file("orders_1", {"id": 1, "note": "x"})
    assert [c[:2] for c in orders.changes()] == [("amount", "missing")]


def test_other_letter_case_is_one_column_where_the_schema_is_inferred(orders):
    orders.shop.edit('    schema: {id: integer, amount: "decimal(8,2)"}\n', "")
    orders.file("orders_2", {"ID": 3, "AMOUNT": "3.50"})
    orders.run()
    assert [r["id"] for r in orders.rows()] == [1, 2, 3]


def test_only_new_files_are_looked_at_again(orders):
    orders.run()
    cache = orders.shop.root / ".penstock/cache/shapes/orders.json"
    kept = json.loads(cache.read_text())
    assert list(kept["files"]) == [f"data/orders_1.{orders.form}"]
    kept["shapes"][0][0].append(["planted", "integer"])
    cache.write_text(json.dumps(kept))
    checked = orders.shop.root / ".penstock/cache/checked"  # recalled before files are looked at
    shutil.rmtree(checked)
    assert orders.changes() == [("planted", "added", None, "integer")], "the cache is believed"
    cache.write_text("not JSON")
    shutil.rmtree(checked)
    assert orders.shop("validate").code == 0


def test_the_report_shows_the_changes(orders):
    orders.file("orders_2", {"id": 3, "amount": "3.50", "note": "late"})
    done = orders.shop("run")
    assert "new, taken up" in done.out
    (page,) = (orders.shop.root / ".penstock/runs").glob("*/report.html")
    assert '"change":"added"' in page.read_text()


def test_a_csv_without_a_header_has_no_names_to_compare(shop):
    orders = Orders(shop, "csv")
    orders.rule("widen")
    shop.edit("    schema:", "    options: {header: false}\n    schema:")
    (shop.root / "data/orders_1.csv").write_text("1,1.50\n2,2.50\n")
    assert orders.changes() == []
    assert len(orders.rows()) == 2


# -- discover


def test_discover_records_and_compares(orders):
    orders.shop.edit('    schema: {id: integer, amount: "decimal(8,2)"}\n', "")
    checked = orders.shop("discover", "--check")
    assert checked.code == 2
    assert "PSK-CLI-051" in checked.err
    done = orders.shop("discover", "--json")
    assert done.code == 0, done.err
    (found,) = done.document["sources"]
    assert [c["name"] for c in found["columns"]] == ["id", "amount"]
    recorded = yaml.safe_load((orders.shop.root / "schemas/orders.yaml").read_text())
    assert list(recorded["schema"]) == ["id", "amount"]
    assert orders.shop("discover", "orders", "--check").code == 0
    orders.run()
    orders.file("orders_2", {"id": 3, "note": "late"})
    different = orders.shop("discover", "orders", "--check", "--json")
    assert different.code == 1
    (source,) = different.document["sources"]
    told = {(d["column"], d["change"]) for d in source["differences"]}
    assert {("note", "added"), ("amount", "missing")} <= told
    text = orders.shop("discover", "--check")
    assert text.code == 1
    assert f"data/orders_2.{orders.form}" in text.out
    assert [c[:2] for c in orders.changes()] == [("amount", "missing"), ("note", "added")]


def test_discover_check_holds_files_against_a_declared_schema(orders):
    assert orders.shop("discover", "--check").code == 0
    orders.file("orders_2", {"id": "many", "amount": "3.50"}, id="VARCHAR")
    done = orders.shop("discover", "--check", "--json")
    assert done.code == 1
    (source,) = done.document["sources"]
    assert [(d["column"], d["change"], d["from"], d["to"]) for d in source["differences"]] == [
        ("id", "type", "integer", "varchar")
    ]
    assert source["file"] == "pipeline.yaml"


def test_discover_of_no_source(orders):
    done = orders.shop("discover", "order")
    assert done.code == 2
    assert "did you mean `orders`" in done.err


# -- files that come late, and columns far down


def test_a_column_that_comes_after_compiling_is_not_lost(shop):
    """The file is planned with its new content, and the Program knows its old one."""
    orders = Orders(shop, "csv")
    orders.rule("add")
    orders.file("orders_1", {"id": 1, "amount": "1.50"})
    orders.run()
    program = json.loads(shop("compile", "--engine", "duckdb", "--json").out)
    assert [c["name"] for c in program["reads"][0]["schema"]] == ["id", "amount"]
    source = FileSource(Program.from_json(program).reads[0], shop.root)
    orders.file("orders_2", {"id": 2, "amount": "2.50", "note": "late"})
    engine = registry.engine("duckdb")(work=shop.root / "work", memory_bytes=None, threads=1)
    try:
        with pytest.raises(StepFailed) as told:
            source.extract(source.plan(), engine, "orders", keep=True)
    finally:
        engine.close()
    assert told.value.code == "PSK-SRC-072"
    assert "`data/orders_2.csv` has a column `note`" in told.value.message
    orders.run()
    assert [r["note"] for r in orders.rows()] == [None, "late"]


FAR = 21_000  # further than a look at the types of values goes


@pytest.mark.parametrize("form", ["ndjson", "json", "xml"])
def test_a_key_far_down_in_a_file_is_a_column(shop, form):
    orders = Orders(shop, form)
    orders.rule("add")
    if form == "xml":
        body = "<o><id>1</id></o>" * FAR + "<o><id>2</id><note>late</note></o>"
        text = f"<all>{body}</all>"
        shop.edit("    schema:", "    options: {row: o}\n    schema:")
    else:
        lines = ['{"id": 1}'] * FAR + ['{"id": 2, "note": "late"}']
        text = "[" + ",\n".join(lines) + "]" if form == "json" else "\n".join(lines) + "\n"
    (shop.root / f"data/orders_1.{form}").write_text(text)
    assert ("note", "added", None, "varchar") in orders.changes()
    done = shop("query", "SELECT note FROM lake WHERE id = 2", "--format", "json")
    assert json.loads(done.out) == [{"note": "late"}]


def test_every_file_of_a_zip_is_looked_at(shop):
    orders = Orders(shop, "csv.zip")
    orders.rule("widen")
    with zipfile.ZipFile(shop.root / "data/orders_1.csv.zip", "w") as packed:
        packed.writestr("a.csv", "id,amount\n1,1.50\n")
        packed.writestr("b.csv", "id,amount,note\n3000000000,2.50,late\n")
    assert {c[:2] for c in orders.changes()} == {("note", "added"), ("id", "widened")}
    assert [(r["id"], r["note"]) for r in orders.rows()] == [(1, None), (3_000_000_000, "late")]


# -- the other formats

OTHERS = ["json", "orc", "xlsx", "xml"]


def other(shop, form, number, rows):
    """A file of rows in one of the other formats."""
    path = shop.root / f"data/orders_{number}.{form}"
    if form == "json":
        path.write_text(json.dumps(rows))
    elif form == "xml":
        each = ("".join(f"<{k}>{v}</{k}>" for k, v in r.items()) for r in rows)
        path.write_text("<all>" + "".join(f"<o>{e}</o>" for e in each) + "</all>")
    elif form == "orc":
        table = pa.Table.from_pylist(rows)
        if max(r["id"] for r in rows) < 2**31:
            at = table.column_names.index("id")
            table = table.set_column(at, "id", table["id"].cast(pa.int32()))
        orc.write_table(table, path)
    else:
        book = openpyxl.Workbook()
        book.active.append(list(rows[0]))
        for row in rows:
            book.active.append(list(row.values()))
        book.save(path)


@pytest.mark.parametrize("form", OTHERS)
def test_the_other_formats_change_too(shop, form):
    orders = Orders(shop, form)
    orders.rule("widen")
    shop.edit('{id: integer, amount: "decimal(8,2)"}', "{id: integer, name: varchar}")
    if form == "xml":
        shop.edit("    schema:", "    options: {row: o}\n    schema:")
    other(shop, form, 1, [{"id": 1, "name": "a"}])
    assert orders.changes() == []
    other(shop, form, 2, [{"Name": "b", "id": 3_000_000_000, "note": "late"}])
    other(shop, form, 3, [{"id": 4}])
    found = {(c[0], c[1]) for c in orders.changes()}
    assert found - {("id", "reordered")} == {
        ("name", "renamed_case"), ("id", "widened"), ("note", "added"), ("name", "missing"),
    }  # fmt: skip
    assert (("id", "reordered") in found) == (form in {"orc", "xlsx"})
    assert [(r["id"], r["name"], r["note"]) for r in orders.rows()] == [
        (1, "a", None), (4, None, None), (3_000_000_000, "b", "late"),
    ]  # fmt: skip
    orders.rule("strict")
    shop.edit('{id: integer, amount: "decimal(8,2)"}', "{id: integer, name: varchar}")
    if form == "xml":
        shop.edit("    schema:", "    options: {row: o}\n    schema:")
    done = shop("run")
    assert done.code == 1
    assert f"data/orders_2.{form}" in done.err
    assert "`note`" in done.err


def test_fixed_width_has_its_columns_from_the_pipeline_file(shop):
    orders = Orders(shop, "txt")
    orders.rule("add")
    shop.edit("    schema:", "    format: fixed_width\n    options: {widths: {id: 4, amount: 6, "
              "note: 5}}\n    schema:")  # fmt: skip
    (shop.root / "data/orders_1.txt").write_text("   1  1.50first\n")
    assert orders.changes() == [("note", "added", None, "varchar")]
    assert orders.rows() == [{"id": 1, "amount": 1.5, "note": "first"}]


def test_old_files_do_not_move_the_program_back_and_forth(orders):
    orders.shop.edit("    schema_evolution", "    incremental: files\n    schema_evolution")
    orders.shop.edit("path: lake/orders}", "path: lake/orders, mode: append}")

    def digest():
        return orders.run()["program"]

    first = digest()
    orders.file("orders_2", {"id": 3, "amount": "3.50", "note": "late"})
    second = digest()
    assert second != first
    orders.file("orders_3", {"amount": "4.50", "id": 4})
    assert digest() == second
    orders.file("orders_0", {"id": 5, "amount": "5.50", "note": "first by name"})
    assert digest() == second
    assert [r["id"] for r in orders.rows()] == [1, 2, 3, 4, 5]
    assert [r["note"] for r in orders.rows()] == [None, None, "late", None, "first by name"]
