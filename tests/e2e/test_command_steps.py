"""`command:` steps: any program, Arrow on stdin and stdout."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

PIPELINE = """\
name: shop
sources:
  orders:
    connector: file
    path: orders.csv
    schema: {id: integer, name: varchar, price: "decimal(8,2)"}
transforms:
  made:
    from: orders
    command: COMMAND
    schema: {id: integer, name: varchar, price: "decimal(8,2)"}
quality:
  made: {quarantine: ['ColumnValues "id" != 3']}
targets:
  made_lake: {from: made, connector: lake, path: lake/made}
"""
READ = "import sys, pyarrow as pa\nrows = pa.ipc.open_stream(sys.stdin.buffer)\n"
WRITE = "with pa.ipc.new_stream(sys.stdout.buffer, rows.schema) as out:\n"
ROWS = 200_000


@pytest.fixture
def made(shop):
    """Run with a program; None: `cat`."""

    def run(text=None, *, rows=4, command=None, args=("run", "--json")):
        lines = [f"{i},n{i},{i}.25\n" for i in range(1, rows + 1)]
        shop.write("orders.csv", "id,name,price\n" + "".join(lines))
        if text is not None:
            shop.write("steps/step.py", text)
            command = [sys.executable, "steps/step.py"]
        given = json.dumps(command or ["cat"])
        shop.write("pipeline.yaml", PIPELINE.replace("COMMAND", given))
        return shop(*args)

    run.shop = shop
    return run


def published(shop, what="count(*), sum(price), min(name)"):
    (row,) = shop("query", f"SELECT {what} FROM made_lake", "--json").document["rows"]
    return [*row.values()] if isinstance(row, dict) else [*row]


def test_rows_travel_through_a_program_as_they_are(made):
    report = made(rows=ROWS).document
    assert report["status"] == "succeeded"
    assert report["datasets"]["made"]["quarantined"] == 1
    assert published(made.shop)[0] == ROWS - 1
    assert made(rows=ROWS).document["status"] == "skipped"


def test_a_program_in_any_language_changes_rows_while_it_reads_them(made):
    text = (
        READ + WRITE + "    for batch in rows:\n"
        "        upper = pa.array([n.upper() for n in batch['name'].to_pylist()])\n"
        "        out.write_batch(batch.set_column(1, 'name', upper))\n"
    )
    assert made(text, rows=ROWS).document["status"] == "succeeded"
    assert published(made.shop, "count(*), max(name)")[1].startswith("N")
    # Another text of the program is another run.
    assert made(text.replace("upper()", "lower()"), rows=ROWS).document["status"] == "succeeded"
    assert published(made.shop, "count(*), max(name)")[1].startswith("n")


def test_it_need_not_read_what_it_is_given(made):
    text = (
        "import sys, decimal, pyarrow as pa\n"
        "ids, prices = pa.array([7], pa.int16()), [decimal.Decimal('1.5')]\n"
        "t = pa.table({'id': ids, 'price': prices, 'name': ['x']})\n"
        "with pa.ipc.new_stream(sys.stdout.buffer, t.schema) as out:\n    out.write_table(t)\n"
    )
    assert made(text, rows=ROWS).document["status"] == "succeeded"
    assert published(made.shop, "id, name")[:2] == [7, "x"]


def test_no_rows_are_a_stream_too(made):
    assert made(rows=0).document["status"] == "succeeded"
    assert published(made.shop)[0] == 0


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        (READ + "sys.exit('price of Ann is gone')", "PSK-CMD-002", ["exit code 1", "Ann is gone"]),
        (READ + "import os; os.kill(os.getpid(), 9)", "PSK-CMD-002", ["SIGKILL"]),
        ("print('read', 4)", "PSK-CMD-003", ["no Arrow IPC stream", "stderr"]),
        ("", "PSK-CMD-003", ["no Arrow IPC stream"]),
        (READ + WRITE + "    pass\nprint('done')", "PSK-CMD-003", ["done", "after its end"]),
        (
            READ + WRITE + "    out.write_batch(next(iter(rows)))\nsys.exit(3)",
            "PSK-CMD-002",
            ["exit code 3"],
        ),
        (
            READ.replace("rows =", "all =") + "t = all.read_all().drop(['price'])\n"
            "with pa.ipc.new_stream(sys.stdout.buffer, t.schema) as out:\n    out.write_table(t)\n",
            "PSK-PY-023",
            ["price"],
        ),
    ],
)
@pytest.mark.parametrize("rows", [4, ROWS])
def test_what_goes_wrong_is_told_and_publishes_nothing(made, text, code, words, rows):
    assert made().document["status"] == "succeeded"
    done = made(text, rows=rows, args=("run",))
    assert done.code == 1
    assert f"error[{code}]" in done.err
    assert "pipeline.yaml:8" in done.err
    for word in words:
        assert word in done.err
    assert published(made.shop)[0] == 3


def test_a_program_that_is_not_there(made):
    done = made(command=["no-such-program", "x"], args=("run",))
    assert done.code == 4
    assert "error[PSK-CMD-001]" in done.err
    assert "`no-such-program`: it is not installed" in done.err
    done = made(command=["./orders.csv"], args=("run",))
    assert done.code == 4
    assert "Permission denied" in done.err


def test_an_argument_that_no_program_can_be_given(made):
    done = made(command=["cat", "a\0b"], args=("run",))
    assert done.code == 4
    assert "error[PSK-CMD-001]" in done.err


def test_what_a_program_leaves_behind_does_not_hold_the_run(made):
    text = (
        "import subprocess, sys, decimal, pyarrow as pa\n"
        "subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL)\n"
        "t = pa.table({'id': [1], 'price': [decimal.Decimal('1.5')], 'name': ['x']})\n"
        "t = t.set_column(0, 'id', t['id'].cast(pa.int32()))\n"
        "with pa.ipc.new_stream(sys.stdout.buffer, t.schema) as out:\n    out.write_table(t)\n"
    )
    began = time.monotonic()
    assert made(text, rows=ROWS).document["status"] == "succeeded"
    assert time.monotonic() - began < 300


def test_ctrl_c_ends_the_program_too(made, tmp_path):
    note = tmp_path / "pid"
    text = f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    made(text, args=("validate",))
    run = subprocess.Popen(
        [*made.shop.command("run")],
        cwd=made.shop.root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (note.exists() and note.read_text()):
        assert time.monotonic() < deadline
        assert run.poll() is None
        time.sleep(0.05)
    program = int(note.read_text())
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130, err
    assert "Traceback" not in err
    deadline = time.monotonic() + 20
    while True:
        try:
            os.kill(program, 0)
        except ProcessLookupError:
            break
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_it_runs_in_tests_of_the_pipeline(made):
    made(args=("validate",))
    made.shop.write(
        "tests/made.yaml",
        "- name: rows pass\n"
        "  given: {orders: [{id: 1, name: a, price: 1.5}]}\n"
        "  dataset: made\n"
        "  expect: [{id: 1, name: a, price: 1.5}]\n",
    )
    done = made.shop("test")
    assert done.code == 0, done.err + done.out


@pytest.mark.parametrize("engine", ["postgres"])
def test_it_runs_beside_another_engine(made, engine):
    report = made(args=("run", "--engine", engine, "--json")).document
    assert report["status"] == "succeeded"
    assert published(made.shop)[0] == 3
