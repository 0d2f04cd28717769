"""Rows that steps hold in the middle of a chain: the accounts, the reasons, and the way back in."""

from __future__ import annotations

import json

PIPELINE = """\
name: flights
sources:
  flights:
    connector: file
    path: data/flights*.csv
    incremental: files
    schema: {carrier: varchar, dest: varchar, distance: varchar}
  airports: {connector: file, path: data/airports.csv, schema: {faa: varchar, name: varchar}}
transforms:
  made:
    from: flights
    steps:
      - cast: {distance: {type: integer, on_error: quarantine}}
      - lookup: {from: airports, on: {dest: faa}, take: {dest_name: name}, missing: quarantine}
      - validate:
          goes_somewhere: {condition: distance > 0, message: a flight covers some distance}
      - derive: {km: distance * 2}
targets:
  out: {from: made, connector: lake, path: lake/out, mode: append}
"""
FLIGHTS = "carrier,dest,distance\nUA,SFO,1\nUA,JFK,2\nDL,SFO,3 km\nAA,SFO,0\n"


def held(shop):
    found = shop("quarantine", "show", "--state", "held", "--json").document["rows"]
    return {r["dataset"]: (r["reason"], json.loads(r["row"])) for r in found}


def out(shop):
    return shop("query", "SELECT dest_name, km FROM out ORDER BY km", "--json").document["rows"]


def test_rows_are_held_where_they_broke_a_rule_and_go_on_from_there(shop):
    shop.write("pipeline.yaml", PIPELINE)
    shop.write("data/flights.csv", FLIGHTS)
    shop.write("data/airports.csv", "faa,name\nSFO,San Francisco\n")
    run = shop("run", "--json")
    assert run.code == 0, run.err
    counts = {
        name: (c["rows_in"], c.get("quarantined", 0), c["rows_out"])
        for name, c in run.document["datasets"].items()
        if name.startswith("made")
    }
    assert counts == {
        "made__cast1": (4, 1, 3),
        "made__lookup2": (3, 1, 2),
        "made__validate3": (2, 1, 1),
        "made": (1, 0, 1),
    }
    assert out(shop) == [{"dest_name": "San Francisco", "km": 2}]
    assert held(shop) == {
        "made__cast1": (
            "breaks distance is of type integer",
            {"carrier": "DL", "dest": "SFO", "distance": "3 km"},
        ),
        "made__lookup2": (
            "breaks `airports` has a row for dest",
            {"carrier": "UA", "dest": "JFK", "distance": 2},
        ),
        "made__validate3": (
            "breaks goes_somewhere: a flight covers some distance",
            {"carrier": "AA", "dest": "SFO", "distance": 0, "dest_name": "San Francisco"},
        ),
    }

    shop.write("data/airports.csv", "faa,name\nSFO,San Francisco\nJFK,Kennedy\n")
    again = shop("quarantine", "replay", "--json")
    assert again.code == 0, again.err
    assert out(shop) == [
        {"dest_name": "San Francisco", "km": 2},
        {"dest_name": "Kennedy", "km": 4},
    ]
    assert sorted(held(shop)) == ["made__cast1", "made__validate3"]
