"""PostgreSQL: arithmetic of doubles as the other engines have it, half-even rounding."""

from __future__ import annotations

# Doubles as IEEE 754 has them. PostgreSQL fails where one overflows or underflows:
# https://www.postgresql.org/docs/16/datatype-numeric.html#DATATYPE-FLOAT
# 2^512, 2^1023 and their inverses are exact; the bounds of the first CASE are far within the range.
IMMUTABLE = "LANGUAGE sql IMMUTABLE PARALLEL SAFE"
_NAN = "(CAST('NaN' AS float8))"
_INF = "(CAST('Infinity' AS float8))"
_UP, _DOWN = "1.3407807929942597e154", "7.458340731200207e-155"
SETUP = f"""
CREATE OR REPLACE FUNCTION penstock.plus_wide(a float8, b float8) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE
    WHEN NOT (abs(a) < {_INF} AND abs(b) < {_INF}) THEN a + b
    WHEN a / 2 + b / 2 >= 8.98846567431158e307 THEN {_INF}
    WHEN a / 2 + b / 2 <= -8.98846567431158e307 THEN -{_INF}
    ELSE a + b END $$;
CREATE OR REPLACE FUNCTION penstock.plus(a float8, b float8) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE WHEN abs(a) < 8e307 AND abs(b) < 8e307 THEN a + b
    ELSE penstock.plus_wide(a, b) END $$;
CREATE OR REPLACE FUNCTION penstock.minus(a float8, b float8) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE WHEN abs(a) < 8e307 AND abs(b) < 8e307 THEN a - b
    ELSE penstock.plus_wide(a, -b) END $$;
CREATE OR REPLACE FUNCTION penstock.times_wide(a float8, b float8) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE
    WHEN a = 0 OR b = 0 OR NOT (abs(a) < {_INF} AND abs(b) < {_INF}) THEN a * b
    WHEN abs(a) >= 1 AND abs(b) >= 1 AND abs((a * {_DOWN}) * (b * {_DOWN})) >= 1
      THEN sign(a) * sign(b) * {_INF}
    WHEN abs(a) < 1e-163 AND abs(b) < 1e-163 THEN 0
    WHEN abs(a) < 1 AND abs(b) < 1
      AND abs((a * {_UP}) * (b * {_UP})) <= 4.440892098500626e-16 THEN 0
    ELSE a * b END $$;
CREATE OR REPLACE FUNCTION penstock.times(a float8, b float8) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE
    WHEN abs(a) BETWEEN 1e-150 AND 1e150 AND abs(b) BETWEEN 1e-150 AND 1e150 THEN a * b
    ELSE penstock.times_wide(a, b) END $$;
CREATE OR REPLACE FUNCTION penstock.over_wide(a float8, b float8) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE
    WHEN b = 0 THEN NULL
    WHEN a = 0 OR NOT (abs(a) < {_INF} AND abs(b) < {_INF}) THEN a / b
    WHEN abs(b) < 1 AND abs(a) >= {_DOWN} AND abs(a) * {_DOWN} >= abs(b) * {_UP}
      THEN sign(a) * sign(b) * {_INF}
    WHEN abs(b) >= 1 AND abs(a) < 1
      AND abs(a) * {_UP} <= abs(b) * {_DOWN} * 4.440892098500626e-16 THEN 0
    ELSE a / b END $$;
CREATE OR REPLACE FUNCTION penstock.over(a float8, b float8) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE
    WHEN abs(a) BETWEEN 1e-150 AND 1e150 AND abs(b) BETWEEN 1e-150 AND 1e150 THEN a / b
    ELSE penstock.over_wide(a, b) END $$;
CREATE OR REPLACE FUNCTION penstock.pow(a float8, b float8) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE
    WHEN a IS NULL OR b IS NULL THEN NULL
    WHEN a = 0 AND b < 0 THEN
      CASE WHEN CAST(a AS text) = '-0' AND b = trunc(b) AND abs(b) < 9007199254740992
        AND CAST(b AS numeric) % 2 <> 0 THEN -{_INF} ELSE {_INF} END
    WHEN a < 0 AND a > -{_INF} AND abs(b) < {_INF} AND b <> trunc(b) THEN {_NAN}
    WHEN a = -{_INF} AND abs(b) < {_INF} AND b <> trunc(b) THEN
      CASE WHEN b > 0 THEN {_INF} ELSE 0 END
    WHEN a = 0 OR abs(a) = 1 OR NOT (abs(a) < {_INF} AND abs(b) < {_INF}) THEN power(a, b)
    WHEN b * ln(abs(a)) > 709.782712893384 THEN
      CASE WHEN a < 0 AND abs(b) < 9007199254740992 AND CAST(b AS numeric) % 2 <> 0
        THEN -{_INF} ELSE {_INF} END
    WHEN b * ln(abs(a)) < -745.13 THEN 0
    ELSE power(a, b) END $$;
CREATE OR REPLACE FUNCTION penstock.round_half_away(x float8) RETURNS float8 {IMMUTABLE} AS $$
  SELECT CASE WHEN NOT (abs(x) < 4503599627370496) THEN x
    ELSE trunc(x) + CASE WHEN abs(x - trunc(x)) >= 0.5 THEN sign(x) ELSE 0 END END $$;
CREATE OR REPLACE FUNCTION penstock.round_even(x numeric, digits int) RETURNS numeric
{IMMUTABLE} AS $$
  SELECT CASE
    WHEN abs(x * 10::numeric ^ digits - trunc(x * 10::numeric ^ digits)) = 0.5
      THEN 2 * round(x * 10::numeric ^ digits / 2) / 10::numeric ^ digits
    ELSE round(x, digits) END $$;
"""
