"""`penstock logs`: what the functions of a deployment said."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.where import deployed, where_options

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.deploy.operate.deployments import Deployment
    from penstock.deploy.operate.logs import Line

LOOK_SECONDS = 1.0
_LATE = timedelta(seconds=30)
"""CloudWatch shows a line some seconds after its time: so far back it is looked at again."""
# Every invocation has these three of Lambda's own; they hold no word of the pipeline's.
_OF_LAMBDA = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START", "EXTENSION")


@click.command("logs")
@shared.folder_argument
@where_options
@click.option("--run", "run", metavar="RUN", help="Only lines that name this run.")
@click.option("--function", "kind", metavar="NAME", help="Only of planner, worker, loader, …")
@click.option("--since", default="1 hour", show_default=True, help="How far back, as in `2 days`.")
@click.option("--follow", "-f", is_flag=True, help="Go on until Ctrl-C.")
@click.option("--all", "everything", is_flag=True, help="Lambda's own lines and metrics as well.")
@pass_output
def command(
    output: Output,
    *,
    folder: Path,
    sandbox: bool,
    profile: str | None,
    run: str | None,
    kind: str | None,
    since: str,
    follow: bool,
    everything: bool,
) -> None:
    """Show what the functions deployed from FOLDER said, the oldest first."""
    from penstock.diagnostics import did_you_mean
    from penstock.errors import UsageError
    from penstock.quantities import seconds

    try:
        back = seconds(since)
    except ValueError as error:
        raise UsageError(str(error), hint="--since '2 hours'") from None
    if follow and output.json:
        raise UsageError("--follow has no end, and --json one document", hint="leave one out")
    found = deployed(shared.pipeline_root(folder), sandbox=sandbox, profile=profile)
    functions = dict(found.outputs["functions"])
    if kind is not None:
        if kind not in functions:
            hint = did_you_mean(kind, functions, noun="functions")
            raise UsageError(f"there is no function `{kind}`", hint=hint)
        functions = {kind: functions[kind]}
    start = datetime.now(UTC) - timedelta(seconds=back)
    if follow:
        for line in _followed(found, functions, start, run, everything=everything):
            click.echo(shown(line))
        return
    told = [x for x in _asked(found, functions, start, run) if everything or _own(x)]
    document = {
        "schema": "penstock.logs/1",
        "lines": [{"at": x.time, "function": x.function, **x.fields} for x in told],
    }
    output.result(lambda: "\n".join(map(shown, told)) or "nothing was said", document)


def _asked(
    found: Deployment, functions: dict[str, str], since: datetime, run: str | None
) -> Iterator[Line]:
    from penstock.deploy.operate.logs import lines

    return lines(functions, region=found.region, since=since, run=run)


def _followed(
    found: Deployment,
    functions: dict[str, str],
    since: datetime,
    run: str | None,
    *,
    everything: bool,
) -> Iterator[Line]:
    seen: dict[str, int] = {}
    while True:
        for line in _asked(found, functions, since, run):
            if line.id not in seen:
                seen[line.id] = line.at
                if everything or _own(line):
                    yield line
        since = max(since, datetime.now(UTC) - _LATE)
        oldest = int(since.timestamp() * 1000)
        seen = {id_: at for id_, at in seen.items() if at >= oldest}
        time.sleep(LOOK_SECONDS)


def _own(line: Line) -> bool:
    fields = line.fields
    metrics = "_aws" in fields  # CloudWatch shows them as such
    of_lambda = str(fields.get("type", "")).startswith("platform.")
    return not (metrics or of_lambda or line.text.startswith(_OF_LAMBDA))


def shown(line: Line) -> str:
    """A line for a terminal: time, function, level, event, then what else it holds."""
    held: dict[str, Any] = dict(line.fields)
    held.pop("requestId", None)
    level = str(held.pop("level", "INFO"))
    for name in ("time", "timestamp", "at", "logger"):
        held.pop(name, None)
    event = held.pop("event", None)
    message = held.pop("message", None)
    words = [str(x) for x in (event, message) if x]
    words += [f"{k}={v}" for k, v in held.items() if v not in (None, "", [], {})]
    when = line.time.astimezone().strftime("%H:%M:%S")
    return f"{when}  {line.function:<8} {level:<7} {' '.join(words)}"
