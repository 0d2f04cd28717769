"""scd1, scd2, snapshot, apply_changes: what is refused, what fails, and that replaying agrees."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.compiler import compile_definition
from penstock.spec import load_definition

COLUMNS = {"k": "varchar", "n": "integer", "op": "varchar", "code": "integer", "l": "integer[]"}


@pytest.mark.parametrize(
    ("step", "code", "marked"),
    [
        ("scd1: {keys: [kk], sequence: n}", "PSK-STEP-010", "kk"),
        ("scd1: {keys: [k], sequence: nn}", "PSK-STEP-010", "nn"),
        ("scd1: {keys: [k], sequence: k}", "PSK-STEP-067", "k"),
        ("scd1: {keys: [k], sequence: [n, l]}", "PSK-STEP-061", "l"),
        ("scd1: {keys: [k]}", "PSK-STEP-022", "scd1"),
        ("apply_changes: {keys: [k], sequence: n}", "PSK-STEP-022", "apply_changes"),
        ("apply_changes: {keys: [k], sequence: n, operation: o}", "PSK-STEP-010", "o"),
        ("apply_changes: {keys: [k], sequence: op, operation: op}", "PSK-STEP-067", "op"),
        ("apply_changes: {keys: [k], sequence: n, operation: code, deletes: [9]}", None, None),
        (
            "apply_changes: {keys: [k], sequence: n, operation: op, deleted: code}",
            "PSK-STEP-016",
            "code",
        ),
        ("scd2: {keys: [k], sequence: n, track: [oo]}", "PSK-STEP-010", "oo"),
        ("scd2: {keys: [k], sequence: n, valid_to: op}", "PSK-STEP-016", "op"),
        ("scd2: {keys: [k], sequence: n, valid_to: x, is_current: x}", "PSK-STEP-016", "x"),
        ("snapshot: {keys: [k], taken_at: op}", "PSK-STEP-061", "op"),
        ("snapshot: {keys: [n], taken_at: n}", "PSK-STEP-067", "n"),
        ("snapshot: {keys: [k], taken_at: n, valid_from: op}", "PSK-STEP-016", "op"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, step, code, marked):
    error = chains.refused(f"- {step}", table(COLUMNS))[0]
    line = f"      - {step}"
    if code is None:  # the values that are known by default are texts
        assert (error.code, "`I` is not an integer") == ("PSK-STEP-066", error.message)
        return
    assert (error.code, line[error.span.column - 1 : error.span.end_column - 1]) == (code, marked)


CHANGES = "k varchar, v integer, n integer, op varchar"


@pytest.mark.parametrize(
    ("step", "rows", "told"),
    [
        (
            "scd1: {keys: [k], sequence: n}",
            [("a", 1, 1, "I"), ("a", 2, 1, "I")],
            "`made` has different changes at one place in the sequence, of k = a",
        ),
        (
            "scd2: {keys: [k], sequence: n, operation: op}",
            [(None, 1, 1, "I"), (None, 1, 1, "D")],
            "`made` has different changes at one place in the sequence, of k = NULL",
        ),
        (
            "snapshot: {keys: [k, op], taken_at: n}",
            [("a", 1, 1, "I"), ("a", 2, 1, "I")],
            "`made` has different changes at one place in the sequence, of k = a, op = I",
        ),
        (
            "apply_changes: {keys: [k], sequence: n, operation: op}",
            [("a", 1, None, "I")],
            "`made` has a change without n, of k = a",
        ),
        (
            "snapshot: {keys: [k], taken_at: n}",
            [("a", 1, None, "I")],
            "`made` has a row without n, of k = a",
        ),
        (
            "apply_changes: {keys: [k], sequence: n, operation: op}",
            [("a", 1, 1, "upsert")],
            "`made` has a change whose `op` is none that is known: upsert",
        ),
        (
            "scd2: {keys: [k], sequence: n, operation: op}",
            [("a", 1, 1, None)],
            "`made` has a change whose `op` is none that is known: NULL",
        ),
    ],
)
def test_a_run_fails_with_the_key(chains, table, step, rows, told):
    with pytest.raises(duckdb.Error, match=told):
        chains.run(f"- {step}", table(CHANGES, rows))


def test_overwritten_and_deleted_rows_are_counted(chains, table):
    made = chains.run(
        "- apply_changes: {keys: [k], sequence: n, operation: op}",
        table(CHANGES, [("a", 1, 1, "I"), ("a", 2, 2, "U"), ("b", 3, 1, "I"), ("b", 3, 2, "D")]),
    )
    assert made.rows == [("a", 2, 2)]
    assert made.aside == {"filtered": 1, "deduplicated": 2}
    assert made.statement.row_by_row


changes = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 9)),
    st.tuples(st.one_of(st.none(), st.integers(0, 2)), st.sampled_from(["I", "U", "D"])),
    min_size=1,
    max_size=14,
)


def _replayed(found):
    """Rows of all times from a plain replay: (key, value, valid_from, valid_to)."""
    history = []
    open_rows = {}
    for (key, at), (value, operation) in sorted(found.items(), key=lambda c: c[0][1]):
        now = open_rows.get(key)
        if operation == "D":
            if now:
                history.append((key, now[0], now[1], at))
                del open_rows[key]
        elif now is None or now[0] != value:
            if now:
                history.append((key, now[0], now[1], at))
            open_rows[key] = (value, at)
    return history + [(key, value, since, None) for key, (value, since) in open_rows.items()]


@settings(max_examples=25)
@given(found=changes, order=st.randoms(use_true_random=False))
def test_a_history_is_what_replaying_the_changes_one_by_one_gives(
    tmp_path_factory, make_chains, table, found, order
):
    rows = [(key, value, at, operation) for (key, at), (value, operation) in found.items()]
    order.shuffle(rows)
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    made = chains.run("- scd2: {keys: [k], sequence: n, operation: op}", table(CHANGES, rows))
    wanted = _replayed(found)
    assert sorted((r[:4] for r in made.rows), key=repr) == sorted(wanted, key=repr)
    assert all(current == (end is None) for *_, end, current in made.rows)

    now = chains.run(
        "- apply_changes: {keys: [k], sequence: n, operation: op}", table(CHANGES, rows)
    )
    current = sorted(((k, v) for k, v, _, end in wanted if end is None), key=repr)
    assert sorted(((k, v) for k, v, _ in now.rows), key=repr) == current


copies = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b", None]), st.integers(0, 4)),
    st.one_of(st.none(), st.integers(0, 1)),
    min_size=1,
)


@settings(max_examples=25)
@given(found=copies, order=st.randoms(use_true_random=False))
def test_at_the_time_of_a_copy_the_history_holds_the_copy(
    tmp_path_factory, make_chains, table, found, order
):
    rows = [(key, value, at) for (key, at), value in found.items()]
    order.shuffle(rows)
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    made = chains.run(
        "- snapshot: {keys: [k], taken_at: n}", table("k varchar, v integer, n integer", rows)
    )
    for time in {at for _, at in found}:
        then = [
            (k, v)
            for k, v, since, end, _ in made.rows
            if since <= time and (end is None or time < end)
        ]
        assert sorted(then, key=repr) == sorted(
            ((k, v) for (k, at), v in found.items() if at == time), key=repr
        )
    versions = {}
    for key, value, since, end, _ in sorted(made.rows, key=lambda r: r[2]):
        before = versions.get(key)
        assert before is None or before[1] < since or before[0] != value
        versions[key] = (value, end)


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("scd2: {keys: [k], sequence: n}", "PSK-STEP-069"),
        ("snapshot: {keys: [k], taken_at: n}", "PSK-STEP-069"),
        ("apply_changes: {keys: [k], sequence: n, operation: op}", "PSK-STEP-069"),
        ("apply_changes: {keys: [k], sequence: n, operation: op, deleted: gone}", None),
        ("scd1: {keys: [k], sequence: n}", None),
    ],
)
def test_a_history_is_not_made_from_new_changes_alone(tmp_path, step, code):
    (tmp_path / "c.csv").write_text("k,n,op\n", encoding="utf-8")
    (tmp_path / "pipeline.yaml").write_text(
        "name: test\n"
        "sources:\n"
        "  changes: {connector: file, path: c.csv, incremental: files,"
        " schema: {k: varchar, n: integer, op: varchar}}\n"
        f"transforms:\n  made: {{from: changes, steps: [{{{step}}}]}}\n"
        "targets: {out: {from: made, connector: lake, path: out, mode: merge, keys: [k]}}\n",
        encoding="utf-8",
    )
    compiled = compile_definition(load_definition(tmp_path))
    errors = [d.code for d in compiled.diagnostics if d.severity == "error"]
    assert errors == ([code] if code else [])
