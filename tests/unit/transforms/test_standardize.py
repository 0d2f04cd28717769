"""standardize: forms that say what a text means; what is refused, what fails, what tables hold."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.transforms import tables
from penstock.transforms.tables.units import NAMES, conversions


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("{unit: kilo}", "PSK-STEP-036"),
        ("{unit: kg, assumed: ft}", "PSK-STEP-036"),
        ("{phone: us}", "PSK-STEP-036"),
        ("{date: ['%Q']}", "PSK-STEP-019"),
        ("[boolean, trim]", "PSK-STEP-025"),
        ("{fone: US}", "PSK-STEP-025"),
        ("{phone: US, on_eror: null}", "PSK-STEP-021"),
        ("{country: alpha2}", "PSK-STEP-024"),
        ("{boolean: {yes: [ja]}}", "PSK-STEP-022"),
    ],
)
def test_a_form_that_cannot_be_is_refused(chains, table, form, code):
    (error,) = chains.refused(f"- standardize: {{s: {form}}}", table("s varchar, n integer"))
    assert error.code == code


def test_a_form_is_for_text(chains, table):
    (error,) = chains.refused("- standardize: {n: boolean}", table("n integer"))
    assert error.code == "PSK-STEP-042"


@pytest.mark.parametrize(
    ("form", "noun"),
    [
        ("boolean", "a boolean"),
        ("email", "an e-mail address"),
        ("currency", "a currency"),
        ("{country: alpha_2}", "a country"),
        ("{date: ['%Y']}", "a date"),
        ("{phone: US}", "a telephone number"),
        ("{unit: kg}", "an amount in kg"),
    ],
)
def test_a_text_that_is_none_fails_the_run_and_is_shown(chains, table, form, noun):
    rows = table("s varchar", [("who knows",), (None,)])
    with pytest.raises(duckdb.InvalidInputException, match=f"not {noun}: who knows"):
        chains.run(f"- standardize: {{s: {form}}}", rows)


def test_rows_are_held_before_any_column_is_read(chains, table):
    made = chains.run(
        "- standardize: {a: [trim, {country: alpha_2, on_error: quarantine}], b: boolean}\n"
        "- filter: b",
        table("a varchar, b varchar", [("france", "y"), (" nowhere ", "n"), ("DE", "no")]),
    )
    assert made.rows == [("FR", True)]
    assert made.quarantined == [("nowhere", "n")]
    assert made.statement.lineage["a"] == [["made__standardize1", "a"]]


def test_no_two_countries_or_currencies_share_a_spelling():
    for name in ("countries", "currencies"):
        rows = tables.rows(name)
        spellings = [
            {
                s.lower()
                for s in [*r["names"].split("; "), *(v for k, v in r.items() if k != "names")]
                if s
            }
            for r in rows
        ]
        assert sum(map(len, spellings)) == len(set().union(*spellings))
    assert len(tables.rows("countries")) == 249
    assert {len(r["alpha_2"] + r["alpha_3"] + r["numeric"]) for r in tables.rows("countries")} == {
        8
    }


def test_every_unit_goes_there_and_back():
    for name in NAMES:
        for other, (factor, offset) in conversions(name).items():
            back, less = conversions(other)[name]
            assert (7 * factor + offset) * back + less == pytest.approx(7)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.dates(dt.date(1000, 1, 1)), min_size=1, max_size=20))
def test_dates_are_read_as_they_were_written(make_chains, table, tmp_path_factory, days):
    chains = make_chains(tmp_path_factory.mktemp("dates"))
    forms = ["%Y-%m-%d", "%d.%m.%Y"]
    rows = table(
        "n integer, s varchar", [(i, d.strftime(forms[i % 2])) for i, d in enumerate(days)]
    )
    made = chains.run(f"- standardize: {{s: {{date: {forms}}}}}", rows)
    assert sorted(made.rows) == list(enumerate(days))
