"""PostgreSQL: functions in the schema `penstock`, for what it has no function with our meaning."""

from __future__ import annotations

from penstock.dialects.portable import grammar

VERSION = 1
"""Raised with every change of `SETUP`."""

SETUP = """
CREATE SCHEMA IF NOT EXISTS penstock;
"""

# Doubles as IEEE 754 has them. PostgreSQL fails where one overflows or underflows:
# https://www.postgresql.org/docs/16/datatype-numeric.html#DATATYPE-FLOAT
# 2^512, 2^1023 and their inverses are exact; the bounds of the first CASE are far within the range.
_F = "LANGUAGE sql IMMUTABLE PARALLEL SAFE"
_NAN = "(CAST('NaN' AS float8))"
_INF = "(CAST('Infinity' AS float8))"
_UP, _DOWN = "1.3407807929942597e154", "7.458340731200207e-155"
NUMBERS = f"""
CREATE OR REPLACE FUNCTION penstock.plus_wide(a float8, b float8) RETURNS float8 {_F} AS $$
  SELECT CASE
    WHEN NOT (abs(a) < {_INF} AND abs(b) < {_INF}) THEN a + b
    WHEN a / 2 + b / 2 >= 8.98846567431158e307 THEN {_INF}
    WHEN a / 2 + b / 2 <= -8.98846567431158e307 THEN -{_INF}
    ELSE a + b END $$;
CREATE OR REPLACE FUNCTION penstock.plus(a float8, b float8) RETURNS float8 {_F} AS $$
  SELECT CASE WHEN abs(a) < 8e307 AND abs(b) < 8e307 THEN a + b
    ELSE penstock.plus_wide(a, b) END $$;
CREATE OR REPLACE FUNCTION penstock.minus(a float8, b float8) RETURNS float8 {_F} AS $$
  SELECT CASE WHEN abs(a) < 8e307 AND abs(b) < 8e307 THEN a - b
    ELSE penstock.plus_wide(a, -b) END $$;
CREATE OR REPLACE FUNCTION penstock.times_wide(a float8, b float8) RETURNS float8 {_F} AS $$
  SELECT CASE
    WHEN a = 0 OR b = 0 OR NOT (abs(a) < {_INF} AND abs(b) < {_INF}) THEN a * b
    WHEN abs(a) >= 1 AND abs(b) >= 1 AND abs((a * {_DOWN}) * (b * {_DOWN})) >= 1
      THEN sign(a) * sign(b) * {_INF}
    WHEN abs(a) < 1 AND abs(b) < 1
      AND abs((a * {_UP}) * (b * {_UP})) <= 4.440892098500626e-16 THEN 0
    ELSE a * b END $$;
CREATE OR REPLACE FUNCTION penstock.times(a float8, b float8) RETURNS float8 {_F} AS $$
  SELECT CASE
    WHEN abs(a) BETWEEN 1e-150 AND 1e150 AND abs(b) BETWEEN 1e-150 AND 1e150 THEN a * b
    ELSE penstock.times_wide(a, b) END $$;
CREATE OR REPLACE FUNCTION penstock.over_wide(a float8, b float8) RETURNS float8 {_F} AS $$
  SELECT CASE
    WHEN b = 0 THEN NULL
    WHEN a = 0 OR NOT (abs(a) < {_INF} AND abs(b) < {_INF}) THEN a / b
    WHEN abs(b) < 1 AND abs(a) >= {_DOWN} AND abs(a) * {_DOWN} >= abs(b) * {_UP}
      THEN sign(a) * sign(b) * {_INF}
    WHEN abs(b) >= 1 AND abs(a) < 1
      AND abs(a) * {_UP} <= abs(b) * {_DOWN} * 4.440892098500626e-16 THEN 0
    ELSE a / b END $$;
CREATE OR REPLACE FUNCTION penstock.over(a float8, b float8) RETURNS float8 {_F} AS $$
  SELECT CASE
    WHEN abs(a) BETWEEN 1e-150 AND 1e150 AND abs(b) BETWEEN 1e-150 AND 1e150 THEN a / b
    ELSE penstock.over_wide(a, b) END $$;
CREATE OR REPLACE FUNCTION penstock.pow(a float8, b float8) RETURNS float8 {_F} AS $$
  SELECT CASE
    WHEN a IS NULL OR b IS NULL THEN NULL
    WHEN a = 0 AND b < 0 THEN
      CASE WHEN CAST(a AS text) = '-0' AND b = trunc(b) AND abs(b) < 9007199254740992
        AND CAST(b AS numeric) % 2 <> 0 THEN -{_INF} ELSE {_INF} END
    WHEN a < 0 AND a > -{_INF} AND abs(b) < {_INF} AND b <> trunc(b) THEN {_NAN}
    WHEN a = 0 OR abs(a) = 1 OR NOT (abs(a) < {_INF} AND abs(b) < {_INF}) THEN power(a, b)
    WHEN b * ln(abs(a)) > 709.782712893384 THEN
      CASE WHEN a < 0 AND abs(b) < 9007199254740992 AND CAST(b AS numeric) % 2 <> 0
        THEN -{_INF} ELSE {_INF} END
    WHEN b * ln(abs(a)) < -745.13 THEN 0
    ELSE power(a, b) END $$;
CREATE OR REPLACE FUNCTION penstock.round_half_away(x float8) RETURNS float8 {_F} AS $$
  SELECT CASE WHEN NOT (abs(x) < 4503599627370496) THEN x
    ELSE trunc(x) + CASE WHEN abs(x - trunc(x)) >= 0.5 THEN sign(x) ELSE 0 END END $$;
CREATE OR REPLACE FUNCTION penstock.round_even(x numeric, digits int) RETURNS numeric {_F} AS $$
  SELECT CASE
    WHEN abs(x * 10::numeric ^ digits - trunc(x * 10::numeric ^ digits)) = 0.5
      THEN 2 * round(x * 10::numeric ^ digits / 2) / 10::numeric ^ digits
    ELSE round(x, digits) END $$;
"""

