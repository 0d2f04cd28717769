"""PostgreSQL: helpers for text, see `helpers.py`."""

from __future__ import annotations

from penstock.letters import tables

_FOUND, _SMALL = tables("lower")
_GIVEN, _LARGE = tables("upper")

# The mapping of a collation is taken if it is ours (one code point for one, no locale); it is
# several times faster than a table. https://www.postgresql.org/docs/17/collation.html
_CASE = f"""
DO $setup$
DECLARE
  found text := '{_FOUND}';
  small text := '{_SMALL}';
  given text := '{_GIVEN}';
  large text := '{_LARGE}';
  made text;
  ours boolean;
BEGIN
  FOR made IN
    SELECT quote_ident(collname) FROM pg_collation
    WHERE collname IN ('pg_c_utf8', 'C.utf8', 'C.UTF-8') AND collencoding IN (-1, 6)
  LOOP
    EXECUTE format(
      'SELECT lower(%L COLLATE %s) = %L AND translate(upper(%L COLLATE %s), ''ß'', ''ẞ'') = %L',
      found, made, small, given, made, large) INTO ours;
    IF ours THEN
      EXECUTE format(
        'CREATE OR REPLACE FUNCTION penstock.lower(s text) RETURNS text LANGUAGE sql IMMUTABLE'
        ' STRICT PARALLEL SAFE AS %L', format('SELECT lower(s COLLATE %s)', made));
      EXECUTE format(
        'CREATE OR REPLACE FUNCTION penstock.upper(s text) RETURNS text LANGUAGE sql IMMUTABLE'
        ' STRICT PARALLEL SAFE AS %L',
        format('SELECT translate(upper(s COLLATE %s), ''ß'', ''ẞ'')', made));
      RETURN;
    END IF;
  END LOOP;
  EXECUTE format(
    'CREATE OR REPLACE FUNCTION penstock.lower(s text) RETURNS text LANGUAGE sql IMMUTABLE'
    ' STRICT PARALLEL SAFE AS %L',
    format('SELECT CASE WHEN octet_length(s) = length(s) THEN lower(s COLLATE "C")'
      ' ELSE translate(s, %L, %L) END', found, small));
  EXECUTE format(
    'CREATE OR REPLACE FUNCTION penstock.upper(s text) RETURNS text LANGUAGE sql IMMUTABLE'
    ' STRICT PARALLEL SAFE AS %L',
    format('SELECT CASE WHEN octet_length(s) = length(s) THEN upper(s COLLATE "C")'
      ' ELSE translate(s, %L, %L) END', given, large));
END $setup$;
"""

SETUP = (
    _CASE
    + r"""
CREATE OR REPLACE FUNCTION penstock.initcap(s text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(string_agg(penstock.upper(left(w, 1)) || substr(w, 2), ' ' ORDER BY o), '')
  FROM string_to_table(penstock.lower(s), ' ') WITH ORDINALITY AS t (w, o) $$;

CREATE OR REPLACE FUNCTION penstock.substr(s text, n integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT substr(s, CASE WHEN n < 0 THEN greatest(length(s) + n + 1, 1) ELSE n END) $$;

CREATE OR REPLACE FUNCTION penstock.substr(s text, n integer, size integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT substr(s, CASE WHEN n < 0 THEN length(s) + n + 1 ELSE n END, greatest(size, 0)) $$;

CREATE OR REPLACE FUNCTION penstock.split(s text, by text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN s = '' THEN ARRAY[''] ELSE string_to_array(s, by) END $$;

CREATE OR REPLACE FUNCTION penstock.split_any(s text, by text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN s = '' THEN ARRAY[''] ELSE string_to_array(s, nullif(by, '')) END $$;

CREATE OR REPLACE FUNCTION penstock.levenshtein(a text, b text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  x text[] := string_to_array(a, NULL);
  y text[] := string_to_array(b, NULL);
  m integer := length(b);
  above integer[];
  below integer[];
BEGIN
  IF a = '' OR m = 0 THEN
    RETURN length(a) + m;
  END IF;
  SELECT array_agg(i ORDER BY i) INTO above FROM generate_series(0, m) AS i;
  FOR i IN 1 .. length(a) LOOP
    below := ARRAY[i];
    FOR j IN 1 .. m LOOP
      below[j + 1] := least(below[j] + 1, above[j + 1] + 1,
        above[j] + CASE WHEN x[i] = y[j] THEN 0 ELSE 1 END);
    END LOOP;
    above := below;
  END LOOP;
  RETURN above[m + 1];
END $$;

CREATE OR REPLACE FUNCTION penstock.from_base64(s text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT decode(CASE WHEN s ~ '^[A-Za-z0-9+/]*={0,2}$' THEN s ELSE '!' END, 'base64') $$;

CREATE OR REPLACE FUNCTION penstock.regexp_extract(s text, pattern text, g integer) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(regexp_substr(s, pattern, 1, 1, '', g), '') $$;

CREATE OR REPLACE FUNCTION penstock.regexp_extract_all(s text, pattern text, g integer)
RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT ARRAY(SELECT coalesce(m[g], '') FROM regexp_matches(s, pattern, 'g') AS t (m)) $$;

CREATE OR REPLACE FUNCTION penstock.url_encode(s text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(string_agg(
    CASE WHEN c ~ '^[A-Za-z0-9_.~-]$' THEN c
    ELSE upper(regexp_replace(encode(convert_to(c, 'UTF8'), 'hex'), '(..)', '%\1', 'g') COLLATE "C")
    END, '' ORDER BY o), '')
  FROM string_to_table(s, NULL) WITH ORDINALITY AS t (c, o) $$;
"""
)
