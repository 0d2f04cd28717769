"""Clocks of every time zone that may be used show the same on all engines, from 2000 to 2037."""

from __future__ import annotations

from machines import Duck

from penstock.dialects.portable.functions.zones import same_everywhere

INTERPRETED = True
HALF_MONTH = 1_296_000
MANY = 50
FIRST, LAST = 731, 1654
OFFSETS = {
    "duckdb": "SELECT string_agg(CAST(CAST(epoch(to_timestamp(g * {s}) AT TIME ZONE '{z}') AS BIGINT)"
    " - g * {s} AS VARCHAR), ',' ORDER BY g) FROM range({a}, {b}) AS r(g)",
    "postgres": "SELECT string_agg(CAST(CAST(extract(epoch FROM to_timestamp(g * {s}) AT TIME ZONE '{z}')"
    " AS BIGINT) - g * {s} AS TEXT), ',' ORDER BY g)"
    " FROM generate_series(CAST({a} AS BIGINT), {b} - 1) AS r(g)",
    "spark": "SELECT array_join(transform(sequence(CAST({a} AS BIGINT), {b} - 1), g -> CAST("
    "unix_seconds(from_utc_timestamp(timestamp_seconds(g * {s}), '{z}')) - g * {s} AS STRING)), ',')",
}  # fmt: skip


def offsets(machine, zone: str) -> str:
    sql = OFFSETS[machine.name].format(s=HALF_MONTH, z=zone, a=FIRST, b=LAST)
    [[found]] = machine.rows(sql)
    return found


def all_offsets(machine) -> dict[str, str]:
    """Of every zone; Spark, which takes long for each query, is asked for many in one."""
    zones = list(same_everywhere())
    if machine.name != "spark":
        return {zone: offsets(machine, zone) for zone in zones}
    found: dict[str, str] = {}
    for start in range(0, len(zones), MANY):
        some = zones[start : start + MANY]
        head = len("SELECT ")
        columns = [OFFSETS["spark"].format(s=HALF_MONTH, z=z, a=FIRST, b=LAST)[head:] for z in some]
        [row] = machine.rows(f"SELECT {', '.join(columns)}")
        found |= zip(some, row, strict=True)
    return found


def test_every_zone_that_may_be_used_has_the_same_clock_as_in_duckdb(machine, tmp_path):
    if machine.name == "duckdb":
        return
    duck = Duck(tmp_path)
    try:
        expected, got = all_offsets(duck), all_offsets(machine)
        wrong = [zone for zone, clock in expected.items() if got[zone] != clock]
    finally:
        duck.close()
    assert not wrong
