"""What the vendors' pages do not give a warehouse is refused there, with the page's reason."""

from __future__ import annotations

import re

import pytest

from penstock.dialects.portable import Refusal, compile_query

SCHEMAS = {
    "t": {
        "s": "varchar",
        "i": "integer",
        "x": "double",
        "b": "boolean",
        "z": "blob",
        "js": "varchar",
    }
}
ORDERED = "OVER (PARTITION BY s ORDER BY i)"
FRAMED = "OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"
UNORDERED_FRAME = "OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)"
PAIRS = (
    "covar_samp covar_pop regr_sxx regr_syy regr_sxy corr regr_slope regr_intercept regr_r2".split()  # noqa: SIM905
)
# Aggregates that take no order and no frame in Snowflake's OVER.
PLAIN = [
    "bool_and(b)",
    "bool_or(b)",
    "min(b)",
    "max(b)",
    "any_value(b)",
    "bit_and(i)",
    "bit_or(i)",
    "bit_xor(i)",
    "approx_count_distinct(s)",
    "count_distinct_rows(s, i)",
    *(f"{name}(x, i)" for name in PAIRS),
]
# Those whose aggregates are none of Redshift's window functions.
NO_WINDOW = [
    "bool_and(b)",
    "bool_or(b)",
    "min(b)",
    "max(b)",
    "any_value(b)",
    "bit_and(i)",
    "bit_or(i)",
    "approx_count_distinct(s)",
]


def written(expression: str, warehouse: str) -> str:
    """Its SQL."""
    return compile_query(f"SELECT {expression} AS v FROM t", SCHEMAS, warehouse)


def refused(expression: str, warehouse: str) -> Refusal:
    """Why it is refused, for this warehouse alone; DuckDB runs it."""
    assert written(expression, "duckdb")
    with pytest.raises(Refusal) as raised:
        written(expression, warehouse)
    assert raised.value.engines == (warehouse,)
    assert raised.value.offset is not None
    return raised.value


@pytest.mark.parametrize("window", [ORDERED, FRAMED, UNORDERED_FRAME])
@pytest.mark.parametrize("call", PLAIN)
def test_snowflake_gives_some_aggregates_no_order_and_no_frame_in_a_window(call, window):
    why = refused(f"{call} {window}", "snowflake")
    assert why.code == "PSK-PORT-029"
    assert "no ORDER BY and no frame in OVER" in why.message
    assert "PARTITION BY" in str(why.hint)


@pytest.mark.parametrize("window", ["", "OVER ()", "OVER (PARTITION BY s)"])
@pytest.mark.parametrize("call", PLAIN)
def test_snowflake_has_them_over_a_whole_partition(call, window):
    assert written(f"{call} {window}", "snowflake")


@pytest.mark.parametrize("window", [ORDERED, FRAMED])
@pytest.mark.parametrize("call", ["min(i)", "max(s)", "sum(x)", "avg(i)", "count_if(b)"])
def test_snowflake_has_the_others_over_rows_in_order(call, window):
    assert written(f"{call} {window}", "snowflake")


@pytest.mark.parametrize("window", ["OVER ()", "OVER (PARTITION BY s)", FRAMED])
@pytest.mark.parametrize("call", NO_WINDOW)
def test_redshift_has_some_aggregates_without_over_only(call, window):
    why = refused(f"{call} {window}", "redshift")
    assert why.code == "PSK-PORT-029"
    assert "takes no OVER on redshift" in why.message
    assert written(call, "redshift")


@pytest.mark.parametrize("call", ["min(i)", "max(x)", "sum(x)", "count(b)", "var_pop(x)"])
def test_redshift_has_the_others_over_a_window(call):
    assert written(f"{call} {FRAMED}", "redshift")


