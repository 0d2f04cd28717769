"""What a user can get wrong: a code, a place, the right exit code, and nothing published lost."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest


def bad(shop, *, file="pipeline.yaml"):
    """Validate and run a broken definition: exit 3, JSON that says where."""
    done = shop("validate", "--json")
    assert done.code == 3, done.out
    assert done.document["valid"] is False
    found = [d for d in done.document["diagnostics"] if d["severity"] == "error"]
    assert found
    for each in found:
        assert each["code"].startswith("PSK-")
        assert each["message"]
    assert any(d["file"] == file and d["line"] for d in found), found
    ran = shop("run", "--json")
    assert ran.code == 3
    assert ran.document["diagnostics"]
    told = shop("validate")
    assert told.out == "" or "error" not in told.out
    assert found[0]["code"] in told.err
    return found


def only(found, text):
    """The finding that mentions a text."""
    (hit,) = [d for d in found if text in d["message"] or text in (d["hint"] or "")]
    return hit


def test_unknown_keys_are_all_told_at_once_with_the_near_name(shop):
    shop.edit("sources:", "sorces:")
    shop.edit("order_by: [at desc]", "order_bye: [at desc]")
    shop.edit("connector: lake", "connector: lakee")
    found = bad(shop)
    assert only(found, "sorces")["hint"].count("sources")
    assert any("order_by" in (d["hint"] or "") for d in found)
    assert any("lake" in (d["hint"] or "") for d in found)


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("name: shop\n", "name: shop\nname: again\n", 2),
        ("name: shop\n", "name: [shop\n", None),
        ("name: shop\n", "name: shop\n\tx: 1\n", 2),
        ("name: shop\n", "name: {a: b}\n", 1),
        ("least: 0", "least: 0\n  least: 1", 4),
        ("path: data/customers.csv", "path: 17", None),
        ("customer: varchar\n", "customer: varchr\n", None),
        ("models/totals.sql", "models/total.sql", None),
        ("from: clean,", "from: claen,", None),
        ("path: lake/clean", "path: ${var.lakee}/clean", None),
        ('IsComplete "customer"', 'IsComplete "custmer"', None),
        ('IsComplete "customer"', 'IsCompleet "customer"', None),
        ("RowCount > 0", "RowCount >", None),
        ("amount > $least", "amnt > $least", None),
        ("amount > $least", "amount > $leest", None),
        ("amount > $least", "amount > 'x' +", None),
        ("keys: [id]", "keys: [idd]", None),
        ("on: {customer: customer}", "on: {amount: customer}", None),
        ("[trim, upper]", "[trim, uper]", None),
        ("partition_by: [customer]", "partition_by: [custmer]", None),
    ],
)
def test_each_mistake_has_a_place(shop, old, new, line):
    shop.edit(old, new)
    found = bad(shop)
    if line:
        assert line in {d["line"] for d in found}


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("SELECT custmer FROM clean", "customer"),
        ("SELECT customer, amount + name AS x FROM clean", "+"),
        ("SELECT customer, count(*) FROM clean", "GROUP BY"),
        ("SELECT * FROM claen", "clean"),
        ("SELECT lowr(customer) FROM clean", "lower"),
        ("SELEC 1", "SELEC"),
        ("SELECT 1 AS a; SELECT 2 AS a", "one"),
        ("DROP TABLE clean", "SELECT"),
        ("SELECT * FROM read_csv('data/orders.csv')", "read_csv"),
    ],
)
def test_a_wrong_model_is_found_without_running_and_points_into_its_file(shop, sql, word):
    shop.write("models/totals.sql", sql + "\n")
    found = bad(shop, file="models/totals.sql")
    (first,) = [d for d in found if d["file"] == "models/totals.sql"]
    assert word.lower() in (first["message"] + (first["hint"] or "")).lower()
    assert first["column"] >= 1


def test_a_cycle_is_named_as_a_path(shop):
    shop.edit("  totals: models/totals.sql", "  totals: models/totals.sql\n  b: models/b.sql")
    shop.write("models/b.sql", "SELECT * FROM totals\n")
    shop.write("models/totals.sql", "SELECT * FROM b\n")
    found = shop("validate", "--json").document
    text = " ".join(d["message"] for d in found["diagnostics"])
    assert "b → totals → b" in text or "totals → b → totals" in text


def test_two_datasets_of_one_name(shop):
    shop.edit("  totals: models/totals.sql", "  orders: models/totals.sql")
    assert any("orders" in d["message"] for d in bad(shop))


def test_a_yaml_bomb_ends_soon(shop):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    shop.write("pipeline.yaml", "\n".join(lines) + "\nname: shop\n")
    clock = time.monotonic()
    bad(shop)
    assert time.monotonic() - clock < 30


@pytest.mark.parametrize(
    ("old", "new"), [("data/orders*.csv", "data/none*.csv"), ("customers.csv", "customer.csv")]
)
def test_a_missing_file_is_a_warning_to_validate_and_ends_a_run_with_4(shop, old, new):
    assert shop("run").code == 0
    before = (shop.root / "out" / "totals.csv").read_text()
    shop.edit(old, new)
    checked = shop("validate", "--json").document
    (told,) = [d for d in checked["diagnostics"] if new in d["message"]]
    assert (told["severity"], told["file"]) == ("warning", "pipeline.yaml")
    assert told["line"]
    done = shop("run", "--json")
    assert (done.code, done.document["status"]) == (4, "failed")
    assert new in done.document["error"]["message"]
    assert (shop.root / "out" / "totals.csv").read_text() == before


def test_no_pipeline_here(shop):
    (shop.root / "pipeline.yaml").unlink()
    done = shop("validate")
    assert done.code in {2, 3}
    assert "pipeline.yaml" in done.err


@pytest.mark.parametrize(
    "args",
    [["vaildate"], ["run", "--enginee", "x"], ["run", "--threads", "0"], ["run", "--var", "x"],
     ["run", "--memory", "lots"], ["runs", "show", "nope"], ["explain", "PSK-NO-999"],
     ["run", "--select", "nope"]],
)  # fmt: skip
def test_a_wrong_command_line_exits_2_and_says_what_to_do(shop, args):
    done = shop(*args)
    assert done.code == 2, done.err
    assert "PSK-CLI" in done.err
    assert "hint" in done.err


def test_a_stop_rule_leaves_the_last_published_state(shop):
    assert shop("run").code == 0
    before = (shop.root / "out" / "totals.csv").read_text()
    shop.write("data/orders.csv", "id,customer,amount,at\n")
    done = shop("run", "--json")
    assert (done.code, done.document["status"]) == (1, "stopped")
    assert "RowCount" in done.document["error"]["message"]
    assert (shop.root / "out" / "totals.csv").read_text() == before
    assert shop("query", "SELECT count(*) AS n FROM clean_lake", "--json").document["rows"] == [
        {"n": 2}
    ]


STEP = """\
import pyarrow as pa


