"""PostgreSQL: lists, and the last known value of a window. Part of `postgres.SETUP`."""

from __future__ import annotations

SETUP = """
CREATE OR REPLACE FUNCTION penstock.later_of(anyelement, anyelement) RETURNS anyelement
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $2';
CREATE OR REPLACE FUNCTION penstock.earlier_of(anyelement, anyelement) RETURNS anyelement
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS 'SELECT $1';
CREATE OR REPLACE AGGREGATE penstock.last_known(anyelement)
(SFUNC = penstock.later_of, STYPE = anyelement);
CREATE OR REPLACE AGGREGATE penstock.first_known(anyelement)
(SFUNC = penstock.earlier_of, STYPE = anyelement);

CREATE OR REPLACE FUNCTION penstock.list_sort(l anyarray, descending boolean, nulls_first boolean)
RETURNS anyarray LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT ARRAY(SELECT x FROM unnest(l) AS u(x) ORDER BY
  CASE WHEN x IS NULL THEN NOT nulls_first ELSE nulls_first END,
  CASE WHEN NOT descending THEN x END, CASE WHEN descending THEN x END DESC) $$;
CREATE OR REPLACE FUNCTION penstock.list_reverse(l anyarray)
RETURNS anyarray LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT ARRAY(SELECT x FROM unnest(l) WITH ORDINALITY AS u(x, i) ORDER BY i DESC) $$;
CREATE OR REPLACE FUNCTION penstock.list_distinct(l anyarray)
RETURNS anyarray LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT ARRAY(SELECT x FROM unnest(l) WITH ORDINALITY AS u(x, i) WHERE x IS NOT NULL
  GROUP BY x ORDER BY min(i)) $$;
CREATE OR REPLACE FUNCTION penstock.list_intersect(l anyarray, m anyarray)
RETURNS anyarray LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT ARRAY(SELECT x FROM unnest(l) WITH ORDINALITY AS u(x, i) WHERE x = ANY(m)
  GROUP BY x ORDER BY min(i)) $$;
CREATE OR REPLACE FUNCTION penstock.list_has_all(l anyarray, m anyarray)
RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT NOT EXISTS (SELECT 1 FROM unnest(m) AS u(x) WHERE x IS NOT NULL AND
  NOT EXISTS (SELECT 1 FROM unnest(l) AS v(y) WHERE y = x)) $$;
CREATE OR REPLACE FUNCTION penstock.list_at(l anyarray, i bigint)
RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT l[CASE WHEN i NOT BETWEEN -2147483647 AND 2147483647 THEN 0
  WHEN i < 0 THEN cardinality(l) + 1 + i ELSE i END::int] $$;
CREATE OR REPLACE FUNCTION penstock.list_slice(l anyarray, a bigint, b bigint)
RETURNS anyarray LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT ARRAY(SELECT x FROM unnest(l) WITH ORDINALITY AS u(x, i)
  WHERE i >= CASE WHEN a < 0 THEN cardinality(l) + 1 + a ELSE a END
  AND i <= CASE WHEN b < 0 THEN cardinality(l) + 1 + b ELSE b END ORDER BY i) $$;
CREATE OR REPLACE FUNCTION penstock.list_least(l anyarray)
RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT x FROM unnest(l) AS u(x) WHERE x IS NOT NULL ORDER BY x LIMIT 1 $$;
CREATE OR REPLACE FUNCTION penstock.list_greatest(l anyarray)
RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT x FROM unnest(l) AS u(x) WHERE x IS NOT NULL ORDER BY x DESC LIMIT 1 $$;
CREATE OR REPLACE FUNCTION penstock.list_any_value(l anyarray)
RETURNS anyelement LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT x FROM unnest(l) WITH ORDINALITY AS u(x, i) WHERE x IS NOT NULL ORDER BY i LIMIT 1 $$;
CREATE OR REPLACE FUNCTION penstock.list_count(l anyarray)
RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT count(x) FROM unnest(l) AS u(x) $$;
CREATE OR REPLACE FUNCTION penstock.list_unique(l anyarray)
RETURNS bigint LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT count(DISTINCT x) FROM unnest(l) AS u(x) $$;
CREATE OR REPLACE FUNCTION penstock.list_sum(l numeric[])
RETURNS numeric LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT sum(x) FROM unnest(l) AS u(x) $$;
CREATE OR REPLACE FUNCTION penstock.list_sum(l double precision[])
RETURNS double precision LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT sum(x) FROM unnest(l) AS u(x) $$;
CREATE OR REPLACE FUNCTION penstock.list_repeat(l anyarray, n bigint)
RETURNS anyarray LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT ARRAY(SELECT x FROM generate_series(1, n) AS g(k), unnest(l) WITH ORDINALITY AS u(x, i)
  ORDER BY k, i) $$;
CREATE OR REPLACE FUNCTION penstock.list_resize(l anyarray, n bigint, v anyelement)
RETURNS anyarray LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
SELECT CASE WHEN l IS NULL OR n IS NULL THEN NULL ELSE
  ARRAY(SELECT CASE WHEN k <= cardinality(l) THEN l[k::int] ELSE v END
  FROM generate_series(1, n) AS g(k) ORDER BY k) END $$;
CREATE OR REPLACE FUNCTION penstock.series(a bigint, b bigint, step bigint)
RETURNS bigint[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN step = 0 THEN ARRAY[]::bigint[] ELSE
  ARRAY(SELECT x FROM generate_series(a, b, nullif(step, 0)) AS g(x)) END $$;
CREATE OR REPLACE FUNCTION penstock.series(a timestamp, b timestamp, step interval, months int)
RETURNS timestamp[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
SELECT CASE WHEN months = 0 THEN ARRAY(SELECT x FROM generate_series(a, b, step) AS g(x))
  ELSE ARRAY(SELECT a + i * step FROM generate_series(0, 1 + (
    (extract(year FROM b) - extract(year FROM a)) * 12 + extract(month FROM b)
    - extract(month FROM a))::int / nullif(months, 0)) AS g(i) WHERE a + i * step <= b ORDER BY i)
  END $$;
"""
