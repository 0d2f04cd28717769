"""Files of a bucket, read through moto's server: what works, and every way the bucket refuses."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import pytest

from penstock.runtime.storage import open_store

pytestmark = pytest.mark.evidence("source:s3", "executed locally", on="S3 of moto")
PIPELINE = """\
name: orders
sources:
  orders:
    connector: s3
    path: s3://acme-lake/PREFIX/in/*.csv.gz
    schema: {id: integer, amount: "decimal(10,2)"}
    incremental: files
targets:
  lake: {from: orders, connector: lake, path: lake/orders, mode: append}
"""


@pytest.fixture
def bucket(aws, shop, request):
    """The shop with its data in a bucket; `bucket.put(name, text)`."""
    prefix = request.node.name.replace("[", "-").replace("]", "")
    store = open_store(f"s3://acme-lake/{prefix}", shop.root)
    for path in (shop.root / "models").iterdir():
        path.unlink()
    shop.write("pipeline.yaml", PIPELINE.replace("PREFIX", prefix))
    shop.put = lambda name, text: store.put(name, gzip.compress(text.encode()))
    shop.store = store
    shop.prefix = prefix
    shop.put("in/a.csv.gz", "id,amount\n1,1.50\n2,2.50\n")
    shop.put("in/b.csv.gz", "id,amount\n3,3.00\nx,4.00\n")
    shop.put("in/deeper/c.csv.gz", "id,amount\n9,9.00\n")
    return shop


def rows(shop):
    done = shop("query", "SELECT id, amount FROM lake ORDER BY id", "--format", "csv")
    assert done.code == 0, done.err
    return done.out.split()[1:]


def nothing_published(shop):
    return not list((shop.root / "lake").rglob("*.parquet"))


@pytest.mark.parametrize("connector", ["s3", "file"])
def test_objects_are_read_once_each(bucket, connector):
    bucket.edit("connector: s3", f"connector: {connector}")
    done = bucket("run", "--json")
    assert done.code == 0, done.err
    counts = done.document["datasets"]["orders"]
    assert (counts["rows_in"], counts["rejected"], counts["rows_out"]) == (4, 1, 3)
    assert rows(bucket) == ["1,1.50", "2,2.50", "3,3.00"]
    held = bucket("quarantine", "show", "--json").out
    assert f"s3://acme-lake/{bucket.prefix}/in/b.csv.gz" in held
    assert bucket("run", "--json").document["status"] == "skipped"
    bucket.put("in/c.csv.gz", "id,amount\n5,5.00\n")
    again = bucket("run", "--json").document
    assert again["datasets"]["orders"]["rows_in"] == 1
    assert rows(bucket) == ["1,1.50", "2,2.50", "3,3.00", "5,5.00"]


def test_a_schema_is_inferred_and_ndjson_and_names_of_any_kind_are_read(bucket):
    bucket.store.put("n/a b [1] %20=é.ndjson", b'{"id": 1, "tags": ["x"]}\n')
    bucket.edit("in/*.csv.gz", "n/**/*.ndjson")
    bucket.edit('    schema: {id: integer, amount: "decimal(10,2)"}\n', "")
    done = bucket("run", "--json")
    assert done.code == 0, done.err
    shown = bucket("query", "SELECT id, tags FROM lake", "--format", "json").out
    assert json.loads(shown) == [{"id": 1, "tags": ["x"]}]


def test_a_bucket_that_is_not_there(bucket):
    bucket.edit("acme-lake", "acme-lakes")
    done = bucket("run")
    assert done.code == 4
    assert "PSK-ENV-010" in done.err
    assert "no bucket `acme-lakes`" in done.err
    assert nothing_published(bucket)


def test_a_key_that_is_not_there(bucket):
    bucket.edit("in/*.csv.gz", "in/aa.csv.gz")
    done = bucket("run")
    assert done.code == 4
    assert "no object matches" in done.err
    assert "in/a.csv.gz" in done.err, "the near key is named"


def test_no_credentials(bucket):
    env = {"AWS_ACCESS_KEY_ID": "", "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(bucket.root)}
    done = bucket("run", env=env)
    assert done.code == 4
    assert "PSK-ENV-011" in done.err


def test_an_endpoint_that_is_down(bucket):
    done = bucket("run", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert done.code == 4
    assert "PSK-ENV-013" in done.err
    assert "http://127.0.0.1:9" in done.err
    assert nothing_published(bucket)


def test_an_endpoint_that_is_down_while_a_schema_is_inferred(bucket):
    """The definition may be right: the code is that of what is out of reach."""
    bucket.edit('    schema: {id: integer, amount: "decimal(10,2)"}\n', "")
    down = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    for command in ("run", "validate", "compile"):
        done = bucket(command, "--json", env=down)
        assert done.code == 4, (command, done.err)
        (error,) = [d for d in done.document["diagnostics"] if d["severity"] == "error"]
        assert error["code"] == "PSK-ENV-013"
        assert error["line"] == 5  # its `path`
    bucket.edit("from: ", "frm: ")
    assert bucket("validate", env=down).code == 3, "with an error of its own it is invalid"
    assert nothing_published(bucket)


class Faulty:
    """A server before moto's that spoils some answers."""

    def __init__(self, target: str) -> None:
        self.plan = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                fault = outer.take(self.path)
                if isinstance(fault, int):
                    self.send_response(fault)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
                with urlopen(Request(target + self.path, headers=headers)) as got:
                    body = got.read()
                    self.send_response(got.status)
                    for name in ("ETag", "Last-Modified", "Content-Type", "Content-Range"):
                        if name in got.headers:
                            self.send_header(name, got.headers[name])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if fault == "cut":
                    self.wfile.write(body[: len(body) // 2])
                    self.wfile.flush()
                    self.close_connection = True
                    self.connection.close()
                else:
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

            def handle_one_request(self):
                try:
                    super().handle_one_request()
                except (OSError, ValueError):
                    self.close_connection = True

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, path):
        """The fault of this answer, if its object's turn has come."""
        for fault in self.plan:
            part, kind, times = fault
            if part in path and times > 0:
                fault[2] -= 1
                return kind
        return None


@pytest.fixture
def faulty(aws):
    server = Faulty(aws)
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.mark.parametrize("kind", [500, 503, "cut"])
def test_what_passes_is_tried_again(bucket, faulty, kind):
    faulty.plan = [["b.csv.gz", kind, 1], ["list-type", 500, 1]]
    done = bucket("run", "--json", env={"AWS_ENDPOINT_URL": faulty.url})
    assert done.code == 0, done.err
    assert faulty.plan[0][2] == 0, "the fault came"
    assert rows(bucket) == ["1,1.50", "2,2.50", "3,3.00"]


@pytest.mark.parametrize("kind", [500, 503, "cut"])
def test_what_does_not_pass_ends_the_run_and_publishes_nothing(bucket, faulty, kind):
    faulty.plan = [["b.csv.gz", kind, 1000]]
    done = bucket("run", env={"AWS_ENDPOINT_URL": faulty.url})
    assert done.code == 4, done.err
    assert "PSK-ENV-013" in done.err
    assert "in/b.csv.gz" in done.err
    assert nothing_published(bucket)
    assert bucket("run").code == 0, "and the next one makes it good"
    assert rows(bucket) == ["1,1.50", "2,2.50", "3,3.00"]


def test_objects_are_fetched_in_their_order_small_ones_together():
    from penstock.runtime.engines.base import InputFile
    from penstock.runtime.sources.s3 import source

    sizes = [1] * 9 + [source.SMALL_BYTES + 1] * 2 + [2, 2]
    files = [InputFile(str(i), str(i), size, "") for i, size in enumerate(sizes)]
    lots = list(source._batches(files))
    assert [len(lot) for lot in lots] == [8, 1, 1, 1, 2]
    assert [file for lot in lots for file in lot] == files
