"""What became of each dataset and target of a run, as the graph shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Guilty:
    """The datasets and targets that the error is about."""

    datasets: frozenset[str]
    targets: frozenset[str]


def nodes_of(report: Mapping[str, Any], program: Mapping[str, Any]) -> list[Json]:
    """The nodes: sources, transforms, targets, in the Program's order.

    A node's `id` is `dataset:NAME` or `target:NAME`. Its `state` is `done`, `failed` (the error
    is about it), `stopped` (a stop rule broke), `unreached` (the run ended before it), `skipped`
    (nothing was new) or `unpublished` (written, but the run failed before the commit). `rows`
    are those that it gave; None where they are not known.
    """
    guilty = _guilty(report, program)
    return _datasets(report, program, guilty) + _targets(report, program, guilty)


def _datasets(report: Mapping[str, Any], program: Mapping[str, Any], guilty: Guilty) -> list[Json]:
    done: Mapping[str, Json] = report.get("datasets") or {}
    stopped = {
        q["dataset"]
        for q in report.get("quality") or ()
        if q["action"] == "stop" and q["outcome"] == "failed"
    }
    found: list[Json] = [
        {"name": read["dataset"], "kind": "source", "how": read["connector"]}
        for read in program.get("reads", ())
    ] + [
        {"name": made["dataset"], "kind": "transform", "how": made["kind"]}
        for made in program.get("statements", ())
    ]
    for node in found:
        name = node["name"]
        counts = done.get(name, {})
        node["id"] = f"dataset:{name}"
        node["rows"] = counts.get("rows_out")
        node["rows_in"] = counts.get("rows_in")
        node["seconds"] = counts.get("seconds")
        node["quarantined"] = counts.get("quarantined") or 0
        node["rejected"] = counts.get("rejected") or 0
        node["warnings"] = sum(
            q["dataset"] == name and q["outcome"] == "failed" and q["action"] == "warn"
            for q in report.get("quality") or ()
        )
        if name in stopped:
            node["state"] = "stopped"
        elif name in guilty.datasets:
            node["state"] = "failed"
        else:
            node["state"] = "done" if name in done else _absent(report)
    return found


def _targets(report: Mapping[str, Any], program: Mapping[str, Any], guilty: Guilty) -> list[Json]:
    done: Mapping[str, Json] = report.get("targets") or {}
    found: list[Json] = []
    for load in program.get("loads", ()):
        name = load["target"]
        counts = done.get(name, {})
        node: Json = {"id": f"target:{name}", "name": name, "kind": "target"}
        node |= {"how": load["connector"], "rows": counts.get("rows_loaded")}
        node |= {"rows_in": node["rows"], "seconds": counts.get("seconds")}
        node |= {"quarantined": 0, "rejected": 0, "warnings": 0}
        if name in guilty.targets:
            node["state"] = "failed"
        elif name not in done:
            node["state"] = _absent(report)
        else:
            node["state"] = "done" if "version" in counts else "unpublished"
        found.append(node)
    return found


def _absent(report: Mapping[str, Any]) -> str:
    return "skipped" if report.get("status") == "skipped" else "unreached"


def _guilty(report: Mapping[str, Any], program: Mapping[str, Any]) -> Guilty:
    """What the error is about: by its place in the files, else by the names in its message."""
    error = report.get("error") or {}
    if not error:
        return Guilty(frozenset(), frozenset())
    here = [error.get("file"), error.get("line"), error.get("column")]
    names = [n for n, p in (program.get("places") or {}).items() if here[0] and list(p) == here]
    datasets, targets = set(), set()
    for name in names:
        what, _, rest = name.partition(":")
        if what == "dataset":
            datasets.add(rest.partition("/")[0])
        elif what == "load":
            targets.add(rest)
        elif what == "check":
            datasets.add(program["checks"][int(rest)]["dataset"])
    if not (datasets or targets):
        message = error.get("message") or ""
        done = report.get("datasets") or {}
        every = (*program.get("reads", ()), *program.get("statements", ()))
        datasets = {
            x["dataset"]
            for x in every
            if x["dataset"] not in done and f"`{x['dataset']}`" in message
        }
    return Guilty(frozenset(datasets), frozenset(targets))
