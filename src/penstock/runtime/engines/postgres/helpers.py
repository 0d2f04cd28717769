"""PostgreSQL: functions in the schema `penstock`, for what it has no function with our meaning."""

from __future__ import annotations

import zlib

from penstock.runtime.engines.postgres import (
    helpers_aggregates,
    helpers_casts,
    helpers_dates,
    helpers_json,
    helpers_lists,
    helpers_numbers,
    helpers_text,
)

SETUP = f"""
CREATE SCHEMA IF NOT EXISTS penstock;
GRANT USAGE ON SCHEMA penstock TO PUBLIC;

-- VOLATILE: it is not run when it is planned.
CREATE OR REPLACE FUNCTION penstock.error(message text) RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL SAFE AS $$ BEGIN RAISE EXCEPTION '%', message; END $$;

{helpers_dates.SETUP}
{helpers_aggregates.SETUP}
{helpers_casts.SETUP}
{helpers_json.SETUP}
{helpers_lists.SETUP}
{helpers_numbers.SETUP}
{helpers_text.SETUP}
"""

MARK = f"penstock {zlib.crc32(SETUP.encode()):08x}"
"""The comment of the schema where these functions are installed: another text has another."""

INSTALLED = (
    "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = 'penstock'"
)

REMOVE = """
DO $$ DECLARE each record; BEGIN
  FOR each IN SELECT p.oid::regprocedure AS name, CASE p.prokind WHEN 'a' THEN 'AGGREGATE'
      ELSE 'FUNCTION' END AS kind FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'penstock' ORDER BY p.prokind = 'a' DESC
  LOOP EXECUTE format('DROP %s %s', each.kind, each.name); END LOOP;
END $$;
"""
"""Drops them all: one that changes its result cannot be replaced."""