def score(batches):
    for batch in batches:
        yield {body}
"""


@pytest.mark.parametrize(
    ("body", "word", "line"),
    [
        ("batch.no_such_method()", "no_such_method", 6),
        ("1 / 0", "ZeroDivisionError", 6),
        ('batch.append_column("extra", pa.array([1] * batch.num_rows))', "extra", 4),
    ],
)
def test_a_python_step_that_fails_points_at_the_users_line(shop, body, word, line):
    shop.write("steps/score.py", STEP.replace("{body}", body))
    shop.edit(
        "  totals: models/totals.sql",
        "  totals: models/totals.sql\n  scored:\n    from: totals\n    python: steps/score.py:score\n"
        "    schema: {customer: varchar, orders: bigint, amount: 'decimal(38,2)'}",
    )
    shop.edit("from: totals,", "from: scored,")
    done = shop("run", "--json")
    assert done.code in {1, 3}, done.out
    told = shop("run")
    assert word in told.err
    assert "steps/score.py" in told.err
    assert "nanobind" not in told.err
    if done.code == 1:
        assert done.document["error"]["file"] == "steps/score.py"
        assert done.document["error"]["line"] == line
    assert not (shop.root / "out").exists()


SLOW = """\
import time


def score(batches):
    for batch in batches:
        open("started", "w").close()
        time.sleep(60)
        yield batch