@pytest.mark.parametrize(
    ("expression", "warehouse", "why"),
    [
        ("string_agg(s, ',' ORDER BY i)", "redshift", "leaves out empty texts"),
        ("string_agg(DISTINCT s ORDER BY s)", "redshift", "leaves out empty texts"),
        ("i | 1", "redshift", "of numbers `&` and the shifts alone"),
        ("~ i", "redshift", "of numbers `&` and the shifts alone"),
        ("xor(i, 1)", "redshift", "of numbers `&` and the shifts alone"),
        ("md5(z)", "snowflake", "of texts, not of bytes"),
        ("sha1(encode(s))", "snowflake", "of texts, not of bytes"),
        ("sha256(z)", "snowflake", "of texts, not of bytes"),
        ("nth_value(s, 1001) OVER (ORDER BY i)", "snowflake", "counts to 1000"),
        (
            "nth_value(s, 2) OVER (ORDER BY i RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)",
            "snowflake",
            "RANGE with a distance",
        ),
        (
            "nth_value(s, 2) OVER (ORDER BY i RANGE BETWEEN UNBOUNDED PRECEDING AND 2 FOLLOWING)",
            "snowflake",
            "RANGE with a distance",
        ),
        ("json_valid(js)", "snowflake", "takes more than JSON"),
    ],
)
def test_what_a_page_speaks_against_is_refused_in_its_words(expression, warehouse, why):
    found = refused(expression, warehouse)
    assert found.code == "PSK-PORT-020"
    assert why in found.message


@pytest.mark.parametrize("pattern", ["", "()", "(?:)", "(())"])
@pytest.mark.parametrize("call", ["regexp_extract(s, '{}')", "regexp_replace(s, '{}', 'x')"])
def test_snowflake_finds_no_empty_pattern(call, pattern):
    why = refused(call.format(pattern), "snowflake")
    assert why.code == "PSK-PORT-031"
    assert "matches nothing on Snowflake" in why.message


def test_snowflake_counts_no_empty_pattern_as_no_engine_does():
    with pytest.raises(Refusal, match="matches the empty text"):
        written("regexp_count(s, '')", "snowflake")


@pytest.mark.parametrize("call", ["regexp_matches(s, '')", "regexp_full_match(s, '')"])
def test_snowflake_s_regexp_like_takes_an_empty_pattern(call):
    assert "REGEXP_LIKE(" in written(call, "snowflake")


@pytest.mark.parametrize(
    "expression",
    [
        "i & 1",
        "i >> 1",
        "i << 1",
        "bit_and(i)",
        "md5(s)",
    ],
)
@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_what_the_pages_have_is_written(expression, warehouse):
    assert written(expression, warehouse)


@pytest.mark.parametrize(
    "window",
    [
        "OVER (ORDER BY i)",
        "OVER (ORDER BY i RANGE BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)",
        "OVER (ORDER BY i ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)",
    ],
)
def test_snowflake_has_nth_value_over_frames_without_a_distance(window):
    sql = written(f"nth_value(s, 1000) {window}", "snowflake")
    assert "BETWEEN" in sql  # the frame is always written: without one it is the whole partition


def test_snowflake_has_a_distance_for_the_first_and_last_value():
    window = "OVER (ORDER BY i RANGE BETWEEN 1 PRECEDING AND CURRENT ROW)"
    for name in ("first_value", "last_value"):
        assert "RANGE BETWEEN 1 PRECEDING" in written(f"{name}(s) {window}", "snowflake")


@pytest.mark.parametrize(
    "expression",
    [
        *(
            f"TRY_CAST(s AS {kind})"
            for kind in ("integer", "bigint", "decimal(8,2)", "double", "date", "timestamp")
        ),
        "CAST(s AS double)",
        "try_strptime(s, '%Y-%m-%d')",
        "try_strptime(s, '%d.%m.%Y %H:%M:%S%z')",
    ],
)
def test_no_empty_text_comes_to_redshift_s_try_cast(expression):
    sql = written(expression, "redshift")
    assert re.findall(r"TRY_CAST\((\w+)\(", sql)
    assert set(re.findall(r"TRY_CAST\((.{7})", sql)) == {"NULLIF("}
    assert sql.count("TRY_CAST(") == sql.count(", '') AS ")


@pytest.mark.parametrize("kind", ["integer", "bigint", "decimal(8,2)", "date", "timestamp"])
def test_what_redshift_casts_is_of_the_grammar_or_a_text_with_words(kind):
    """Then no blank text comes to CAST either, and one fails as anywhere."""
    sql = written(f"CAST(s AS {kind})", "redshift")
    assert re.search(r"CAST\(CASE WHEN \(REGEXP_INSTR", sql)
    assert re.search(r"THEN concat\('not a[^']*: ', \"t\".\"s\"\) END AS ", sql)
