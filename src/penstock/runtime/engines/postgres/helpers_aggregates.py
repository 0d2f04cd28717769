"""PostgreSQL: aggregates that it lacks, or that fail there where the others go on."""

from __future__ import annotations

from penstock.runtime.engines.postgres.helpers_numbers import IMMUTABLE


def _of_doubles(name: str, step: str) -> str:
    return f"""
CREATE OR REPLACE FUNCTION penstock.{name}_step(a float8, b float8) RETURNS float8
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN {step}; END $$;
CREATE OR REPLACE AGGREGATE penstock.{name}(float8) (
  SFUNC = penstock.{name}_step, STYPE = float8, COMBINEFUNC = penstock.{name}_step,
  PARALLEL = SAFE);"""


SETUP = f"""
{_of_doubles("sum", "penstock.plus(a, b)")}
{_of_doubles("product", "penstock.times(a, b)")}
CREATE OR REPLACE FUNCTION penstock.quantile(x float8[], share float8) RETURNS float8
{IMMUTABLE} AS $$
  SELECT CASE WHEN x[low + 1] = x[high + 1] THEN x[low + 1]
    ELSE x[low + 1] * (high - place) + x[high + 1] * (place - low) END
  FROM (SELECT place, CAST(floor(place) AS int) AS low, CAST(ceil(place) AS int) AS high
    FROM (SELECT (cardinality(x) - 1) * share AS place) AS p) AS q $$;
CREATE OR REPLACE FUNCTION penstock.mad(x float8[]) RETURNS float8 {IMMUTABLE} AS $$
  SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(v - m.middle))
  FROM unnest(x) AS u(v),
    (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY w) AS middle
      FROM unnest(x) AS t(w)) AS m $$;
CREATE OR REPLACE FUNCTION penstock.entropy(x anyarray) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE WHEN x IS NULL OR cardinality(x) = max(n) THEN CAST(0 AS float8) ELSE
    -sum(n / cardinality(x) * ln(n / cardinality(x)) / ln(CAST(2 AS float8))) END
  FROM (SELECT CAST(count(*) AS float8) AS n FROM unnest(x) AS u(v) GROUP BY v) AS c $$;
-- Count and sums of the first four powers: what the skewness and the kurtosis are made of.
CREATE OR REPLACE FUNCTION penstock.powers_step(s float8[], x float8) RETURNS float8[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN RETURN ARRAY[s[1] + 1, s[2] + x, s[3] + x * x, s[4] + x * x * x, s[5] + x * x * x * x];
END $$;
CREATE OR REPLACE AGGREGATE penstock.powers(float8) (
  SFUNC = penstock.powers_step, STYPE = float8[], INITCOND = '{{0,0,0,0,0}}', PARALLEL = SAFE);
CREATE OR REPLACE FUNCTION penstock.skewness(s float8[]) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE WHEN s[1] > 2 AND s[3] - s[2] * s[2] / s[1] > 0 THEN
    sqrt(s[1] * (s[1] - 1)) / (s[1] - 2) * sqrt(s[1])
    * (s[4] - 3 * s[2] * s[3] / s[1] + 2 * s[2] ^ 3 / s[1] ^ 2)
    / (s[3] - s[2] * s[2] / s[1]) ^ CAST(1.5 AS float8) END $$;
CREATE OR REPLACE FUNCTION penstock.kurtosis(s float8[]) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE WHEN s[1] > 3 AND s[3] - s[2] * s[2] / s[1] > 0 THEN
    (s[1] - 1) / ((s[1] - 2) * (s[1] - 3)) * ((s[1] + 1)
    * (s[1] * (s[5] - 4 * s[4] * s[2] / s[1] + 6 * s[3] * s[2] ^ 2 / s[1] ^ 2
        - 3 * s[2] ^ 4 / s[1] ^ 3)
      / (s[3] - s[2] * s[2] / s[1]) ^ 2 - 3) + 6) END $$;
"""
