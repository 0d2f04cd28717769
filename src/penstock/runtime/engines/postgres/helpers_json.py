"""PostgreSQL: helpers for JSON, see `helpers.py`.

A path is an array of steps: `.key` and `[place`. The type `json` keeps the text: order of keys,
keys that are there twice, the digits of numbers.
"""

from __future__ import annotations

SETUP = r"""
CREATE OR REPLACE FUNCTION penstock.json_at(j json, path text[]) RETURNS json
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  step text;
BEGIN
  FOREACH step IN ARRAY path LOOP
    IF left(step, 1) = '[' THEN
      IF json_typeof(j) <> 'array' THEN
        RETURN NULL;
      END IF;
      j := j -> substr(step, 2)::integer;
    ELSE
      IF json_typeof(j) <> 'object' THEN
        RETURN NULL;
      END IF;
      j := (SELECT e.v FROM json_each(j) WITH ORDINALITY AS e (k, v, n)
            WHERE e.k = substr(step, 2) ORDER BY e.n LIMIT 1);
    END IF;
    IF j IS NULL THEN
      RETURN NULL;
    END IF;
  END LOOP;
  RETURN j;
END $$;

CREATE OR REPLACE FUNCTION penstock.json_number(s text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  number double precision;
  shown text;
BEGIN
  IF s !~ '[.eE]' THEN
    RETURN CASE WHEN s = '-0' THEN '0' ELSE s END;
  END IF;
  number := s::double precision;
  shown := number::text;
  IF abs(number) >= 1e21 OR (abs(number) < 1e-6 AND number <> 0) THEN
    RETURN regexp_replace(shown, 'e([+]|(-))0*', 'e\2');
  END IF;
  IF shown ~ 'e' THEN
    shown := shown::numeric::text;
  END IF;
  RETURN CASE WHEN shown ~ '[.]' THEN shown ELSE shown || '.0' END;
END $$;

CREATE OR REPLACE FUNCTION penstock.json_string(s text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN s ~ '[\x01-\x1f]' THEN
    (SELECT '"' || string_agg(
       CASE WHEN c ~ '[\x01-\x07\x0b\x0e-\x1f]'
       THEN '\u00' || upper(lpad(to_hex(ascii(c)), 2, '0') COLLATE "C")
       ELSE substr(to_json(c)::text, 2, length(to_json(c)::text) - 2) END, '' ORDER BY n) || '"'
     FROM string_to_table(s, NULL) WITH ORDINALITY AS t (c, n))
  ELSE to_json(s)::text END $$;

CREATE OR REPLACE FUNCTION penstock.json_shown(j json) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  RETURN CASE json_typeof(j)
    WHEN 'object' THEN (
      SELECT '{' || coalesce(string_agg(
        penstock.json_string(k) || ':' || penstock.json_shown(v), ',' ORDER BY n), '') || '}'
      FROM json_each(j) WITH ORDINALITY AS e (k, v, n))
    WHEN 'array' THEN (
      SELECT '[' || coalesce(string_agg(penstock.json_shown(v), ',' ORDER BY n), '') || ']'
      FROM json_array_elements(j) WITH ORDINALITY AS e (v, n))
    WHEN 'string' THEN penstock.json_string(j #>> '{}')
    WHEN 'number' THEN penstock.json_number(j #>> '{}')
    WHEN 'null' THEN 'null'
    ELSE j #>> '{}' END;
END $$;

CREATE OR REPLACE FUNCTION penstock.json_text(j json, path text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  j := penstock.json_at(j, path);
  RETURN CASE json_typeof(j)
    WHEN 'object' THEN penstock.json_shown(j)
    WHEN 'array' THEN penstock.json_shown(j)
    WHEN 'number' THEN penstock.json_number(j #>> '{}')
    ELSE j #>> '{}' END;
END $$;

CREATE OR REPLACE FUNCTION penstock.json_valid(s text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  escapes text;
BEGIN
  PERFORM s::json;
  escapes := regexp_replace(replace(s, '\\', ''),
    '\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}', '', 'g');
  RETURN escapes !~ '\\u(0000|[dD][89a-fA-F])';
EXCEPTION WHEN invalid_text_representation OR untranslatable_character THEN
  RETURN false;
END $$;

CREATE OR REPLACE FUNCTION penstock.json_array_length(j json, path text[]) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  j := penstock.json_at(j, path);
  RETURN CASE WHEN json_typeof(j) = 'array' THEN json_array_length(j) END;
END $$;

CREATE OR REPLACE FUNCTION penstock.json_keys(j json, path text[]) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  j := penstock.json_at(j, path);
  RETURN CASE WHEN json_typeof(j) = 'object' THEN ARRAY(
    SELECT k FROM json_each(j) WITH ORDINALITY AS e (k, v, n) ORDER BY n) END;
END $$;

CREATE OR REPLACE FUNCTION penstock.json_exists(j json, path text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT penstock.json_at(j, path) IS NOT NULL $$;
"""
