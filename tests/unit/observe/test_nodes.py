"""What the graph says became of each dataset and target."""

from __future__ import annotations

from typing import Any

from penstock.observe.report.graph import draw_graph
from penstock.observe.report.nodes import nodes_of

Run = dict[str, Any]


def states(run: Run) -> dict[str, str]:
    return {n["id"]: n["state"] for n in nodes_of(run["report"], run["program"])}


def test_a_run_that_succeeded_has_every_node_done(flights_run: Run):
    assert set(states(flights_run).values()) == {"done"}


def test_rows_set_aside_and_warnings_stand_at_their_node(flights_run: Run):
    nodes = {n["name"]: n for n in nodes_of(flights_run["report"], flights_run["program"])}
    assert nodes["flights_clean"]["quarantined"] == 1223
    assert nodes["flights_clean"]["warnings"] == 1
    assert nodes["weather"]["rejected"] == 2
    assert nodes["delays_lake"]["rows"] == 185


def test_a_stop_rule_marks_its_dataset_and_what_never_came_after(stopped_run: Run):
    found = states(stopped_run)
    assert found["dataset:flights_clean"] == "stopped"
    assert found["dataset:delays"] == "unreached"
    assert found["target:delays_lake"] == "unreached"
    assert found["target:fleet_export"] == "unpublished"
    assert found["dataset:fleet"] == "done"


def test_an_error_is_laid_to_the_dataset_defined_where_it_stands(flights_run: Run):
    report = flights_run["report"]
    del report["datasets"]["delays"]
    report["status"] = "failed"
    report["error"] = {"file": "models/delays.sql", "line": 1, "column": 1, "message": "no"}
    assert states(flights_run)["dataset:delays"] == "failed"


def test_an_error_is_laid_to_the_target_defined_where_it_stands(flights_run: Run):
    report = flights_run["report"]
    report |= {"status": "failed", "targets": {}}
    report["error"] = {"file": "pipeline.yaml", "line": 92, "column": 3, "message": "disk full"}
    found = states(flights_run)
    assert found["target:delays_lake"] == "failed"
    assert found["target:fleet_export"] == "unreached"


def test_an_error_without_a_place_is_laid_to_the_unfinished_dataset_it_names(flights_run: Run):
    report = flights_run["report"]
    del report["datasets"]["delays"]
    report["status"] = "failed"
    report["error"] = {"file": None, "message": "`delays` reads `fleet` and ran out of memory"}
    found = states(flights_run)
    assert found["dataset:delays"] == "failed"
    assert found["dataset:fleet"] == "done"


def test_a_skipped_run_has_every_node_skipped(flights_run: Run):
    flights_run["report"] |= {"status": "skipped", "datasets": {}, "targets": {}, "quality": []}
    assert set(states(flights_run).values()) == {"skipped"}


def test_rows_not_known_are_not_shown_as_a_number(flights_run: Run):
    flights_run["report"]["datasets"]["delays"]["rows_out"] = None
    nodes = {n["name"]: n for n in nodes_of(flights_run["report"], flights_run["program"])}
    assert nodes["delays"]["rows"] is None


def test_a_target_may_have_the_name_of_its_dataset(flights_run: Run):
    load = flights_run["program"]["loads"][0]
    load["target"] = "delays"
    graph = draw_graph(flights_run["report"], flights_run["program"])
    ids = [n["id"] for n in graph["nodes"]]
    assert {"dataset:delays", "target:delays"} <= set(ids)
    assert len(ids) == len(set(ids))


def test_every_edge_carries_the_rows_that_went_along_it(flights_run: Run):
    graph = draw_graph(flights_run["report"], flights_run["program"])
    rows = {(e["from"], e["to"]): e["rows"] for e in graph["edges"]}
    assert rows == {
        ("dataset:flights", "dataset:flights_clean"): 336_776,
        ("dataset:airports", "dataset:flights_clean"): 1_458,
        ("dataset:planes", "dataset:fleet"): 3_322,
        ("dataset:flights_clean", "dataset:delays"): 327_298,
        ("dataset:fleet", "dataset:delays"): 3_322,
        ("dataset:flights_clean", "dataset:weather_delays"): 327_298,
        ("dataset:weather", "dataset:weather_delays"): 26_115,
        ("dataset:delays", "target:delays_lake"): 185,
        ("dataset:weather_delays", "target:weather_delays_lake"): 6,
        ("dataset:fleet", "target:fleet_export"): 3_322,
    }
