"""Where a warehouse's SQL, on what stands in for it, gives other rows than the fixtures; each with why.

`case` or `function` of the suite → the reason. What is in here is not shown to be right by any test.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WIDER = (
    "Snowflake's whole numbers have digits, not bits: a sum beyond 32 bits is given, not failed"
)
_OVER_64 = "the emulator divides in doubles"
_SUM = "the emulator sums in doubles, and takes no DISTINCT in a sum"
_TRIM = "the emulator takes other white space too, and does not read the characters to take away"
_DAYS = "Snowflake's driver for Python turns no moment near the years 1 and 9999 into another zone"
_32_BITS = "the emulator's function takes 32 bits only"
_LINES = "DuckDB takes a line feed away, which Snowflake says TRIM leaves"

SNOWFLAKE: Mapping[tuple[str, str], str] = {
    ("abs", "abs(i)"): _WIDER,
    ("operator_add", "i + 1"): _WIDER,
    ("operator_add", "CAST(32767 AS SMALLINT) + CAST(j AS SMALLINT)"): _WIDER,
    ("operator_multiply", "i * 2"): _WIDER,
    ("operator_shift", "j << 31"): _WIDER,
    ("operator_subtract", "i - j"): _WIDER,
    ("operator_subtract", "- i"): _WIDER,
    ("operator_whole_division", "i // -1"): _WIDER,
    ("round", "round(i, -1)"): _WIDER,
    ("operator_shift", "b >> 2"): _OVER_64,
    ("operator_whole_division", "b // j"): _OVER_64,
    ("avg", "avg(DISTINCT i) by g"): _SUM,
    ("avg", "avg(DISTINCT i)"): _SUM,
    ("avg", "SELECT avg(b) AS b, avg(hd) AS h FROM t_num"): _SUM,
    ("sum", "sum(DISTINCT i) by g"): _SUM,
    ("sum", "sum(DISTINCT i)"): _SUM,
    ("sum", "sum(DISTINCT d) by g"): _SUM,
    ("sum", "sum(DISTINCT d)"): _SUM,
    ("sum", "SELECT sum(b) AS s, sum(hd) AS h, sum(d) AS d FROM t_num"): _SUM,
    ("cast_text_to_boolean", "TRY_CAST(v AS BOOLEAN)"): _LINES,
    (
        "cast_text_to_boolean",
        "CAST(CASE WHEN TRY_CAST(v AS BOOLEAN) IS NOT NULL THEN v END AS BOOLEAN)",
    ): _LINES,
    (
        "cast_between_times",
        "CAST(CASE WHEN d > DATE '0001-01-02' THEN ts END AS TIMESTAMPTZ)",
    ): _DAYS,
    ("date", "SELECT id, CAST(ts AS TIMESTAMPTZ) AS v FROM t_dt WHERE id <> 13"): _DAYS,
    ("make_timestamptz", "make_timestamptz(epoch_us(tz))"): _DAYS,
    ("chr", "chr(id + 60)"): _32_BITS,
    ("chr", "SELECT 1 AS k, chr(NULL) AS v"): _32_BITS,
    ("factorial", "factorial(abs(j))"): _32_BITS,
    ("lpad", "lpad(s, length(s) + 2, s)"): _32_BITS,
    ("lpad", "lpad(s, NULL, '*')"): _32_BITS,
    ("lpad", "lpad(s, NULLIF(id % 4, 0) - 2, left(s, id % 2))"): _32_BITS,
    ("rpad", "rpad(s, id, s)"): _32_BITS,
    **{
        ("json_extract_string", case): "the emulator casts a whole document to its JSON"
        for case in ("json_extract_string(js, '$')", "SELECT 1 AS k, 'null' ->> '$' AS v")
    },
    **{
        ("regexp_replace", case): "the emulator replaces every match only"
        for case in (
            "regexp_replace(s, '[^a-zA-Z0-9]', '')",
            r"regexp_replace(s, '([a-z])(x)?', '[\1\20]')",
            "regexp_replace(s, 'z*', '-')",
            "regexp_replace(s, '.b', '&')",
        )
    },
    ("unhex", "SELECT 1 AS k, unhex('F') AS v"): "the emulator reads half a byte",
    # Clauses.
    (
        "exclude",
        "SELECT a.* EXCLUDE (g), b.* EXCLUDE (g, x) FROM t_a a JOIN t_b b USING (x)",
    ): "the emulator gives one of two columns that have the same name",
}
SNOWFLAKE_FUNCTIONS: Mapping[str, str] = {
    "trim": _TRIM,
    "ltrim": _TRIM,
    "rtrim": _TRIM,
    "decode": "the emulator shows the bytes",
    "reverse": "the emulator keeps the marks of a letter behind it",
    "strlen": "the emulator has no OCTET_LENGTH of texts",
}
"""Functions none of whose cases is compared on the emulator."""

_OVERFLOW = "PostgreSQL fails beyond the range of a double; what Redshift does is not known"
REDSHIFT: Mapping[tuple[str, str], str] = {
    ("operator_add", "CAST(1e308 AS DOUBLE) + f * 1e288"): _OVERFLOW,
    ("operator_divide", "f / 1e-308 / 1e-10"): _OVERFLOW,
    ("operator_divide", "f / 1e300 / 1e300"): _OVERFLOW,
    ("operator_multiply", "f * 1e300 * 1e300"): _OVERFLOW,
    ("operator_multiply", "f * 1e-300 * 1e-300"): _OVERFLOW,
    ("sum", "SELECT sum(y) AS s FROM t_edge WHERE y > 1e307"): _OVERFLOW,
    ("quantile_cont", "quantile_cont(d, 0.25) by g"): (
        "PostgreSQL weighs the two neighbours in another way, which shows where digits are lost"
    ),
}
OWN = (
    "DATEADD(",
    "DATEDIFF(",
    "LAST_DAY(",
    "REGEXP_",
    "SHA1(",
    "SHA2(",
    "TRY_CAST(",
    "VARBYTE",
    "IGNORE NULLS",
    ", TRUE)",
    "\\\\",  # a backslash in a text stands there twice
)
"""What Redshift has for itself: a query with one of them does not run on PostgreSQL, or otherwise."""
