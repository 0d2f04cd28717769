"""A pipeline over one source, run in this process: the command line adds nothing here."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from penstock.cli.main import main

PIPELINE = """\
name: bad
sources:
  rows:
    connector: file
    path: {path}
    schema_evolution: {rule}
    options: {options}
{more}transforms:
  kept: {{from: rows, steps: [{{filter: 1 = 1}}]}}
targets:
  out: {{from: kept, connector: file, path: out/rows.ndjson}}
"""
SCHEMA = "{id: integer, name: varchar}"


class Told:
    """How a run ended.

    Attributes:
        rows: that are published; of a failed run, from a run before it.
        rejected: reason of each record that was rejected.
    """

    def __init__(self, code, report, rows, rejected):
        self.code, self.report, self.rows, self.rejected = code, report, rows, rejected
        self.error = report.get("error") or {}

    @property
    def changes(self):
        return [(c["column"], c["change"], c["to"]) for c in self.report["schema_changes"]]


class Folder:
    """A pipeline folder."""

    def __init__(self, root):
        self.root = root
        (root / "data").mkdir(parents=True)

    def put(self, name, data):
        path = self.root / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def clear(self):
        shutil.rmtree(self.root / "data")
        (self.root / "data").mkdir()

    def command(self, *args):
        out, err = io.StringIO(), io.StringIO()
        before = os.getcwd()  # noqa: PTH109 - goes back there
        os.chdir(self.root)
        try:
            with (
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
                pytest.raises(SystemExit) as ended,
            ):
                main(args)
        finally:
            os.chdir(before)
        shown = out.getvalue() + err.getvalue()
        assert "Traceback" not in shown
        assert "PSK-BUG" not in shown, shown
        return ended.value.code, out.getvalue(), err.getvalue()

    def run(self, path="data/*", schema=SCHEMA, options="{}", rule="add", form=None):
        """Run; what came in is what went out and what was rejected, or the run failed in words."""
        more = f"    schema: {schema}\n" if schema else ""
        more += f"    format: {form}\n" if form else ""
        values = {"path": json.dumps(path), "options": options, "rule": rule, "more": more}
        (self.root / "pipeline.yaml").write_text(PIPELINE.format(**values))
        code, out, _ = self.command("run", "--json")
        report = json.loads(out)
        published = self.root / "out" / "rows.ndjson"
        text = published.read_text() if published.exists() else ""
        rows = sorted(
            (tuple(json.loads(line).values()) for line in text.split("\n") if line), key=str
        )
        if report["status"] == "failed":
            assert code in {1, 4}
            assert report["error"]["message"]
            return Told(code, report, rows, [])
        assert code == 0
        if report["status"] == "skipped":  # nothing new to read
            return Told(code, report, rows, [])
        counts = report["datasets"]["rows"]
        assert counts["rows_in"] == counts["rows_out"] + counts["rejected"]
        assert counts["rows_out"] == len(rows)
        found = []
        if counts["rejected"]:
            shown = ("quarantine", "show", "--json", "--run", report["run_id"], "--limit", "1000")
            held = json.loads(self.command(*shown)[1])["rows"]
            found = sorted(r["reason"] for r in held)
            assert len(found) == counts["rejected"]
        return Told(code, report, rows, found)

    def mended(self, name, good, **how):
        """Put a good file in the place of a bad one: the next run publishes all of it."""
        self.put(name, good)
        told = self.run(**how)
        assert (told.code, told.rejected) == (0, [])
        return told.rows


def parquet(table, **options):
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def table(count=2, **more):
    ids = pa.array(range(count), pa.int32())
    return pa.table({"id": ids, "name": [f"name {i}" for i in range(count)], **more})


def rows(count=2):
    return sorted(((i, f"name {i}") for i in range(count)), key=str)


def flipped(data, at, size=20):
    """Data with some bits wrong."""
    return data[:at] + bytes(b ^ 0xFF for b in data[at : at + size]) + data[at + size :]


def zipped(*members):
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return sink.getvalue()
