"""Any rule is refused before a run, or runs: one row of outcomes, predicates never NULL, failed
rows as many as the predicate refuses."""

from __future__ import annotations

from decimal import Decimal

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.quality import parse_rules
from penstock.quality.ast import (
    Between,
    Compare,
    Composite,
    In,
    Matches,
    Now,
    Number,
    Quantity,
    Rule,
    Simple,
    Special,
    Text,
)
from penstock.quality.render import render

columns = st.sampled_from(
    [
        "id",
        "carrier",
        "amount",
        "day",
        "at",
        "instant",
        "late",
        "tags",
        "odd name",
        "clock",
        "key_1",
    ]
).map(Text)
values = st.one_of(
    st.sampled_from(
        ["UA", "", "it's", "2020-01-01", "2020-01-01 10:00:00", "true", "12:00", "5"]
    ).map(Text),
    st.sampled_from(["0", "5", "-2.00", "0.5", "10"]).map(lambda n: Number(Decimal(n))),
    st.sampled_from([Special("NULL"), Special("EMPTY"), Special("WHITESPACES_ONLY")]),
    st.sampled_from([Now(), Now(Quantity(-3, "days"))]),
)
conditions = st.one_of(
    st.builds(Compare, st.sampled_from(["=", "!=", ">", ">=", "<", "<="]), values),
    st.builds(Between, values, values, st.booleans()),
    st.builds(In, st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(Matches, st.sampled_from([Text("[A-Z]+"), Text("(?i)ua|")]), st.booleans()),
)
shares = st.builds(Compare, st.sampled_from(["=", ">", "<="]), st.just(Number(Decimal("0.5"))))
filters = st.none() | st.sampled_from(
    [Text("id > 2"), Text("carrier IS NULL OR amount > 0"), Text("\"odd name\" <> ''")]
)
one = columns.map(lambda c: (c,))
several = st.lists(columns, min_size=1, max_size=3).map(tuple)
rules = st.recursive(
    st.one_of(
        st.builds(Simple, st.just("ColumnValues"), one, conditions, filters, st.none() | shares),
        st.builds(Simple, st.just("IsComplete"), one, st.none(), filters),
        st.builds(Simple, st.just("Completeness"), one, shares, filters),
        st.builds(Simple, st.just("IsUnique"), several, st.none(), filters),
        st.builds(Simple, st.just("IsPrimaryKey"), several, st.none(), filters),
        st.builds(Simple, st.just("Uniqueness"), several, shares, filters),
        st.builds(Simple, st.just("RowCount"), st.just(()), conditions, filters),
        st.builds(Simple, st.just("ColumnExists"), one),
        st.builds(
            Simple,
            st.just("CustomSql"),
            st.sampled_from(
                ["select id from primary where amount > 0", "select * from primary"]
            ).map(lambda sql: (Text(sql),)),
            st.none(),
            st.none(),
            st.none() | shares,
        ),
    ),
    lambda inner: st.builds(
        Composite,
        st.sampled_from(["and", "or"]),
        st.lists(inner, min_size=2, max_size=3).map(tuple),
    ),
    max_leaves=3,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rule=rules, action=st.sampled_from(["warn", "quarantine"]))
def test_a_rule_is_refused_or_runs(bench, action: str, rule: Rule) -> None:
    text = render(rule)
    parsed = parse_rules(text)
    assert not parsed.errors
    compiled = bench.compile(text, action)
    if compiled.check is None:
        assert compiled.errors
        for error in compiled.errors:
            assert 0 <= error.offset <= error.offset + error.length <= len(text)
        return
    try:
        bench.run(text, action)
    except duckdb.Error as error:
        raise AssertionError(f"{text}: {error}") from error
