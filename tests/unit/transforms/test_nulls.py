"""nulls: what is refused, and laws of its fills."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("sentinels: {n: x}", "PSK-STEP-040"),
        ("sentinels: {n: [1, 1.5]}", "PSK-STEP-040"),
        ("sentinels: {m: 1}", "PSK-STEP-010"),
        ("fill: {n: {column: s}}", "PSK-STEP-040"),
        ("fill: {n: {column: m}}", "PSK-STEP-010"),
        ("fill: {s: {statistic: mean}}", "PSK-STEP-061"),
        ("fill: {n: {statistic: mean, by: [m]}}", "PSK-STEP-010"),
        ("fill: {n: {direction: forward, order_by: [m]}}", "PSK-SQL-102"),
        ("fill: {n: {direction: forward}}", "PSK-STEP-025"),
        ("fill: {n: {column: n, by: [s]}}", "PSK-STEP-025"),
        ("fill: {n: {}}", "PSK-STEP-025"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, options, code):
    errors = chains.refused(f"- nulls: {{{options}}}", table("n integer, s varchar"))
    assert code in [e.code for e in errors]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.none() | st.integers(0, 3), max_size=10))
def test_forward_in_one_order_is_backward_in_the_other(make_chains, table, tmp_path_factory, ns):
    chains = make_chains(tmp_path_factory.mktemp("nulls"))
    rows = table("at integer, n integer", list(enumerate(ns)))
    forward = chains.run(
        "- nulls: {fill: {n: {direction: forward, order_by: [at desc]}}}", rows
    ).rows
    backward = (
        make_chains(tmp_path_factory.mktemp("nulls"))
        .run("- nulls: {fill: {n: {direction: backward, order_by: [at]}}}", rows)
        .rows
    )
    assert sorted(forward, key=str) == sorted(backward, key=str)
    value = None
    for i, n in reversed(list(enumerate(ns))):
        value = n if n is not None else value
        assert (i, value) in forward
