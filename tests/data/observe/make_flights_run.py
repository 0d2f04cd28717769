"""Writes `flights_run.json`: a run report of the flights pipeline with its Program.

The rows are counted by DuckDB over the real flights (`make data` fetches them), so that the
numbers, samples and lineage are those of a run; only the timings and the two records that could
not be read are made up. Run it by hand: `python tests/data/observe/make_flights_run.py`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from penstock.program import Check, Column, Load, Program, Read, Stage, Statement

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "examples" / "flights" / "data"

FLIGHTS = {
    "year": "integer", "month": "integer", "day": "integer", "dep_time": "integer",
    "sched_dep_time": "integer", "dep_delay": "integer", "arr_time": "integer",
    "sched_arr_time": "integer", "arr_delay": "integer", "carrier": "varchar",
    "flight": "integer", "tailnum": "varchar", "origin": "varchar", "dest": "varchar",
    "air_time": "integer", "distance": "integer", "hour": "integer", "minute": "integer",
    "time_hour": "timestamptz",
}  # fmt: skip
AIRPORTS = {"faa": "varchar", "name": "varchar", "lat": "double", "lon": "double", "alt": "integer"}
PLANES = {
    "tailnum": "varchar", "year": "integer", "manufacturer": "varchar", "model": "varchar",
    "engines": "integer", "seats": "integer",
}  # fmt: skip
WEATHER = {
    "origin": "varchar", "time_hour": "timestamptz", "temp": "double", "wind_speed": "double",
    "precip": "double", "visib": "double",
}  # fmt: skip
SOURCES = {"flights": FLIGHTS, "airports": AIRPORTS, "planes": PLANES, "weather": WEATHER}
FILES = {"flights": "flights.csv.gz"}

DEDUPLICATE = """SELECT * FROM flights
QUALIFY row_number() OVER (PARTITION BY carrier, flight, time_hour ORDER BY arr_delay DESC) = 1"""
ROWS = """SELECT
  year, month, day, dep_delay, upper(trim(carrier)) AS carrier, flight, tailnum, origin, dest,
  coalesce(arr_delay, 0) AS arr_delay, air_time, distance, time_hour,
  arr_delay > 15 AS is_late
FROM flights_clean__1
WHERE NOT dep_time IS NULL"""
LOOKUP = """SELECT f.*, a.name AS dest_name
FROM flights_clean__2 AS f LEFT JOIN airports AS a ON a.faa = f.dest"""
CANCELLED = "SELECT count(*) FROM flights_clean__1 WHERE dep_time IS NULL"
DUPLICATES = "SELECT count(*) - count(DISTINCT (carrier, flight, time_hour)) FROM flights"
FLEET = """SELECT
  tailnum,
  year AS built,
  manufacturer /* as registered */,
  seats
FROM planes
WHERE engines >= 1"""
DELAYS = """SELECT
  carrier,
  month,
  count(*) AS flights,
  count_if(is_late) AS late,
  round(avg(arr_delay), 2) AS mean_arr_delay,
  sum(seats) AS seats
FROM flights_clean
LEFT JOIN fleet USING (tailnum)
GROUP BY carrier, month"""
WEATHER_DELAYS = """SELECT
  f.origin, w.visib < 3 AS poor_visibility, count(*) AS flights,
  avg(f.dep_delay) AS mean_dep_delay, max(w.wind_speed) AS top_wind -- mph
