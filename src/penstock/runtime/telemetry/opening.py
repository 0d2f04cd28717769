"""Opens what is asked for: by options of the command, by variables, or by running in a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.errors import MissingExtra, UsageError
from penstock.runtime.records import run_folder
from penstock.runtime.telemetry.fan_out import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TextIO

    from penstock.runtime.observer import Observer
    from penstock.runtime.telemetry.fan_out import Listener
    from penstock.runtime.telemetry.words import Discreet

    Cost = Callable[[Mapping[str, Any]], float | None]

LOG_FILE = "log.ndjson"
METRICS_FILE = "metrics.ndjson"
LINEAGE_FILE = "lineage.ndjson"


def open_telemetry(
    environment: Mapping[str, str],
    root: Path,
    *,
    beside: Observer | None = None,
    log: TextIO | None = None,
    cost: Cost | None = None,
) -> Telemetry:
    """What a run of the command tells.

    Args:
        environment: `PENSTOCK_LOG_LEVEL`, `PENSTOCK_METRICS=emf`, `PENSTOCK_LINEAGE=file`,
            `PENSTOCK_ENVIRONMENT`, and those of OpenTelemetry and OpenLineage.
        root: the pipeline folder; files go to the folder of the run.
        beside: the display.
        log: where log lines go; None: nowhere.
        cost: gives what a run cost in USD, from its report.

    Raises:
        UsageError: a variable has a value that means nothing.
    """
    listeners: list[Listener] = []
    notes: list[str] = []
    logs = None
    if log is not None:
        from penstock.runtime.telemetry.logs import Logs

        logs = Logs(
            log,
            _words(environment),
            level=_level(environment),
            file=lambda run_id: run_folder(root, run_id) / LOG_FILE,
        )
        listeners.append(logs)
    _one_of(environment, "PENSTOCK_LINEAGE", "file", "writes lineage.ndjson in the run's folder")
    metrics = "writes CloudWatch's embedded metric format"
    if _one_of(environment, "PENSTOCK_METRICS", "emf", metrics):
        from penstock.runtime.telemetry.emf import Metrics

        writers = [_to_file(root, METRICS_FILE)]
        if logs is not None:
            writers.append(lambda _, line: logs.raw(line))
        listeners.append(Metrics(_all(writers), environment=_stage(environment), cost=cost))
    _more(environment, root, listeners, notes)
    telemetry = Telemetry(listeners, beside)
    for note in notes:
        telemetry.event("message", text=note)
    return telemetry


def open_in_function(
    environment: Mapping[str, str],
    root: Path,
    out: TextIO | None = None,
    *,
    cost: Cost | None = None,
) -> Telemetry:
    """What a function tells: log lines and metrics on its standard output, and what is asked for.

    A variable that means nothing is as if it were not set: a function does its work.

    Args:
        environment: as for `open_telemetry`; metrics are on unless `PENSTOCK_METRICS=none`.
        root: the folder of this machine that paths are relative to.
        out: where lines go; None: standard output, whatever that is when a line is written.
        cost: gives what a run cost in USD, from its report.
    """
    from penstock.runtime.telemetry.logs import LEVELS, Logs

    level = environment.get("PENSTOCK_LOG_LEVEL", "").upper()
    logs = Logs(
        out or _standard_output, _words(environment), level=level if level in LEVELS else "INFO"
    )
    listeners: list[Listener] = [logs]
    notes: list[str] = []
    if environment.get("PENSTOCK_METRICS", "").lower() != "none":
        from penstock.runtime.telemetry.emf import Metrics

        stage = _stage(environment)
        listeners.append(Metrics(lambda _, line: logs.raw(line), environment=stage, cost=cost))
    _more(environment, root, listeners, notes)
    telemetry = Telemetry(listeners)
    for note in notes:
        telemetry.event("message", text=note)
    return telemetry


def _more(
    environment: Mapping[str, str], root: Path, listeners: list[Listener], notes: list[str]
) -> None:
    """Traces and lineage, where their variables are set."""
    if any(name.startswith("OTEL_") for name in environment):
        from penstock.runtime.telemetry import tracing

        if tracing.asked(environment):
            try:
                listeners.append(tracing.Tracing(environment, _words(environment)))
            except ImportError as error:
                package = (error.name or "opentelemetry").partition(".")[0]
                extra = "aws" if package.startswith("boto") else "otel"
                missing = MissingExtra(package, extra, wanted_by="traces")
                notes.append(f"no traces: {missing.message}; {missing.hint}")
    if environment.get("OPENLINEAGE_URL") or environment.get("PENSTOCK_LINEAGE"):
        from penstock.runtime.telemetry import lineage

        if lineage.asked(environment):
            try:
                listeners.append(
                    lineage.Lineage(
                        environment,
                        _words(environment),
                        root,
                        file=lambda run_id: run_folder(root, run_id) / LINEAGE_FILE,
                    )
                )
            except ValueError as error:
                notes.append(f"no lineage: {error}")


def _standard_output() -> TextIO:
    import sys

    return sys.stdout


def _one_of(environment: Mapping[str, str], variable: str, word: str, meaning: str) -> bool:
    """Whether a variable asks for what it can.

    Raises:
        UsageError: it says something else.
    """
    wanted = environment.get(variable, "").lower()
    if wanted not in {"", "none", word}:
        raise UsageError(
            f"{variable} is `{word}` or `none`, not `{wanted}`", hint=f"`{word}` {meaning}"
        )
    return wanted == word


def _level(environment: Mapping[str, str]) -> str:
    from penstock.runtime.telemetry.logs import LEVELS

    level = (environment.get("PENSTOCK_LOG_LEVEL") or "INFO").upper()
    if level not in LEVELS:
        raise UsageError(
            f"PENSTOCK_LOG_LEVEL is {', '.join(LEVELS)}, not `{level}`", hint="INFO is the default"
        )
    return level


def _words(environment: Mapping[str, str]) -> Discreet:
    from penstock.runtime.telemetry.words import Discreet

    return Discreet(environment)


def _stage(environment: Mapping[str, str]) -> str:
    return environment.get("PENSTOCK_ENVIRONMENT") or "local"


def _to_file(root: Path, name: str) -> Callable[[str, str], None]:
    def write(run_id: str, line: str) -> None:
        path = run_folder(root, run_id) / name
        if path.parent.is_dir():
            with path.open("a", encoding="utf-8") as file:
                file.write(line)

    return write


def _all(writers: list[Callable[[str, str], None]]) -> Callable[[str, str], None]:
    def write(run_id: str, line: str) -> None:
        for each in writers:
            each(run_id, line)

    return write
