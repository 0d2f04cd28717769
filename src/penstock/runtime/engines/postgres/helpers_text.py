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

CREATE OR REPLACE FUNCTION penstock.sha1(given bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
-- https://datatracker.ietf.org/doc/html/rfc3174; PostgreSQL's own is in the extension pgcrypto.
DECLARE
  m constant bigint := 4294967295;
  h bigint[] := ARRAY[1732584193, 4023233417, 2562383102, 271733878, 3285377520];
  w bigint[];
  s bytea := given || '\x80'::bytea;
  a bigint; b bigint; c bigint; d bigint; e bigint; f bigint; t bigint;
BEGIN
  s := s || decode(repeat('00', (119 - length(given) % 64) % 64), 'hex')
    || int8send(length(given)::bigint * 8);
  FOR block IN 0 .. length(s) / 64 - 1 LOOP
    w := ARRAY[]::bigint[];
    FOR i IN 0 .. 79 LOOP
      IF i < 16 THEN
        t := 0;
        FOR k IN 0 .. 3 LOOP
          t := t * 256 + get_byte(s, block * 64 + i * 4 + k);
        END LOOP;
      ELSE
        t := w[i - 2] # w[i - 7] # w[i - 13] # w[i - 15];
        t := ((t << 1) | (t >> 31)) & m;
      END IF;
      w[i + 1] := t;
    END LOOP;
    a := h[1]; b := h[2]; c := h[3]; d := h[4]; e := h[5];
    FOR i IN 0 .. 79 LOOP
      f := CASE i / 20
        WHEN 0 THEN ((b & c) | (~b & d)) + 1518500249
        WHEN 1 THEN (b # c # d) + 1859775393
        WHEN 2 THEN ((b & c) | (b & d) | (c & d)) + 2400959708
        ELSE (b # c # d) + 3395469782 END;
      t := (((a << 5) | (a >> 27)) & m) + f + e + w[i + 1] & m;
      e := d; d := c; c := ((b << 30) | (b >> 2)) & m; b := a; a := t;
    END LOOP;
    h := ARRAY[(h[1] + a) & m, (h[2] + b) & m, (h[3] + c) & m, (h[4] + d) & m, (h[5] + e) & m];
  END LOOP;
  RETURN lpad(to_hex(h[1]), 8, '0') || lpad(to_hex(h[2]), 8, '0') || lpad(to_hex(h[3]), 8, '0')
    || lpad(to_hex(h[4]), 8, '0') || lpad(to_hex(h[5]), 8, '0');
END $$;

CREATE OR REPLACE FUNCTION penstock.url_encode(s text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(string_agg(
    CASE WHEN c ~ '^[A-Za-z0-9_.~-]$' THEN c
    ELSE upper(regexp_replace(encode(convert_to(c, 'UTF8'), 'hex'), '(..)', '%\1', 'g') COLLATE "C")
    END, '' ORDER BY o), '')
  FROM string_to_table(s, NULL) WITH ORDINALITY AS t (c, o) $$;
"""
)
