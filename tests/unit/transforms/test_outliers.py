"""outliers: what is refused, and bounds against numbers computed in another way."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("columns: carrier", "PSK-STEP-061"),
        ("columns: [n, nn]", "PSK-STEP-010"),
        ("columns: n, by: [m]", "PSK-STEP-010"),
        ("columns: n, flag: Carrier", "PSK-STEP-016"),
        ("columns: n, action: clip, flag: far", "PSK-STEP-032"),
        ("columns: n, threshold: 0", "PSK-STEP-025"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, options, code):
    (error,) = chains.refused(f"- outliers: {{{options}}}", table("n integer, carrier varchar"))
    assert error.code == code


def test_rows_are_held_as_they_were_and_the_rest_of_the_chain_goes_on_without_them(chains, table):
    made = chains.run(
        "- derive: {n: n + 1}\n- outliers: {columns: n, action: quarantine}\n- derive: {n: n * 10}",
        table("n integer", [(1,), (2,), (3,), (900,)]),
    )
    assert made.rows == [(20,), (30,), (40,)]
    assert made.quarantined == [(901, True)]
    assert made.statement.depends_on == ("made__outliers2",)
    assert made.statement.lineage == {"n": [["made__outliers2", "n"]]}


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=2, max_size=12))
def test_the_bounds_are_the_quartiles_of_the_textbook(make_chains, table, tmp_path_factory, rows):
    chains = make_chains(tmp_path_factory.mktemp("outliers"))
    made = chains.run("- outliers: {columns: n}", table("n integer", [(n,) for n in rows]))
    first, _, third = statistics.quantiles(rows, n=4, method="inclusive")
    far = 1.5 * (third - first)
    assert sorted(made.rows) == sorted((n, n < first - far or n > third + far) for n in rows)
