"""One sandbox put together: moto, the overlay, the threads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.sandbox import exclusive, readback, refusals
from penstock.sandbox.abilities import LIMITS
from penstock.sandbox.apis.gateway import Gateway
from penstock.sandbox.application import Application, Refusal
from penstock.sandbox.athena import catalog_versions, engines
from penstock.sandbox.athena.parts import Athena
from penstock.sandbox.athena.refusal import QueryError
from penstock.sandbox.delivery import Delivery
from penstock.sandbox.lambdas import overlay as lambdas
from penstock.sandbox.lambdas.calls import Calls
from penstock.sandbox.state import ACCOUNT
from penstock.sandbox.triggers import buckets, queue_overlay, rules, schedules
from penstock.sandbox.triggers.queues import Pollers, waiting
from penstock.sandbox.warehouse.events import to_moto
from penstock.sandbox.warehouse.parts import Warehouse
from penstock.sandbox.warehouse.workgroups import Workgroups
from penstock.sandbox.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.sandbox.state import State


@dataclass(frozen=True)
class Sandbox:
    """A sandbox that runs."""

    world: World
    calls: Calls
    application: Application
    services: tuple[Warehouse | Workgroups | Athena, ...]

    def close(self) -> None:
        """End every function and every thread's work."""
        self.world.ended.set()
        self.calls.close()
        for service in self.services:
            service.close()


def assembled(
    state: State, home: Path, concurrency: int, retry_seconds: float, athena: str
) -> Sandbox:
    """Install the overlay in moto, and put the application together; the arguments are `main`'s."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    world = World(home, state.url, state.region, concurrency, retry_seconds)
    calls = Calls(world)
    delivery = calls.delivery = Delivery(world, calls)
    exclusive.install()
    readback.install()
    refusals.install()
    lambdas.install(calls)
    queue_overlay.install()
    buckets.install(delivery)
    rules.install(delivery)
    catalog_versions.install()
    Pollers(world, calls).start()
    gateway = Gateway(world, calls)
    engine = engines.made(athena, home / "trino", state.url, state.region)

    def status(_: dict[str, Any]) -> dict[str, Any]:
        return {
            "token": state.token,
            "started_at": state.started_at,
            "functions": _functions(),
            "addresses": gateway.addresses(),
            "athena": engine.told(),
            "limits": [*LIMITS, engine.limit()],
            "under_way": world.under_way + waiting(),
            "problems": list(world.problems),
        }

    def tick(document: dict[str, Any]) -> dict[str, Any]:
        return schedules.tick(delivery, document)

    def ready(_: dict[str, Any]) -> dict[str, Any]:
        try:
            engine.start()
        except QueryError as error:
            raise Refusal(str(error), "PSK-SBX-004", "see the log it names") from error
        return engine.told()

    moto = DomainDispatcherApplication(create_backend_app)
    questions = {"status": status, "tick": tick, "athena": ready}
    services = (Warehouse(state.url, to_moto), Workgroups(), Athena(state.url, engine))
    application = Application(moto, questions, (gateway, *services))
    return Sandbox(world, calls, application, services)


def _functions() -> list[str]:
    from moto.awslambda.models import lambda_backends

    return sorted(
        f"{found.function_name} ({region})"
        for region, backend in lambda_backends[ACCOUNT].items()
        for found in backend.list_functions()
    )