# Casts. The grammars are those of `grammar.py`; what passes them is then looked at for its size,
# so that no exception is caught: a block that catches one cannot run in parallel.
# https://www.postgresql.org/docs/16/parallel-safety.html


def _matches(pattern: str) -> str:
    return f"x ~ '^(?:{grammar.spaced(pattern)})$'"


def _try_whole(name: str, bits: int) -> str:
    return f"""
CREATE OR REPLACE FUNCTION penstock.try_{name}(x text) RETURNS {name} {_F} AS $$
  SELECT CASE WHEN {_matches(grammar.WHOLE)} THEN
    CASE WHEN CAST(x AS numeric) BETWEEN {-(2**bits)} AND {2**bits - 1} THEN CAST(x AS {name}) END
  END $$;"""


_HIGH, _MIDDLE = f"(CAST({2**84} AS float8))", f"(CAST({2**42} AS float8))"
# Half a step beyond the greatest double, and half of the least one.
_TOO_LARGE = 2**1024 - 2**970
_TOO_SMALL = "2.4703282292062327208828439643411068618253e-324"
CASTS = f"""
CREATE OR REPLACE FUNCTION penstock.exact(x float8) RETURNS numeric {_F} AS $$
  SELECT CASE WHEN abs(x) < 9e18 THEN CAST(CAST(x AS bigint) AS numeric)
    ELSE CAST(CAST(trunc(x / {_HIGH}) AS bigint) AS numeric) * {2**84}
      + CAST(CAST(trunc((x - trunc(x / {_HIGH}) * {_HIGH}) / {_MIDDLE}) AS bigint)
          AS numeric) * {2**42}
      + CAST(CAST((x - trunc(x / {_HIGH}) * {_HIGH})
          - trunc((x - trunc(x / {_HIGH}) * {_HIGH}) / {_MIDDLE}) * {_MIDDLE} AS bigint)
          AS numeric) END $$;
{_try_whole("smallint", 15)}
{_try_whole("integer", 31)}
{_try_whole("bigint", 63)}
CREATE OR REPLACE FUNCTION penstock.try_decimal(x text, p int, s int) RETURNS numeric {_F} AS $$
  SELECT CASE WHEN {_matches(grammar.DECIMAL)} THEN
    CASE WHEN abs(round(CAST(x AS numeric), s)) < 10::numeric ^ (p - s)
      THEN round(CAST(x AS numeric), s) END
  END $$;
CREATE OR REPLACE FUNCTION penstock.try_double(x text) RETURNS float8 {_F} AS $$
  SELECT CASE WHEN {_matches(grammar.SPECIAL)} THEN CAST(x AS float8)
    WHEN {_matches(grammar.FINITE)} THEN
      CASE WHEN abs(CAST(x AS numeric)) > {_TOO_SMALL} AND abs(CAST(x AS numeric)) < {_TOO_LARGE}
        THEN CAST(x AS float8) END
  END $$;
CREATE OR REPLACE FUNCTION penstock.microseconds(x text) RETURNS text {_F} AS $$
  SELECT regexp_replace(x, '([.][0-9]{{6}})[0-9]+', '\\1') $$;
CREATE OR REPLACE FUNCTION penstock.is_day(x text) RETURNS boolean {_F} AS $$
  SELECT CAST(substr(x, 9, 2) AS int) <= CASE
    WHEN substr(x, 6, 2) IN ('04', '06', '09', '11') THEN 30
    WHEN substr(x, 6, 2) <> '02' THEN 31
    WHEN CAST(substr(x, 1, 4) AS int) % 400 = 0 THEN 29
    WHEN CAST(substr(x, 1, 4) AS int) % 100 = 0 THEN 28
    WHEN CAST(substr(x, 1, 4) AS int) % 4 = 0 THEN 29
    ELSE 28 END $$;
CREATE OR REPLACE FUNCTION penstock.try_date(x text) RETURNS date {_F} AS $$
  SELECT CASE WHEN {_matches(grammar.DATE)} THEN
    CASE WHEN penstock.is_day(ltrim(x, ' ')) THEN CAST(x AS date) END END $$;
CREATE OR REPLACE FUNCTION penstock.try_timestamp(x text) RETURNS timestamp {_F} AS $$
  SELECT CASE WHEN {_matches(grammar.TIMESTAMP)} THEN
    CASE WHEN penstock.is_day(ltrim(x, ' ')) THEN CAST(penstock.microseconds(x) AS timestamp) END
  END $$;
CREATE OR REPLACE FUNCTION penstock.try_timestamptz(x text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN {_matches(grammar.TIMESTAMPTZ)} THEN
    CASE WHEN penstock.is_day(ltrim(x, ' ')) THEN CAST(penstock.microseconds(x) AS timestamptz) END
  END $$;
"""
SETUP += NUMBERS + CASTS