FROM flights_clean AS f
JOIN weather AS w ON w.origin = f.origin AND w.time_hour = f.time_hour
GROUP BY 1, 2"""
CHECKS = [
    ("flights_clean", 'ColumnValues "distance" > 80', "quarantine", "distance > 80", {}),
    ("flights_clean", 'IsComplete "air_time"', "quarantine", "air_time IS NOT NULL", {}),
    ("flights_clean", 'ColumnValues "origin" in ["EWR", "JFK", "LGA"]', "quarantine",
     "origin IN ('EWR', 'JFK', 'LGA')", {}),
    ("flights_clean", 'Completeness "dest_name" > 0.99', "warn", "dest_name IS NOT NULL",
     {"Completeness": "avg((dest_name IS NOT NULL)::integer)"}),
    ("flights_clean", "RowCount > 300000", "stop", None, {"RowCount": "count(*)"}),
    ("fleet", 'IsPrimaryKey "tailnum"', "stop", None,
     {"Uniqueness": "count(DISTINCT tailnum) / count(*)"}),
    ("delays", 'IsComplete "carrier"', "stop", "carrier IS NOT NULL",
     {"Completeness": "avg((carrier IS NOT NULL)::integer)"}),
    ("delays", "RowCount between 100 and 250", "warn", None, {"RowCount": "count(*)"}),
]  # fmt: skip
PASSES = {"RowCount > 300000", 'IsPrimaryKey "tailnum"', "RowCount between 100 and 250"}


def main() -> None:
    """Count everything and write the file."""
    con = duckdb.connect()
    for name, columns in SOURCES.items():
        picked = ", ".join(columns)
        path = DATA / FILES.get(name, f"{name}.csv")
        con.execute(f"CREATE TABLE {name} AS SELECT {picked} FROM read_csv('{path}', nullstr='NA')")
    con.execute("CREATE TABLE flights_clean__1 AS " + DEDUPLICATE)
    con.execute("CREATE TABLE flights_clean__2 AS " + ROWS)
    con.execute("CREATE TABLE flights_clean__unchecked AS " + LOOKUP)
    held = " AND ".join(f"({c[3]})" for c in CHECKS if c[2] == "quarantine")
    con.execute(
        f"CREATE TABLE flights_clean AS SELECT * FROM flights_clean__unchecked WHERE {held}"
    )
    con.execute("CREATE TABLE fleet AS " + FLEET)
    con.execute("CREATE TABLE delays AS " + DELAYS)
    con.execute("CREATE TABLE weather_delays AS " + WEATHER_DELAYS)
    program = build_program(con)
    document = {"report": build_report(con, program), "program": program.as_json()}
    document["extra"] = build_extra(con, document["report"])
    path = HERE / "flights_run.json"
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False, default=str) + "\n")


def schema_of(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[Column, ...]:
    rows = con.execute(f"DESCRIBE {relation}").fetchall()
    types = {"TIMESTAMP WITH TIME ZONE": "timestamptz", "HUGEINT": "decimal(38,0)"}
    return tuple(Column(r[0], types.get(r[1], r[1].lower())) for r in rows)


def build_program(con: duckdb.DuckDBPyConnection) -> Program:
    reads = tuple(
        Read(
            name,
            "file",
            {"path": f"data/{FILES.get(name, name + '.csv')}", "options": {"null_values": ["NA"]}},
            tuple(Column(c, t) for c, t in columns.items()),
        )
        for name, columns in SOURCES.items()
    )
    same = "year month day dep_delay flight tailnum origin dest air_time distance time_hour"
    clean = {c: [["flights", c]] for c in same.split()}
    clean |= {c: [["flights", c]] for c in ("carrier", "arr_delay")}
    clean |= {"is_late": [["flights", "arr_delay"]], "dest_name": [["airports", "name"]]}
    stages = (
        Stage("flights_clean__1", "deduplicate", DEDUPLICATE, "deduplicated", DUPLICATES, True),
        Stage("flights_clean__2", "filter", ROWS, "filtered", CANCELLED),
        Stage("flights_clean__3", "lookup", LOOKUP),
    )
    statements = (
        Statement(
            "flights_clean", "steps", LOOKUP, ("flights", "airports"),
            schema_of(con, "flights_clean"), True, stages, lineage=clean,
        ),
        Statement(
            "fleet", "steps", FLEET, ("planes",), schema_of(con, "fleet"), True,
            (Stage("fleet__1", "filter", FLEET, "filtered", "SELECT 0"),),
            lineage={"tailnum": [["planes", "tailnum"]], "built": [["planes", "year"]],
                     "manufacturer": [["planes", "manufacturer"]], "seats": [["planes", "seats"]]},
        ),
        Statement(
            "delays", "sql", DELAYS, ("flights_clean", "fleet"), schema_of(con, "delays"),
            lineage={"carrier": [["flights_clean", "carrier"]],
                     "month": [["flights_clean", "month"]], "flights": [],
                     "late": [["flights_clean", "is_late"]],
                     "mean_arr_delay": [["flights_clean", "arr_delay"]],
                     "seats": [["fleet", "seats"]]},
        ),
        Statement(
            "weather_delays", "sql", WEATHER_DELAYS, ("flights_clean", "weather"),
            schema_of(con, "weather_delays"),
            lineage={"origin": [["flights_clean", "origin"]],
                     "poor_visibility": [["weather", "visib"]], "flights": [],
                     "mean_dep_delay": [["flights_clean", "dep_delay"]],
                     "top_wind": [["weather", "wind_speed"]]},
        ),
    )  # fmt: skip
    checks = tuple(
        Check(d, r, a, "true", o, "0" if p else None, p)  # type: ignore[arg-type]
        for d, r, a, p, o in CHECKS
    )
    loads = (
        Load("delays_lake", "delays", "lake", {"path": ".penstock/lake/delays"},
             schema_of(con, "delays"), "overwrite_partitions", (), ("month",)),
        Load("weather_delays_lake", "weather_delays", "lake",
             {"path": ".penstock/lake/weather_delays"}, schema_of(con, "weather_delays")),
        Load("fleet_export", "fleet", "file", {"path": "out/fleet.csv"}, schema_of(con, "fleet")),
    )  # fmt: skip
    places: dict[str, list[Any]] = {
        "dataset:flights": ["pipeline.yaml", 12, 3], "dataset:flights_clean": ["pipeline.yaml", 41, 3],
        "dataset:fleet": ["pipeline.yaml", 58, 3], "dataset:delays": ["models/delays.sql", 1, 1],
        "dataset:weather_delays": ["models/weather_delays.sql", 1, 1],
        "load:delays_lake": ["pipeline.yaml", 92, 3],
    }  # fmt: skip
    places |= {f"check:{i}": ["pipeline.yaml", 70 + i, 9] for i in range(len(checks))}
    return Program("flights", "duckdb", reads, statements, checks, loads, places).seal()


def build_report(con: duckdb.DuckDBPyConnection, program: Program) -> dict[str, Any]:
    count = lambda sql: con.execute(sql).fetchall()[0][0]  # noqa: E731
    seconds = {"flights": 0.612, "airports": 0.021, "planes": 0.034, "weather": 0.058,
               "flights_clean": 0.734, "fleet": 0.018, "delays": 0.121,
               "weather_delays": 0.143}  # fmt: skip
    datasets: dict[str, Any] = {}
    for read in program.reads:
        rows = count(f"SELECT count(*) FROM {read.dataset}")
        rejected = 2 if read.dataset == "weather" else 0
        datasets[read.dataset] = {
            "kind": "source", "rows_in": rows + rejected, "rejected": rejected, "quarantined": 0,
            "rows_out": rows, "bytes": (DATA / Path(read.options["path"]).name).stat().st_size,
            "seconds": seconds[read.dataset],
        }  # fmt: skip
    into = {"flights_clean": "flights", "fleet": "planes"}
    for made in program.statements:
        name = made.dataset
        rows = count(f"SELECT count(*) FROM {name}")
        entry = {"kind": "transform", "rows_in": 0, "filtered": 0, "deduplicated": 0,
                 "quarantined": 0, "rows_out": rows, "seconds": seconds[name]}  # fmt: skip
        if made.row_by_row:
            entry["rows_in"] = datasets[into[name]]["rows_out"]
            for stage in made.stages:
                if stage.effect:
                    entry[stage.effect] += count(str(stage.excluded))
        else:
            entry["rows_in"] = sum(datasets[d]["rows_out"] for d in made.depends_on)
        if name == "flights_clean":
            entry["quarantined"] = count("SELECT count(*) FROM flights_clean__unchecked") - rows
        aside = entry["filtered"] + entry["deduplicated"] + entry["quarantined"]
        assert not made.row_by_row or entry["rows_in"] == rows + aside, (name, entry)
        datasets[name] = entry
    return {
        "schema": "penstock.run/1", "pipeline": "flights", "run_id": "20261123-021500-7f3a9c",
        "engine": "duckdb", "program": program.digest, "status": "succeeded", "attempt": 1,
        "started_at": "2026-11-23T07:15:00.412083Z", "seconds": 1.934,
        "peak_memory_bytes": 431_226_880, "datasets": datasets,
        "quality": [outcome(con, c, i) for i, c in enumerate(program.checks)],
        "targets": {
            "delays_lake": {"rows_loaded": datasets["delays"]["rows_out"], "files": 12,
                            "bytes": 18_211, "location": ".penstock/lake/delays",
                            "version": "v0000000007-7f3a9c", "seconds": 0.091},
            "weather_delays_lake": {"rows_loaded": datasets["weather_delays"]["rows_out"],
                                    "files": 1, "bytes": 1_204,
                                    "location": ".penstock/lake/weather_delays",
                                    "version": "v0000000007-7f3a9c", "seconds": 0.034},
            "fleet_export": {"rows_loaded": datasets["fleet"]["rows_out"], "files": 1,
                             "bytes": 131_407, "location": "out/fleet.csv",
                             "version": "sha256:6bc1f2", "seconds": 0.019},
        },
        "notes": [], "error": None,
    }  # fmt: skip


def outcome(con: duckdb.DuckDBPyConnection, check: Check, _: int) -> dict[str, Any]:
    held = check.action == "quarantine"
    relation = f"{check.dataset}__unchecked" if held else check.dataset
    failed = None
    if check.predicate:
        sql = f"SELECT count(*) FROM {relation} WHERE NOT ({check.predicate})"
        failed = con.execute(sql).fetchall()[0][0]
    observed = {
        n: con.execute(f"SELECT {e} FROM {relation}").fetchall()[0][0]
        for n, e in check.observed.items()
    }
    passed = not failed if check.predicate else check.rule in PASSES
    reason = None if passed else f"{failed:,} rows break it" + "".join(
        f"; {n} is {v:.6g}" for n, v in observed.items()
    )  # fmt: skip
    return {
        "dataset": check.dataset, "rule": check.rule, "action": check.action,
        "outcome": "passed" if passed else "failed", "observed": observed,
        "failed_rows": failed, "reason": reason,
    }  # fmt: skip


def build_extra(con: duckdb.DuckDBPyConnection, report: dict[str, Any]) -> dict[str, Any]:
    samples = []
    for dataset, rule, action, predicate, _ in CHECKS:
        relation = f"{dataset}__unchecked" if action == "quarantine" else dataset
        if predicate is None:
            continue
        broken = f"SELECT * FROM {relation} WHERE NOT ({predicate}) ORDER BY ALL LIMIT 10"
        found = con.execute(f"SELECT to_json(b)::varchar FROM ({broken}) AS b").fetchall()
        rows = [json.loads(text) for (text,) in found]
        if rows:
            samples.append({"dataset": dataset, "rule": rule, "rows": rows})
    previous = json.loads(json.dumps(report))
    previous |= {"run_id": "20261122-021500-c01d44", "started_at": "2026-11-22T07:15:00.398115Z",
                 "seconds": 1.871}  # fmt: skip
    for entry in previous["datasets"].values():
        entry["seconds"] = round(entry["seconds"] * 0.94, 3)
    previous["datasets"]["flights"] |= {"rows_in": 335_917, "rows_out": 335_917}
    reject = "Expected Number of Columns: 6 Found: 5"
    rejected = [
        {"dataset": "weather", "file": "data/weather.csv", "line": 8_713, "reason": reject,
         "raw": "JFK,2013-12-30 18:00:00,35.96,NA,0"},
        {"dataset": "weather", "file": "data/weather.csv", "line": 20_416,
         "reason": "Error when converting column \"precip\". Could not convert string \"trace\" to 'DOUBLE'",
         "raw": "LGA,2013-08-14 03:00:00,71.06,8.05546,trace,10"},
    ]  # fmt: skip
    return {"samples": samples, "rejected": rejected, "previous": previous}


if __name__ == "__main__":
    main()
