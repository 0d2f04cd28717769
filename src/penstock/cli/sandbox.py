"""`penstock sandbox up|down|status|tick`: AWS on the laptop."""

from __future__ import annotations

import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from penstock.cli.output import Output, pass_output

if TYPE_CHECKING:
    from collections.abc import Iterator

folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False, exists=True, resolve_path=True),
    default=".",
    help="Whose .penstock/sandbox is used.",
)
STOPPED = 1
_LOOK_SECONDS = 0.1
_QUIET_LOOKS = 3  # a message may be between two queues when it is looked for once


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
@click.option(
    "--athena",
    type=click.Choice(["duckdb", "trino"]),
    help="What answers Athena: DuckDB, or Trino, which Athena is made from. Trino is fetched once "
    "(225 MB, by Maven) and needs Java 17.  [default: trino where it was fetched, else duckdb]",
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
    athena: str | None,
) -> None:
    """Start it, or find it running, and print its environment: `eval "$(penstock sandbox up)"`."""
    from penstock.sandbox import control
    from penstock.sandbox.athena.trino import release
    from penstock.sandbox.state import variables

    if athena == "trino" and not release.is_there():
        output.note(f"fetching Trino {release.VERSION} ({release.MEGABYTES} MB, once)")
    found, started = control.up(
        folder,
        region=region,
        concurrency=concurrency,
        retry_seconds=retry_seconds,
        port=port or 0,
        athena=athena,
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
        if answers := told.get("athena"):  # an older Penstock's tells none
            lines += [f"  athena    {answers['engine']} {answers['version']} ({answers['state']})"]
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


@command.command("wait")
@folder_option
@click.option("--timeout", default="5 minutes", show_default=True, help="Then end with 1.")
@pass_output
def wait(output: Output, *, folder: Path, timeout: str) -> int:
    """Wait until no function works and no message waits for one."""
    import time

    from penstock.errors import UsageError
    from penstock.quantities import seconds
    from penstock.sandbox import control

    try:
        most = seconds(timeout)
    except ValueError as error:
        raise UsageError(str(error), hint="--timeout '90 seconds'") from None
    start = time.monotonic()
    quiet = 0
    while True:
        busy = control.ask(folder, "status")["under_way"]
        quiet = 0 if busy else quiet + 1
        if quiet == _QUIET_LOOKS or time.monotonic() - start > most:
            break
        time.sleep(_LOOK_SECONDS)
    done = quiet == _QUIET_LOOKS
    told = "nothing is under way" if done else f"{busy} messages or events are still under way"
    document = {"schema": "penstock.sandbox_wait/1", "done": done, "under_way": busy}
    output.result(told, document)
    return 0 if done else STOPPED


@command.command("put")
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False, exists=True)
)
@click.argument("to", metavar="s3://BUCKET/PREFIX/")
@folder_option
@pass_output
def put(output: Output, *, files: tuple[Path, ...], to: str, folder: Path) -> None:
    """Copy FILES into a bucket of the sandbox, as `aws s3 cp` would."""
    bucket, prefix = _place(to)
    if len(files) > 1 and prefix and not prefix.endswith("/"):
        from penstock.errors import UsageError

        raise UsageError(f"several files cannot become `{to}`", hint=f"{to}/")
    keys = [prefix + file.name if not prefix or prefix.endswith("/") else prefix for file in files]
    for file, key in zip(files, keys, strict=True):
        with _told(f"{file} was not put"):
            _s3(folder).upload_file(str(file), bucket, key)
    urls = [f"s3://{bucket}/{key}" for key in keys]
    output.result("\n".join(urls), {"schema": "penstock.sandbox_put/1", "objects": urls})


@command.command("remove")
@click.argument("objects", nargs=-1, required=True, metavar="s3://BUCKET/KEY...")
@folder_option
@pass_output
def remove(output: Output, *, objects: tuple[str, ...], folder: Path) -> None:
    """Remove objects from buckets of the sandbox, as `aws s3 rm` would."""
    for url in objects:
        bucket, key = _place(url)
        with _told(f"{url} was not removed"):
            _s3(folder).delete_object(Bucket=bucket, Key=key)
    output.result("", {"schema": "penstock.sandbox_remove/1", "objects": list(objects)})


def _place(url: str) -> tuple[str, str]:
    from penstock.errors import UsageError

    bucket, _, key = url.removeprefix("s3://").partition("/")
    if not url.startswith("s3://") or not bucket:
        raise UsageError(f"`{url}` is no place in a bucket", hint="s3://acme-raw/orders/")
    return bucket, key


def _s3(folder: Path) -> Any:
    import boto3

    from penstock.sandbox import control
    from penstock.sandbox.state import variables

    control.ask(folder, "status")  # tells it if there is none
    found = control.running(folder)
    assert found
    told = variables(found)
    return boto3.client(
        "s3",
        endpoint_url=found.url,
        region_name=found.region,
        aws_access_key_id=told["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=told["AWS_SECRET_ACCESS_KEY"],
    )


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Errors of S3 in words."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    from penstock.errors import SandboxError

    try:
        yield
    except (BotoCoreError, ClientError, Boto3Error, OSError) as error:
        raise SandboxError(f"{what}: {error}", code="PSK-SBX-003") from error
