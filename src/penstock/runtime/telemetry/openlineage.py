"""OpenLineage events of a run: START, then COMPLETE, FAIL or ABORT (https://openlineage.io).

A pipeline is a job, its sources are the inputs and its targets the outputs; what lies between is
told by the columns' lineage, which goes from target to source. Events are made of the Program and
the run report alone.
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import penstock
from penstock.runtime.telemetry import lineage_names
from penstock.runtime.telemetry.lineage_columns import origins, upstream

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from penstock.program import Column, Load, Program
    from penstock.runtime.telemetry.words import Discreet

NAMESPACE = "penstock"
PRODUCER = f"https://pypi.org/project/penstock/{penstock.__version__}/"
SPEC = "https://openlineage.io/spec"
RUN_EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
# facet → (version, name): https://openlineage.io/spec/facets/VERSION/NAME.json
FACETS = {
    "columnLineage": ("1-1-0", "ColumnLineageDatasetFacet"),
    "dataQualityAssertions": ("1-1-0", "DataQualityAssertionsDatasetFacet"),
    "dataSource": ("1-0-0", "DatasourceDatasetFacet"),
    "errorMessage": ("1-0-0", "ErrorMessageRunFacet"),
    "jobType": ("2-0-4", "JobTypeJobFacet"),
    "nominalTime": ("1-0-0", "NominalTimeRunFacet"),
    "outputStatistics": ("1-0-0", "OutputStatisticsOutputDatasetFacet"),
    "parent": ("1-1-0", "ParentRunFacet"),
    "processing_engine": ("1-1-0", "ProcessingEngineRunFacet"),
    "schema": ("1-0-0", "SchemaDatasetFacet"),
    "version": ("1-0-0", "DatasetVersionDatasetFacet"),
}
INTERRUPTED = "PSK-RUN-130"
_DATED = frozenset({"date", "timestamp", "timestamptz"})


def run_uuid(pipeline: str, run_id: str, attempt: int) -> str:
    """OpenLineage's id of an attempt at a run: the same wherever it is asked for.

    >>> run_uuid("flights", "20260102-030405-aaaaaa", 1)
    '7d5a2051-33de-5cd8-a595-90bb17862d29'
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"penstock:{pipeline}:{run_id}:{attempt}"))


