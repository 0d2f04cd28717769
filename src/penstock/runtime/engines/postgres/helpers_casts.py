"""PostgreSQL: texts as values, NULL for what is none; doubles as decimals with all their digits."""

from __future__ import annotations

from penstock import texts
from penstock.runtime.engines.postgres.helpers_numbers import IMMUTABLE

# Casts. The grammars are those of `texts.py`; what passes them is then looked at for its size,
# so that no exception is caught: a block that catches one cannot run in parallel.
# https://www.postgresql.org/docs/16/parallel-safety.html


def _matches(pattern: str) -> str:
    return f"x ~ '^(?:{texts.spaced(pattern)})$'"


def _try_whole(name: str, bits: int) -> str:
    return f"""
CREATE OR REPLACE FUNCTION penstock.read_{name}(x text) RETURNS {name} {IMMUTABLE} AS $$
  SELECT CASE WHEN {_matches(texts.WHOLE)} THEN
    CASE WHEN CAST(x AS numeric) BETWEEN {-(2**bits)} AND {2**bits - 1} THEN CAST(x AS {name}) END
  END $$;"""


_HIGH, _MIDDLE = f"(CAST({2**84} AS float8))", f"(CAST({2**42} AS float8))"
# Half a step beyond the greatest double, and half of the least one.
_TOO_LARGE = 2**1024 - 2**970
_TOO_SMALL = "2.4703282292062327208828439643411068618253e-324"
SETUP = f"""
CREATE OR REPLACE FUNCTION penstock.exact(x float8) RETURNS numeric {IMMUTABLE} AS $$
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
CREATE OR REPLACE FUNCTION penstock.read_decimal(x text, p int, s int) RETURNS numeric
{IMMUTABLE} AS $$
  SELECT CASE WHEN {_matches(texts.DECIMAL)} THEN
    CASE WHEN abs(round(CAST(x AS numeric), s)) < 10::numeric ^ (p - s)
      THEN round(CAST(x AS numeric), s) END
  END $$;
CREATE OR REPLACE FUNCTION penstock.read_double(x text) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE WHEN {_matches(texts.SPECIAL)} THEN CAST(x AS float8)
    WHEN {_matches(texts.FINITE)} THEN
      CASE WHEN abs(CAST(x AS numeric)) > {_TOO_SMALL} AND abs(CAST(x AS numeric)) < {_TOO_LARGE}
        THEN CAST(x AS float8) END
  END $$;
CREATE OR REPLACE FUNCTION penstock.microseconds(x text) RETURNS text {IMMUTABLE} AS $$
  SELECT regexp_replace(x, '([.][0-9]{{6}})[0-9]+', '\\1') $$;
CREATE OR REPLACE FUNCTION penstock.is_day(x text) RETURNS boolean {IMMUTABLE} AS $$
  SELECT CAST(substr(x, 9, 2) AS int) <= CASE
    WHEN substr(x, 6, 2) IN ('04', '06', '09', '11') THEN 30
    WHEN substr(x, 6, 2) <> '02' THEN 31
    WHEN CAST(substr(x, 1, 4) AS int) % 400 = 0 THEN 29
    WHEN CAST(substr(x, 1, 4) AS int) % 100 = 0 THEN 28
    WHEN CAST(substr(x, 1, 4) AS int) % 4 = 0 THEN 29
    ELSE 28 END $$;
CREATE OR REPLACE FUNCTION penstock.read_date(x text) RETURNS date {IMMUTABLE} AS $$
  SELECT CASE WHEN {_matches(texts.DATE)} THEN
    CASE WHEN penstock.is_day(ltrim(x, ' ')) THEN CAST(x AS date) END END $$;
CREATE OR REPLACE FUNCTION penstock.read_timestamp(x text) RETURNS timestamp {IMMUTABLE} AS $$
  SELECT CASE WHEN {_matches(texts.TIMESTAMP)} THEN
    CASE WHEN penstock.is_day(ltrim(x, ' ')) THEN CAST(penstock.microseconds(x) AS timestamp) END
  END $$;
CREATE OR REPLACE FUNCTION penstock.read_timestamptz(x text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN {_matches(texts.TIMESTAMPTZ)} THEN
    CASE WHEN penstock.is_day(ltrim(x, ' ')) THEN CAST(penstock.microseconds(x) AS timestamptz) END
  END $$;
"""
