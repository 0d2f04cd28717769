"""geocode: what is refused, what fails, and the nearest place against a search through all."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

COLUMNS = "lat double, lon double, dest varchar, ip varchar, d date"
PLACES = "name varchar, latitude double, longitude double, low varchar, high varchar"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("from: places", "025"),
        ("place: dest", "025"),
        ("from: places, place: {dest: name}, ip: {column: ip, from: low, to: high}", "025"),
        ("from: places, place: {dest: nam}", "010"),
        ("from: places, place: {dest: latitude}", "031"),
        ("from: places, place: {dest: name}, take: {lat: latitude}", "016"),
        ("from: places, nearest: {latitude: lat, longitude: lon, within: far}", "025"),
        ("from: places, nearest: {latitude: lat, longitude: dest, within: 5 km}", "061"),
        (
            "from: places, nearest: {latitude: lat, longitude: lon, within: 5 km}, missing: fail",
            "025",
        ),
        ("from: places, ip: {column: d, from: low, to: high}, take: [name]", "061"),
        ("from: places, ip: {column: ip, from: lo, to: high}, take: [name]", "010"),
        ("distance: {start: {latitude: lat, longitude: lon}, end: {latitude: x}}", "010"),
        ("from: place, place: {dest: name}", "REF"),
    ],
)
def test_what_cannot_be_is_refused(chains, table, options, code):
    errors = chains.refused(f"- geocode: {{{options}}}", table(COLUMNS), places=table(PLACES))
    wanted = "PSK-REF-001" if code == "REF" else f"PSK-STEP-{code}"
    assert wanted in [e.code for e in errors]


def test_a_place_that_stands_there_twice_fails_the_run(chains, table):
    places = table(PLACES, [("JFK", 1, 1, None, None), ("JFK", 2, 2, None, None)])
    rows = table("dest varchar", [("JFK",)])
    with pytest.raises(duckdb.InvalidInputException, match="several for JFK"):
        chains.run("- geocode: {from: places, place: {dest: name}}", rows, places=places)


def test_ranges_of_addresses_that_overlap_fail_the_run(chains, table):
    ranges = table(PLACES, [("a", 0, 0, "1.0.0.0", "1.0.0.9"), ("b", 0, 0, "1.0.0.9", "1.0.0.20")])
    step = "- geocode: {from: places, ip: {column: ip, from: low, to: high}, take: [name]}"
    with pytest.raises(duckdb.InvalidInputException, match="overlap"):
        chains.run(step, table("ip varchar", [("1.0.0.1",)]), places=ranges)


def test_addresses_as_numbers_are_found_too(chains, table):
    ranges = table("low bigint, high bigint, name varchar", [(16777216, 16777471, "AU")])
    step = "- geocode: {from: places, ip: {column: ip, from: low, to: high}, take: [name]}"
    rows = table("ip varchar", [("1.0.0.255",), ("1.0.1.0",)])
    made = chains.run(step, rows, places=ranges)
    assert sorted(made.rows) == [("1.0.0.255", "AU"), ("1.0.1.0", None)]


def _km(a: tuple[float, float], b: tuple[float, float]) -> float:
    p, q, r, s = map(radians, (*a, *b))
    half = sin((r - p) / 2) ** 2 + cos(p) * cos(r) * sin((s - q) / 2) ** 2
    return round(2 * 6371.0088 * asin(min(1, sqrt(half))), 6)


LAT = st.floats(-90, 90) | st.sampled_from([-90.0, 90.0, 89.999, -89.9, 0.0, 60.0])
LON = st.floats(-180, 180) | st.sampled_from([-180.0, 180.0, 179.999, -179.999, 0.0])
POINT = st.tuples(LAT, LON)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(POINT, min_size=1, max_size=6),
    st.lists(st.tuples(POINT, POINT), min_size=1, max_size=8),
    st.sampled_from([1, 30, 111.2, 700, 5000, 19000]),
)
def test_the_nearest_place_is_found_without_comparing_all(
    make_chains, table, tmp_path_factory, points, pairs, within
):
    # Some places are near to a point, so that there is something to find.
    near = [
        (max(-90.0, min(90.0, p[0] + o[0] / 9000)), (p[1] + o[1] / 90 + 540) % 360 - 180)
        for p, (o, _) in zip(points, pairs, strict=False)
    ]
    places = [far for far, _ in pairs] + near
    chains = make_chains(tmp_path_factory.mktemp("geo"))
    step = (
        "- geocode: {from: places, take: [id], nearest: {latitude: lat, longitude: lon, "
        f"within: {within} km, distance: km}}}}"
    )
    made = chains.run(
        step,
        table("n integer, lat double, lon double", [(i, *p) for i, p in enumerate(points)]),
        places=table(
            "id integer, latitude double, longitude double",
            [(i, *p) for i, p in enumerate(places)],
        ),
    )
    for n, lat, lon, _, km in sorted(made.rows):
        best = min(_km((lat, lon), p) for p in places)
        if abs(best - within) > 1e-3:
            assert km == (pytest.approx(best, abs=2e-5) if best <= within else None), n
    assert len(made.rows) == len(points)