def start_event(
    program: Program,
    report: Mapping[str, Any],
    root: Path,
    *,
    environment: Mapping[str, str],
    bounds: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The event of a run that begins.

    Args:
        root: the pipeline folder, that local paths are relative to.
        environment: `OPENLINEAGE_NAMESPACE` and `OPENLINEAGE_PARENT_ID`.
        bounds: dataset → the bounds of its slice.
    """
    made = _Maker(program, report, root, environment)
    return made.event("START", report["started_at"], run=made.run_facets(bounds or {}))


def end_event(
    program: Program,
    report: Mapping[str, Any],
    root: Path,
    words: Discreet,
    *,
    environment: Mapping[str, str],
    bounds: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """The event of a run that ended: COMPLETE, ABORT (stopped by a rule or by hand) or FAIL."""
    made = _Maker(program, report, root, environment, ended=True)
    run = made.run_facets(bounds or {})
    error = report["error"]
    if error:
        message = f"{error['code']}: {words.text(error['message'], error['code'])}"
        run["errorMessage"] = facet("errorMessage", message=message, programmingLanguage="PYTHON")
    kind = "COMPLETE"
    if report["status"] != "succeeded":
        aborted = report["status"] == "stopped" or (error or {}).get("code") == INTERRUPTED
        kind = "ABORT" if aborted else "FAIL"
    return made.event(kind, _now(), run=run)


def facet(name: str, /, **content: Any) -> dict[str, Any]:
    """A facet, with the address of the schema that it keeps."""
    version, schema = FACETS[name]
    url = f"{SPEC}/facets/{version}/{schema}.json#/$defs/{schema}"
    return {"_producer": PRODUCER, "_schemaURL": url, **content}


class _Maker:
    """What the events of one run share."""

    def __init__(
        self,
        program: Program,
        report: Mapping[str, Any],
        root: Path,
        environment: Mapping[str, str],
        *,
        ended: bool = False,
    ) -> None:
        self._program = program
        self._report = report
        self._environment = environment
        self._ended = ended
        self._names = {
            r.dataset: lineage_names.dataset_name(r.connector, r.options, r.dataset, root)
            for r in program.reads
        }
        self._root = root

    def event(self, kind: str, at: str, *, run: dict[str, Any]) -> dict[str, Any]:
        report, program = self._report, self._program
        job = facet("jobType", processingType="BATCH", integration="PENSTOCK", jobType="JOB")
        columns, above = origins(program), upstream(program)
        return {
            "eventType": kind,
            "eventTime": at,
            "producer": PRODUCER,
            "schemaURL": RUN_EVENT,
            "run": {
                "runId": run_uuid(report["pipeline"], report["run_id"], report["attempt"]),
                "facets": run,
            },
            "job": {
                "namespace": self._environment.get("OPENLINEAGE_NAMESPACE") or NAMESPACE,
                "name": report["pipeline"],
                "facets": {"jobType": job},
            },
            "inputs": [self._input(r.dataset, r.schema) for r in program.reads],
            "outputs": [
                self._output(x, columns.get(x.dataset, {}), above.get(x.dataset, set()))
                for x in program.loads
            ],
        }

    def run_facets(self, bounds: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        found = {
            "processing_engine": facet(
                "processing_engine",
                version=penstock.__version__,
                name=f"penstock/{self._report['engine']}",
            )
        }
        if parent := _parent(self._environment.get("OPENLINEAGE_PARENT_ID", "")):
            found["parent"] = facet("parent", **parent)
        if times := _nominal(bounds):
            found["nominalTime"] = facet("nominalTime", **times)
        return found

    def _input(self, dataset: str, schema: Sequence[Column]) -> dict[str, Any]:
        namespace, name = self._names[dataset]
        found: dict[str, Any] = {
            "namespace": namespace,
            "name": name,
            "facets": _described(namespace, name, schema),
        }
        if tests := self._assertions({dataset}, schema):
            found["inputFacets"] = {"dataQualityAssertions": tests}
        return found

    def _output(
        self, load: Load, columns: Mapping[str, frozenset[tuple[str, str]]], above: set[str]
    ) -> dict[str, Any]:
        namespace, name = lineage_names.dataset_name(
            load.connector, load.options, load.target, self._root
        )
        facets = _described(namespace, name, load.schema)
        fields = {c.name: self._came_from(columns.get(c.name, frozenset())) for c in load.schema}
        facets["columnLineage"] = facet(
            "columnLineage", fields={n: f for n, f in fields.items() if f["inputFields"]}
        )
        found: dict[str, Any] = {"namespace": namespace, "name": name, "facets": facets}
        if not self._ended:
            return found
        if tests := self._assertions(above - self._names.keys(), load.schema):
            facets["dataQualityAssertions"] = tests
        done = self._report["targets"].get(load.target, {})
        if done.get("version") is not None:
            facets["version"] = facet("version", datasetVersion=str(done["version"]))
            found["outputFacets"] = {
                "outputStatistics": facet(
                    "outputStatistics", rowCount=done["rows_loaded"], size=done["bytes"]
                )
            }
        return found

    def _came_from(self, pairs: frozenset[tuple[str, str]]) -> dict[str, Any]:
        return {
            "inputFields": [
                {
                    "namespace": self._names[dataset][0],
                    "name": self._names[dataset][1],
                    "field": column,
                    "transformations": [{"type": "DIRECT"}],
                }
                for dataset, column in sorted(pairs)
            ]
        }

    def _assertions(self, datasets: set[str], schema: Sequence[Column]) -> dict[str, Any] | None:
        """The rules that the rows of these datasets went through on their way."""
        columns = {c.name for c in schema}
        outcomes = [q for q in self._report["quality"] if q["dataset"] in datasets]
        found = [_assertion(outcome, columns) for outcome in outcomes]
        return facet("dataQualityAssertions", assertions=found) if found else None


def _described(namespace: str, name: str, schema: Sequence[Column]) -> dict[str, Any]:
    address = lineage_names.uri(namespace, name)
    return {
        "schema": facet("schema", fields=[{"name": c.name, "type": c.type} for c in schema]),
        "dataSource": facet("dataSource", name=namespace, uri=address),
    }


def _assertion(outcome: Mapping[str, Any], columns: set[str]) -> dict[str, Any]:
    rule = outcome["rule"]
    found: dict[str, Any] = {
        "assertion": rule.partition(" ")[0],
        "success": outcome["outcome"] == "passed",
        "severity": "error" if outcome["action"] == "stop" else "warn",
        "name": f"{outcome['dataset']}: {rule}",
    }
    column = re.match(r'\w+ "([^"]+)"', rule)
    if column and column[1] in columns:
        found["column"] = column[1]
    return found


def _parent(text: str) -> dict[str, Any] | None:
    """`NAMESPACE/JOB/RUN`, as orchestrators set it; None where it is not of that form."""
    namespace, _, rest = text.rpartition("/")
    namespace, _, name = namespace.rpartition("/")
    try:
        run = str(uuid.UUID(rest))
    except ValueError:
        return None
    if not namespace or not name:
        return None
    return {"run": {"runId": run}, "job": {"namespace": namespace, "name": name}}


def _nominal(bounds: Mapping[str, Mapping[str, Any]]) -> dict[str, str] | None:
    """The times that a run's slices are of; None where they are none, or have no beginning."""
    dated = [b for b in bounds.values() if b.get("type") in _DATED]
    starts = [t for b in dated if (t := _time(b.get("from") or b.get("above")))]
    ends = [t for b in dated if (t := _time(b.get("to")))]
    if not starts:
        return None
    found = {"nominalStartTime": min(starts)}
    if len(ends) == len(dated):
        found["nominalEndTime"] = max(ends)
    return found


def _time(text: str | None) -> str | None:
    """A value of a column as RFC 3339; what has no zone is UTC."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return (moment.replace(tzinfo=moment.tzinfo or UTC)).astimezone(UTC).isoformat()


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
