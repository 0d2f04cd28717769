"""`penstock sandbox up|down|status|tick`: AWS on the laptop."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from penstock.cli.output import Output, pass_output

folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True, resolve_path=True),
    default=".",
    help="Whose .penstock/sandbox is used.",
)
STOPPED = 1


@click.group("sandbox")
def command() -> None:
    """Run AWS on the laptop: functions, queues, buckets, tables, schedules, HTTP APIs."""


@command.command("up")
@folder_option
@click.option("--region", help="What AWS_REGION says.  [default: us-east-1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Where it listens.  [default: any]")
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=16,
    show_default=True,
    help="Functions that may run at once, all together.",
)
@click.option(
    "--retry-seconds",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Before an asynchronous event is tried again; AWS waits 60.",
)
@pass_output
def up(
    output: Output,
    *,
    folder: Path,
    region: str | None,
    port: int | None,
    concurrency: int,
    retry_seconds: float,
) -> None:
    """Start it, or find it running, and print its environment: `eval "$(penstock sandbox up)"`."""
    from penstock.sandbox import control
    from penstock.sandbox.state import variables

    found, started = control.up(
        folder,
        region=region,
        concurrency=concurrency,
        retry_seconds=retry_seconds,
        port=port or 0,
    )
    output.note(f"the sandbox {'runs' if started else 'was running'} at {found.url}")
    told = variables(found)
    exports = "\n".join(f"export {name}={shlex.quote(value)}" for name, value in told.items())
    document = {
        "schema": "penstock.sandbox_up/1",
        "started": started,
        "url": found.url,
        "pid": found.pid,
        "environment": told,
    }
    output.result(exports, document)


@command.command("down")
@folder_option
@pass_output
def down(output: Output, *, folder: Path) -> None:
    """End it and all that runs in it. What it held is gone."""
    from penstock.sandbox import control

    ended = control.down(folder)
    told = "the sandbox has ended" if ended else "no sandbox was running"
    output.result(told, {"schema": "penstock.sandbox_down/1", "ended": ended})


@command.command("status")
@folder_option
@pass_output
def status(output: Output, *, folder: Path) -> int:
    """Say whether it runs, what is deployed, what it could not deliver; 1 if it does not run."""
    from penstock.sandbox import control

    schema = {"schema": "penstock.sandbox_status/1"}
    found = control.running(folder)
    if found is None:
        output.result("no sandbox is running here", {**schema, "running": False})
        return STOPPED
    told = control.ask(folder, "status")
    told.pop("token", None)

    def shown() -> str:
        lines = [f"the sandbox runs at {found.url} (process {found.pid})"]
        lines += [f"  function  {name}" for name in told["functions"]]
        lines += [f"  address   {each['route']}  {each['url']}" for each in told["addresses"]]
        lines += [f"  limit     {limit}" for limit in told["limits"]]
        lines += [f"  problem   {problem}" for problem in told["problems"]]
        return "\n".join(lines)

    output.result(shown, {**schema, "running": True, "url": found.url, "pid": found.pid, **told})
    return 0


@command.command("tick")
@folder_option
@click.option("--at", metavar="TIME", help="Act as if it were TIME: 2026-03-01T06:00:00Z.")
@pass_output
def tick(output: Output, *, folder: Path, at: str | None) -> None:
    """Fire the schedules that are due in the minute of TIME (now, unless given)."""
    from datetime import UTC, datetime

    from penstock.errors import UsageError
    from penstock.sandbox import control

    try:
        moment = datetime.fromisoformat(at) if at else datetime.now(UTC)
    except ValueError:
        hint = "write ISO 8601, as in --at 2026-03-01T06:00:00Z"
        raise UsageError(f"`{at}` is no time", hint=hint) from None
    moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    told = control.ask(folder, "tick", {"at": moment.isoformat()})
    fired = told["fired"]

    def shown() -> str:
        lines = [f"{each['schedule']} → {each['target']}" for each in fired]
        return "\n".join(lines) or "no schedule was due"

    output.result(shown, {"schema": "penstock.sandbox_tick/1", "at": told["at"], "fired": fired})
