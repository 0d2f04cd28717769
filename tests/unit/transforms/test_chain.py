"""How chains become relations, and that their accounts balance."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.transforms.volatile import NAMES

STEPS = [
    "- filter: n > 1",
    "- filter: s is not null",
    "- derive: {n: n + 1}",
    "- derive: {m: 'coalesce(n, 0) * 2', s: upper(s)}",
    "- derive: {w: row_number() over (partition by s order by n)}",
    "- nulls: {fill: {n: 0}}",
    "- nulls: {drop_rows: [n, s]}",
    "- standardize: {s: [trim, lower]}",
    "- deduplicate: {keys: [s], order_by: [n desc, m]}",
    "- deduplicate: {keys: [n, s]}",
    "- deduplicate: {}",
    "- lookup: {from: other, on: {n: id}, take: {t%d: name}}",
    "- lookup: {from: other, on: {n: id}, take: {t%d: name}, missing: drop}",
    "- lookup: {from: other, on: {m: id}, take: {t%d: name}, duplicates: first}",
    "- cast: {m: bigint}",
    "- top: {by: [s], n: 2, order_by: [n desc]}",
    "- sample: {fraction: 0.5, keys: [n, s]}",
    "- window: {by: [s], order_by: [n], columns: {w%d: {running: count(*)}}}",
    "- split: {column: s, separator: a, into: [s], surplus: drop}",
    "- encode: {columns: {s: {one_hot: {h%d: a}, unknown: zeros, keep: true}}}",
    "- scd1: {keys: [n], sequence: m, ties: break}",
]
values = st.one_of(st.none(), st.integers(-1, 3))
texts = st.one_of(st.none(), st.sampled_from(["a", " A", "b", ""]))


@settings(max_examples=40)
@given(
    rows=st.lists(st.tuples(values, texts, st.integers(0, 3)), max_size=10),
    other=st.lists(st.integers(-1, 6), unique=True, max_size=4),
    steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=6),
)
def test_the_accounts_of_every_chain_balance(
    tmp_path_factory, make_chains, table, rows, other, steps
):
    """`run` asserts it, and that the parts and the one query give the same rows."""
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    text = "\n".join(s % i if "%d" in s else s for i, s in enumerate(steps))
    chains.run(
        text,
        table("n integer, s varchar, m integer", rows),
        other=table("id integer, name varchar", [(i, f"name {i}") for i in other]),
    )


def test_what_is_sorted_is_not_sorted_twice(chains, table):
    made = chains.run(
        "- derive: {place: row_number() over (order by n)}\n- filter: place > 1\n- filter: n > 0",
        table("n integer", [(1,), (2,), (3,)]),
    )
    stages = [(s.step, s.materialize) for s in made.statement.stages]
    assert stages == [("derive", True), ("filter", False), ("filter", False)]


def test_a_chain_that_changes_nothing_is_one_select(chains, table):
    made = chains.run("- select: [a, b]", table("a integer, b integer", [(1, 2)]))
    assert len(made.statement.stages) == 1
    assert made.rows == [(1, 2)]


def test_a_relation_is_not_mistaken_for_a_dataset(chains, table):
    """Names of parts hold two underscores, which no dataset's name does."""
    made = chains.run(
        "- lookup: {from: before, on: {a: b}, take: [c]}\n- derive: {d: a + 1, e: d * d}\n"
        "- lookup: {from: ranked, on: {e: b}, take: {f: c}, duplicates: first}",
        table("a integer", [(1,)]),
        before=table("b integer, c integer", [(1, 5)]),
        ranked=table("b integer, c integer", [(4, 6)]),
    )
    assert made.rows == [(1, 5, 2, 4, 6)]


def test_every_volatile_function_of_duckdb_is_known():
    import duckdb
    from sqlglot import parse_one

    from penstock.transforms.volatile import is_volatile

    names = duckdb.sql(
        "SELECT DISTINCT function_name FROM duckdb_functions() "
        "WHERE stability IN ('VOLATILE', 'CONSISTENT_WITHIN_QUERY') AND function_type = 'scalar'"
    ).fetchall()
    # What asks about the database or the session, not about rows.
    session = {"vector_type", "sleep_ms", "write_log", "stats", "error", "setval", "getvariable"}
    for (name,) in names:
        if name in session or name.startswith(("current_", "in_search")):
            continue
        assert is_volatile(parse_one(f"{name}()", read="duckdb")), name
    assert "now" in NAMES
