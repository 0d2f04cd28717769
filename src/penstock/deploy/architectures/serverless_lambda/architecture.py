"""Builds a pipeline for Lambda: two packages, and the inputs of the Terraform."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from penstock.cost.rates import rates_of
from penstock.cost.shape import shape_of
from penstock.deploy import sbom, wheels
from penstock.deploy.access import access_of
from penstock.deploy.architectures.serverless_lambda.requirements import (
    PLANNER,
    UNUSED,
    requirements,
)
from penstock.deploy.architectures.serverless_lambda.settings import settings_here, settings_of
from penstock.deploy.base import Built, assets
from penstock.deploy.package import (
    LAMBDA_UNZIPPED,
    penstock_files,
    sources_of,
    wheel_files,
    write_package,
)
from penstock.deploy.scheduling import cron_expression, rate_expression
from penstock.errors import BuildError
from penstock.program import canonical
from penstock.runtime.serverless.spending import RATES

if TYPE_CHECKING:
    from penstock.cost.architectures.lambda_settings import Settings
    from penstock.deploy.access import Access
    from penstock.deploy.wheels import Wheel
    from penstock.program import Program, Read
    from penstock.spec import Definition
    from penstock.spec.operation import Sla
    from penstock.spec.trigger import Trigger

HANDLERS = ("planner.py", "worker.py", "loader.py")
RECEIVER = "receiver.py"
PIPELINE = "pipeline"
"""Folder of the pipeline's own files inside a package."""


class ServerlessLambda:
    """Architecture 1."""

    name: ClassVar[str] = "lambda"
    engine: ClassVar[str] = "duckdb"
    folder: ClassVar[str] = "architecture-1-serverless-lambda"
    tunable: ClassVar[bool] = True  # by `penstock tune`

    def build(
        self, definition: Definition, program: Program, packages: Path, *, here: bool = False
    ) -> Built:
        """See `penstock.deploy.base.Architecture`."""
        deploy = definition.pipeline.deploy
        given = deploy.settings if deploy else {}
        asked = settings_of(given)
        settings = settings_here(given) if here else asked
        # What runs here for a function of the other processor is not what AWS is given.
        budget = LAMBDA_UNZIPPED if settings.machine == asked.machine else 2 * LAMBDA_UNZIPPED
        access = access_of(program)
        commands = [s.dataset for s in program.statements if s.command]
        if commands:
            raise BuildError(
                f"`{commands[0]}` is made by a command, and functions start none",
                code="PSK-BLD-005",
                hint="write the step in SQL or Python",
            )
        variables: dict[str, Any] = {
            "pipeline": program.pipeline,
            "program_digest": program.digest,
            "functions": settings.as_json(),
            "trigger": _trigger(definition.pipeline.trigger, program),
            "reads": [place.as_json() for place in access.reads],
            "writes": [place.as_json() for place in access.writes],
            "secret_names": list(access.secret_names),
            "secret_arns": list(access.secret_arns),
            "database_tokens": access.database_tokens,
            "warehouses": [each.as_json() for each in access.warehouses],
            "tables": [each.as_json() for each in access.tables],
            "webhook": _webhook(definition.pipeline.trigger, program),
            "sla": _sla(definition.pipeline.sla),
            "rules": sorted({check.action for check in program.checks}),
            "alert_emails": sorted({a.email for a in definition.pipeline.alerts if a.email}),
        }
        if deploy:
            given = {"region": deploy.region, "environment": deploy.environment}
            variables |= {key: value for key, value in given.items() if value}
            variables |= {"tags": dict(deploy.tags)} if deploy.tags else {}
        made = _packages(definition, program, settings, packages, budget, here=here)
        return Built(variables, made)