"""


def start_slow(shop):
    shop.write("steps/slow.py", SLOW)
    shop.edit(
        "  totals: models/totals.sql",
        "  totals: models/totals.sql\n  slow:\n    from: totals\n    python: steps/slow.py:score\n"
        "    schema: {customer: varchar, orders: bigint, amount: 'decimal(38,2)'}",
    )
    shop.edit("from: totals,", "from: slow,")
    running = subprocess.Popen(
        shop.command("run", "--json"),
        cwd=shop.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    for _ in range(300):
        if (shop.root / "started").exists():
            return running
        time.sleep(0.1)
    running.kill()
    raise AssertionError(running.communicate())


def test_ctrl_c_ends_with_130_and_leaves_nothing_published(shop):
    running = start_slow(shop)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130, (out, err)
    assert "Traceback" not in err
    assert not (shop.root / "out").exists()
    assert not (shop.root / "lake" / "clean" / "_penstock" / "current.json").exists()
    shop.edit("python: steps/slow.py:score", "python: steps/fast.py:score")
    shop.write("steps/fast.py", SLOW.replace("time.sleep(60)", "pass"))
    assert shop("run", "--json").document["status"] == "succeeded"


ENDLESS = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b"


@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_long_query_ends_when_asked(shop, asked):
    """On every thread: DuckDB by itself waits until its other threads are done."""
    running = subprocess.Popen(
        shop.command("query", ENDLESS),
        cwd=shop.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        time.sleep(2)
        assert running.poll() is None, running.communicate()
        running.send_signal(asked)
        out, err = running.communicate(timeout=20)
    finally:
        running.kill()
    assert running.returncode == 130, (out, err)
    assert "error[PSK-RUN-130]" in err
    assert "Traceback" not in err


def test_a_second_run_at_the_same_moment_is_refused_and_a_dead_ones_lock_is_taken_over(shop):
    running = start_slow(shop)
    try:
        second = shop("run", "--json")
        assert second.code == 1
        assert second.document["error"]["code"] == "PSK-RUN-014"
        assert str(running.pid) in second.document["error"]["message"]
    finally:
        running.kill()
        running.communicate()
    shop.write("steps/slow.py", SLOW.replace("time.sleep(60)", "pass"))
    assert shop("run", "--json").document["status"] == "succeeded"
    assert shop("audit", "verify").code == 0


def test_a_read_only_folder_is_told_in_words(shop, tmp_path):
    (shop.root / ".penstock").write_text("a file where a folder should be")
    done = shop("run")
    assert done.code in {1, 4}
    assert "PSK-" in done.err


def test_a_query_names_the_target_that_is_not_there(shop):
    early = shop("query", "FROM totals_lake")
    assert "no published target is named `totals_lake`" in early.err
    assert "nothing is published yet" in early.err
    assert shop("run").code == 0
    wrong = shop("query", "SELECT * FROM clean_lakes")
    assert wrong.code == 2
    assert "did you mean `clean_lake`?" in wrong.err


@pytest.mark.parametrize("command", ["run", "compile", "test", "engines"])
def test_each_command_shows_the_line_of_a_mistake(shop, command):
    shop.edit("sources:", "sourcez:")
    done = shop(command)
    assert done.code == 3
    assert "sourcez:" in done.err
    assert "^^^^^^^" in done.err


def test_a_value_that_does_not_fit_is_told_at_the_dataset_that_computes_it(shop):
    shop.write(
        "pipeline.yaml",
        "name: shop\n"
        "sources:\n"
        "  raw: {connector: file, path: raw.csv, schema: {n: varchar}}\n"
        "transforms:\n"
        "  counted: SELECT CAST(n AS INTEGER) AS n FROM raw\n"
        "targets:\n"
        "  lake: {from: counted, connector: lake, path: lake}\n",
    )
    shop.write("raw.csv", "n\n1\ntwo\n")
    done = shop("run")
    assert done.code == 1
    assert "error[PSK-RUN-022]" in done.err
    assert "pipeline.yaml:5:3" in done.err
    assert "two" in done.err


def test_a_byte_that_is_no_utf8_is_shown_in_its_line(shop):
    shop.write("pipeline.yaml", b"name: shop\ndescription: caf\xe9 au lait\n")
    done = shop("validate")
    assert done.code == 3
    assert "pipeline.yaml:2:17" in done.err
    assert "2 | description: caf\ufffd au lait\n  |                 ^" in done.err


def test_validate_looks_at_the_unit_tests_too(shop):
    shop.write("tests/a.yaml", "- {name: a, dataset: totls, given: {}, expect: []}\n")
    done = shop("validate", "--json")
    assert done.code == 3
    assert done.document["valid"] is False
    (found,) = (d for d in done.document["diagnostics"] if d["severity"] == "error")
    assert (found["code"], found["file"], found["line"]) == ("PSK-TEST-005", "tests/a.yaml", 1)
    assert "totals" in found["hint"]
    shop.write("tests/a.yaml", "- {name: a, dataset: totals, expect_error: PSK-RUN-014}\n")
    assert shop("validate").code == 0
    shop.write("tests/a.yaml", "- {nme: a}\n")
    assert "did you mean `name`" in shop("validate").err
