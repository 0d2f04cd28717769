"""PostgreSQL: what the functions of dates need."""

from __future__ import annotations

SETUP = """
-- Fails with a message and the value that is wrong. VOLATILE: it is not run when it is planned.
CREATE OR REPLACE FUNCTION penstock.fail(message text, value text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$
BEGIN
  RAISE EXCEPTION '%: %', message, value USING ERRCODE = 'invalid_parameter_value';
END $$;

-- Whole months between two moments: the most that can be added to the earlier one.
CREATE OR REPLACE FUNCTION penstock.months_elapsed(a timestamp, b timestamp) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN a > b THEN -1 ELSE 1 END * CAST(n - CASE
    WHEN LEAST(a, b) + n * INTERVAL '1 month' > GREATEST(a, b) THEN 1 ELSE 0 END AS bigint)
  FROM (SELECT CAST((EXTRACT(YEAR FROM GREATEST(a, b)) - EXTRACT(YEAR FROM LEAST(a, b))) * 12
    + EXTRACT(MONTH FROM GREATEST(a, b)) - EXTRACT(MONTH FROM LEAST(a, b)) AS integer) AS n) AS m
$$;

-- The start of the bucket of a number of microseconds, counted from an origin.
CREATE OR REPLACE FUNCTION penstock.bucket(x timestamp, width bigint, origin timestamp)
RETURNS timestamp LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT x - (CASE WHEN rest < 0 THEN rest + width ELSE rest END) * INTERVAL '1 microsecond'
  FROM (SELECT CAST(EXTRACT(EPOCH FROM x) * 1000000 - EXTRACT(EPOCH FROM origin) * 1000000
    AS bigint) % width AS rest) AS r
$$;

CREATE OR REPLACE FUNCTION penstock.bucket(x timestamptz, width bigint, origin timestamptz)
RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT penstock.bucket(x AT TIME ZONE 'UTC', width, origin AT TIME ZONE 'UTC')
    AT TIME ZONE 'UTC'
$$;

-- A text `2024-02-29 12:34:56.789` whose month and time are known to be right; NULL: no such day.
CREATE OR REPLACE FUNCTION penstock.try_timestamp(s text) RETURNS timestamp
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN CAST(substr(s, 9, 2) AS integer) <= EXTRACT(DAY FROM
    make_date(CAST(substr(s, 1, 4) AS integer), CAST(substr(s, 6, 2) AS integer), 1)
    + INTERVAL '1 month' - INTERVAL '1 day') THEN CAST(s AS timestamp) END
$$;
"""