def _packages(
    definition: Definition,
    program: Program,
    settings: Settings,
    folder: Path,
    budget: int,
    *,
    here: bool,
) -> dict[str, dict[str, Any]]:
    names = (*HANDLERS, RECEIVER) if _webhooks(program) else HANDLERS
    handlers = sources_of(assets("architectures", ServerlessLambda.folder, "src/lambda"), names)
    needed = requirements(program)
    built: dict[str, dict[str, Any]] = {}
    # One after the other: pip finds in its cache what the first one fetched.
    for kind, asked in (("runtime", needed), ("planner", [*needed, *PLANNER])):
        planner = kind == "planner"
        with tempfile.TemporaryDirectory(prefix="penstock-wheels-") as place:
            fetched = wheels.fetch(
                asked, settings.machine, Path(place), python=None if here else settings.python
            )
            fetched = [wheel for wheel in fetched if wheel.name not in UNUSED]
            parts = {_label(wheel): wheel_files(wheel) for wheel in fetched}
            parts["penstock"] = penstock_files(compiler=planner)
            parts["handlers"] = handlers
            parts["pipeline"] = _own_files(definition, program, everything=planner)
            to = folder / f"{kind}-{settings.machine}.zip"
            package = write_package(to, parts, budget=budget)
            sbom.write(package, fetched)
        built[package.path.name] = {
            "sha256": package.sha256,
            "bytes": package.path.stat().st_size,
            "unpacked_bytes": package.unpacked,
        }
    return built


def _label(wheel: Wheel) -> str:
    return f"{wheel.name} {wheel.version}"


def _own_files(definition: Definition, program: Program, *, everything: bool) -> dict[str, bytes]:
    """The Python steps, and what yields records; for the planner all of the definition."""
    names = {s.python.file for s in program.statements if s.python}
    yielding = (str(r.options["source"]) for r in program.reads if r.connector == "dlt")
    names |= {file for file, _, _ in (s.partition(":") for s in yielding) if file.endswith(".py")}
    if everything:
        names |= set(definition.files) | {"pipeline.yaml"}
    found = sources_of(definition.root, sorted(names))
    if everything:
        from penstock.compiler.recompile import GIVEN, given

        found[GIVEN] = given(definition, program)
    rates = rates_of(ServerlessLambda.name, shape_of(definition.pipeline, program))
    found[RATES] = canonical(rates)
    return {f"{PIPELINE}/{name}": content for name, content in found.items()}


def _sla(promised: Sla) -> dict[str, float]:
    """What is promised, in seconds; what is not is left out."""
    from penstock.quantities import seconds

    given = {"freshness": promised.freshness, "duration": promised.duration}
    return {name: seconds(text) for name, text in given.items() if text is not None}


def _trigger(trigger: Trigger | None, program: Program) -> dict[str, Any]:
    """What starts the planner; nothing: it is started by hand."""
    from penstock.quantities import seconds

    if trigger is None:
        return {}
    if trigger.schedule:
        expression = cron_expression(trigger.schedule)
        return {"schedule": expression, "timezone": trigger.timezone or "UTC"}
    if trigger.every:
        return {"schedule": rate_expression(int(seconds(trigger.every))), "timezone": "UTC"}
    if trigger.files:
        read = next(read for read in program.reads if read.dataset == trigger.files)
        if _in_own_inbox(read):
            return {"events": True}
        places = _access_of_some(program, (read,)).reads
        return {"files": [place.as_json() for place in places]}
    if trigger.webhook and _webhooks(program):
        return {"events": True}
    if trigger.webhook:
        raise BuildError(
            "`trigger: webhook` has no source with the connector `webhook`, which reads the events",
            code="PSK-BLD-006",
            hint="add one, with the same `path`",
        )
    raise BuildError(
        "the architecture `lambda` is not started by a stream",
        code="PSK-BLD-006",
        hint="use `schedule`, `every`, `files` or `webhook`",
    )


def _webhook(trigger: Trigger | None, program: Program) -> dict[str, Any] | None:
    """Where events are taken, and what their signatures are checked with.

    Raises:
        BuildError: events are to be put into another bucket than that of the build.
    """
    taken = _webhooks(program)
    if not taken:
        return None
    for read in taken:
        if not _in_own_inbox(read):
            raise BuildError(
                f"the source `{read.dataset}` has an inbox of its own, and the architecture "
                "`lambda` makes one",
                code="PSK-BLD-005",
                hint="leave `inbox` out, in a profile: `--profile prod`",
            )
    return {
        "paths": sorted({str(read.options["path"]) for read in taken}),
        "method": trigger.webhook.method if trigger and trigger.webhook else "POST",
        "secret_names": list(_access_of_some(program, taken).secret_names),
    }


def _webhooks(program: Program) -> tuple[Read, ...]:
    return tuple(read for read in program.reads if read.connector == "webhook")


def _in_own_inbox(read: Read) -> bool:
    return read.connector == "webhook" and not read.options.get("inbox")


def _access_of_some(program: Program, reads: tuple[Read, ...]) -> Access:
    return access_of(replace(program, reads=reads, loads=()))
