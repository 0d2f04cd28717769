"""top, rollup, cube, window, sample: what is refused, and the laws they keep.

What they do to rows stands in their examples.
"""

from __future__ import annotations

import hashlib
import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROWS = "k varchar, n integer, x double, day date, at timestamp, l integer[]"


@pytest.mark.parametrize(
    ("step", "code", "marked"),
    [
        ("top: {by: [kk], order_by: [n]}", "PSK-STEP-010", "kk"),
        ("top: {by: [k], order_by: [nn]}", "PSK-SQL-102", "nn"),
        ("top: {by: [k], order_by: [random()]}", "PSK-STEP-043", "random()"),
        ("top: {by: [k]}", "PSK-STEP-022", "top"),
        ("top: {n: 0, order_by: [n]}", "PSK-STEP-025", "0"),
        ("rollup: {by: [kk], measures: {r: count(*)}}", "PSK-STEP-010", "kk"),
        ("rollup: {by: [k], measures: {r: n}}", "PSK-STEP-014", "n"),
        ("rollup: {by: [k], measures: {k: count(*)}}", "PSK-STEP-016", "count(*)"),
        ("cube: {by: [k], measures: {level: count(*)}}", "PSK-STEP-016", "count(*)"),
        ("cube: {by: [k, k], measures: {r: count(*)}}", "PSK-STEP-016", "k"),
        (
            "cube: {by: [k], measures: {r: row_number() over ()}}",
            "PSK-STEP-018",
            "row_number() over ()",
        ),
        ("window: {columns: {r: row_number}}", "PSK-STEP-060", "row_number"),
        ("window: {columns: {r: {lag: n}}}", "PSK-STEP-060", "{lag: n}"),
        ("window: {columns: {r: {running: sum(n)}}}", "PSK-STEP-060", "{running: sum(n)}"),
        ("window: {order_by: [n], columns: {r: {lag: nn}}}", "PSK-STEP-010", "nn"),
        ("window: {order_by: [n], columns: {r: {lag: n, default: x}}}", "PSK-STEP-040", "x"),
        ("window: {columns: {r: {share: k}}}", "PSK-STEP-061", "k"),
        ("window: {columns: {n: {share: n}}}", "PSK-STEP-016", "{share: n}"),
        ("window: {columns: {r: {total: sum(n) + 1}}}", "PSK-STEP-063", "sum(n) + 1"),
        ("window: {columns: {r: {total: count(distinct n)}}}", "PSK-STEP-063", "count(distinct n)"),
        ("window: {columns: {r: {total: median(n)}}}", "PSK-STEP-063", "median(n)"),
        ("window: {columns: {r: {total: n}}}", "PSK-STEP-014", "n"),
        (
            "window: {order_by: [day], columns: {r: {rolling: sum(n), range: 5}}}",
            "PSK-STEP-061",
            "5",
        ),
        (
            "window: {order_by: [day], columns: {r: {rolling: sum(n), range: 5 hours}}}",
            "PSK-STEP-061",
            "5 hours",
        ),
        (
            "window: {order_by: [day, n], columns: {r: {rolling: sum(n), range: 5 days}}}",
            "PSK-STEP-061",
            "5 days",
        ),
        (
            "window: {order_by: [x], columns: {r: {rolling: sum(n), range: 5}}}",
            "PSK-STEP-061",
            "5",
        ),
        (
            "window: {order_by: [n], columns: {r: {rolling: sum(n)}}}",
            "PSK-STEP-025",
            "{rolling: sum(n)}",
        ),
        ("sample: {fraction: 0.5, keys: [x]}", "PSK-STEP-065", "x"),
        ("sample: {fraction: 0.5, keys: [at]}", "PSK-STEP-065", "at"),
        ("statistics: {summary: [nn]}", "PSK-STEP-010", "nn"),
        ("statistics: {summary: [l]}", "PSK-STEP-061", "l"),
        ("statistics: {summary: [n, n]}", "PSK-STEP-016", "n"),
        ("statistics: {correlation: [n, k]}", "PSK-STEP-061", "k"),
        ("statistics: {histogram: k, edges: [1]}", "PSK-STEP-061", "k"),
        (
            "statistics: {histogram: n, edges: [2, 1]}",
            "PSK-STEP-025",
            "{histogram: n, edges: [2, 1]}",
        ),
        ("statistics: {histogram: n}", "PSK-STEP-025", "{histogram: n}"),
        (
            "statistics: {summary: [n], percentiles: [50]}",
            "PSK-STEP-025",
            "{summary: [n], percentiles: [50]}",
        ),
        ("sample: {fraction: 1.5, keys: [n]}", "PSK-STEP-025", "1.5"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, step, code, marked):
    (error,) = chains.refused(f"- {step}", table(ROWS))
    line = f"      - {step}"
    assert (error.code, line[error.span.column - 1 : error.span.end_column - 1]) == (code, marked)


def test_rows_beyond_the_top_are_counted_as_filtered(chains, table):
    made = chains.run(
        "- top: {by: [k], order_by: [n]}",
        table("k varchar, n integer", [("a", 1), ("a", 2), ("b", 1)]),
    )
    assert made.statement.row_by_row
    assert made.aside == {"filtered": 1, "deduplicated": 0}


def test_lineage_of_windows_and_levels(chains, table):
    rows = table("k varchar, n integer, day date")
    made = chains.run(
        "- window: {by: [k], order_by: [day], columns: {so_far: {running: sum(n)}}}", rows
    )
    assert made.statement.lineage["so_far"] == [["rows", "day"], ["rows", "k"], ["rows", "n"]]
    made = chains.run("- rollup: {by: [k], measures: {total: sum(n)}}", rows)
    assert made.statement.lineage == {"k": [["rows", "k"]], "level": [], "total": [["rows", "n"]]}


keys = st.lists(st.tuples(st.one_of(st.none(), st.text(max_size=4)), st.integers(0, 9)))


@settings(max_examples=15)
@given(rows=keys, fractions=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_larger_sample_holds_the_smaller(tmp_path_factory, make_chains, table, rows, fractions):
    rows = [(k if k is None else k.replace("\0", ""), n) for k, n in rows]
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    small, large = (
        chains.run(
            f"- sample: {{fraction: {fraction:.6f}, keys: [k]}}",
            table("k varchar, n integer", rows),
        ).rows
        for fraction in sorted(fractions)
    )
    for row in small:
        assert row in large


def test_a_sample_is_what_its_page_says(chains, table):
    """The first eight digits of the md5 of the seed and the keys, each behind its length."""
    made = chains.run(
        "- sample: {fraction: 0.3, keys: [k, n], seed: s}",
        table("k varchar, n integer", [(f"k{i}", i) for i in range(300)]),
    )
    kept = {
        (f"k{i}", i)
        for i in range(300)
        if int(hashlib.md5(f"1:s{len(f'k{i}')}:k{i}{len(str(i))}:{i}".encode()).hexdigest()[:8], 16)
        < 0.3 * 16**8
    }
    assert set(made.rows) == kept
    assert 60 < len(kept) < 120


numbers = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(-50, 50)), st.one_of(st.none(), st.integers(0, 9))),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15)
@given(rows=numbers)
def test_statistics_are_those_that_python_computes(tmp_path_factory, make_chains, table, rows):
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    data = table("a integer, b integer", rows)
    made = chains.run("- statistics: {summary: [a], percentiles: [0.5]}", data)
    known = [a for a, _ in rows if a is not None]
    (_, count, nulls, distinct, *told) = made.rows[0][:9]
    assert (count, nulls, distinct) == (len(rows), len(rows) - len(known), len(set(known)))
    if not known:
        assert told == [None] * 5
        return
    spread = statistics.stdev(known) if len(known) > 1 else None
    wanted = [min(known), max(known), statistics.mean(known), spread, statistics.median(known)]
    assert told == [w if w is None else pytest.approx(w) for w in wanted]

    made = chains.run("- statistics: {correlation: [a, b]}", data)
    both = [(a, b) for a, b in rows if a is not None and b is not None]
    varied = all(len({pair[i] for pair in both}) > 1 for i in (0, 1))
    wanted = pytest.approx(statistics.correlation(*zip(*both, strict=True))) if varied else None
    assert made.rows == [("a", "b", len(both), wanted)]

    made = chains.run("- statistics: {histogram: a, edges: [-10, 0, 25]}", data)
    bins = {found: count for found, _, _, count in made.rows}
    assert bins[None] == nulls
    assert [bins[i] for i in range(4)] == [
        sum(low <= a < high for a in known)
        for low, high in [(-99, -10), (-10, 0), (0, 25), (25, 99)]
    ]


@settings(max_examples=15)
@given(rows=numbers)
def test_windows_are_what_a_loop_gives(tmp_path_factory, make_chains, table, rows):
    rows = [(i, a, b) for i, (a, b) in enumerate(rows)]
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    made = chains.run(
        "- window: {by: [b], order_by: [i], columns: {so_far: {running: count(a)}, "
        "near: {rolling: max(a), rows: 2}, back: {rolling: count(*), range: 3}, "
        "before: {lag: a}, part: {share: i}}}",
        table("i integer, a integer, b integer", rows),
    )
    for i, _, b, so_far, near, back, before, part in made.rows:
        group = [(j, x) for j, x, k in rows if k == b and j <= i]
        last = [x for _, x in group[-2:] if x is not None]
        total = sum(j for j, _, k in rows if k == b)
        assert so_far == sum(x is not None for _, x in group)
        assert near == (max(last) if last else None)
        assert back == sum(j >= i - 3 for j, _ in group)
        assert before == (group[-2][1] if len(group) > 1 else None)
        assert part == (pytest.approx(i / total) if total else None)
