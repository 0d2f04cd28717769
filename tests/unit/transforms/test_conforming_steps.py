"""union, scale, encode, conform, parse_url: what is refused, what fails, what they are made of.

What they do to rows stands in their examples.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMNS = {"k": "varchar", "n": "integer", "x": "double", "big": "bigint", "flag": "boolean"}


@pytest.mark.parametrize(
    ("step", "code", "marked"),
    [
        ("union: {from: othr}", "PSK-REF-001", "othr"),
        ("union: {from: [other, othr]}", "PSK-REF-001", "othr"),
        ("union: {from: made}", "PSK-REF-003", "made"),
        ("union: {from: other}", "PSK-STEP-062", "other"),
        ("union: {from: twin}", "PSK-STEP-016", "twin"),
        ("union: {from: [same, same]}", "PSK-STEP-016", "same"),
        ("union: {from: more, missing: fail}", "PSK-STEP-064", "more"),
        ("union: {from: same, source: k}", "PSK-STEP-016", "k"),
        ("scale: {columns: {k: z_score}}", "PSK-STEP-061", "k"),
        ("scale: {columns: {n: z_scor}}", "PSK-STEP-024", "z_scor"),
        ("scale: {by: [kk], columns: {n: z_score}}", "PSK-STEP-010", "kk"),
        ("scale: {columns: {n: {method: min_max, into: x}}}", "PSK-STEP-016", "x"),
        ("encode: {columns: {k: {one_hot: [a]}}}", "PSK-STEP-022", "k"),
        ("encode: {columns: {k: {one_hot: [a, A], unknown: zeros}}}", "PSK-STEP-016", "A"),
        ("encode: {columns: {n: {ordinal: [a], unknown: null}}}", "PSK-STEP-066", "a"),
        ("encode: {columns: {n: {ordinal: [1, 1], unknown: null}}}", "PSK-STEP-016", "1"),
        ("encode: {columns: {x: {ordinal: [1], unknown: null}}}", "PSK-STEP-061", "x"),
        ("encode: {columns: {kk: {ordinal: [a], unknown: null}}}", "PSK-STEP-010", "kk"),
        (
            "encode: {columns: {k: {one_hot: {n: a}, unknown: null}}}",
            "PSK-STEP-016",
            "{one_hot: {n: a}, unknown: null}",
        ),
        ("conform: {columns: {k: varchar}}", "PSK-STEP-064", "columns"),
        ("conform: {columns: {kk: varchar}, surplus: drop}", "PSK-STEP-064", "kk"),
        ("conform: {columns: {k: varchar, K: varchar}, surplus: drop}", "PSK-STEP-016", "K"),
        ("conform: {columns: {n: date}, surplus: drop}", "PSK-STEP-019", "date"),
        (
            "conform: {columns: {c: {type: date, default: x}}, surplus: drop}",
            "PSK-STEP-040",
            "x",
        ),
        ("parse_url: {column: n, take: [host]}", "PSK-STEP-061", "n"),
        ("parse_url: {column: k, take: {n: host}}", "PSK-STEP-016", "host"),
        ("parse_url: {column: k, take: [hots]}", "PSK-STEP-024", "hots"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, step, code, marked):
    errors = chains.refused(
        f"- {step}",
        table(COLUMNS),
        other=table("k integer"),
        twin=table("K varchar"),
        same=table(COLUMNS),
        more=table({**COLUMNS, "m": "date"}),
    )
    line = f"      - {step}"
    found = errors[0]
    assert (found.code, line[found.span.column - 1 : found.span.end_column - 1]) == (code, marked)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("encode: {columns: {k: {one_hot: [a], unknown: fail}}}", "`k` of `made` has no value b"),
        ("conform: {columns: {k: integer}}", "not a whole number: a"),
    ],
)
def test_a_run_fails_with_the_value(chains, table, step, told):
    with pytest.raises(duckdb.Error, match=told):
        chains.run(f"- {step}", table("k varchar", [("a",), ("b",)]))


def test_rows_of_a_union_come_from_all(chains, table):
    made = chains.run(
        "- filter: n > 1\n- union: {from: other, source: origin}\n- filter: n < 9",
        table("n integer", [(1,), (2,)]),
        other=table("n integer, m integer", [(1, 5), (9, 6)]),
    )
    assert sorted(made.rows) == [(1, 5, "other"), (2, None, "rows")]
    assert made.statement.depends_on == ("rows", "other")
    assert made.statement.lineage == {
        "n": [["other", "n"], ["rows", "n"]],
        "m": [["other", "m"]],
        "origin": [],
    }


def test_what_nobody_asks_for_is_not_looked_for(chains, table):
    made = chains.run(
        "- parse_url: {column: u, take: [scheme]}",
        table("u varchar, url_whole varchar", [("HTTP://a", "mine")]),
    )
    assert made.rows == [("HTTP://a", "mine", "http")]
    assert "fragment" not in made.statement.sql


urls = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["http://", "ftp://", "//", "", "urn:"]),
    st.sampled_from(["a.org", "u@b.org", "c.org:80", "[::1]:1", ""]),
    st.sampled_from(["", "/", "/x/y", "/:@"]),
    st.sampled_from(["", "?a=b", "?a?b", "?x=/"]),
    st.sampled_from(["", "#f", "#f?g"]),
)


@settings(max_examples=10)
@given(texts=st.lists(urls, min_size=1, max_size=20))
def test_python_takes_urls_apart_alike(tmp_path_factory, make_chains, table, texts):
    chains = make_chains(tmp_path_factory.mktemp("chain"))
    made = chains.run(
        "- parse_url: {column: u, take: [scheme, host, port, path, query, fragment]}",
        table("u varchar", [(t,) for t in texts]),
    )
    for url, scheme, host, port, path, query, fragment in made.rows:
        known = urlsplit(url)
        place = known.netloc.rpartition("@")[2].lower().removesuffix(f":{known.port}")
        assert (scheme or "", host or "", port) == (known.scheme, place, known.port), url
        assert (path, query or "", fragment or "") == (known.path, known.query, known.fragment)
