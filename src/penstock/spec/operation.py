"""How a deployed pipeline is watched, and where it is deployed."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from penstock.spec.base import Model, Name, Text, exactly_one
from penstock.spec.quantities import Duration  # noqa: TC001  # pydantic reads it
from penstock.spec.refusal import refuse

EngineName = Literal["duckdb", "spark", "flink", "postgres"]
Architecture = Literal[
    "lambda", "glue", "kinesis", "emr", "database", "containers", "step-functions"
]
ENGINE_OF: dict[Architecture, EngineName] = {
    "lambda": "duckdb",
    "glue": "spark",
    "kinesis": "flink",
    "emr": "spark",
    "database": "postgres",
    "containers": "duckdb",
    "step-functions": "duckdb",
}
"""The engine that an architecture's pipeline runs on (design.md)."""
Event = Literal["failed", "stopped", "quarantined", "warned", "late", "slow", "recovered"]


def _region(text: str) -> str:
    if re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", text):
        return text
    raise refuse(f"`{text}` is not an AWS region", hint="such as `us-east-1`")


class Sla(Model):
    """What the pipeline promises. An alert's `late` and `slow` are about these."""

    freshness: Duration | None = None
    """How old the newest published data may be."""
    duration: Duration | None = None
    """How long a run may take."""


class Kpi(Model):
    """A number that says how the business does: computed by every run, told as a metric."""

    name: Name
    """What it is called in the run report and in metrics."""
    sql: Text
    """A SELECT of one number over datasets of this pipeline."""
    unit: Text | None = None
    """Such as `percent`, `seconds`, `USD`."""


def distinct(kpis: list[Kpi]) -> list[Kpi]:
    """The KPIs, each with a name of its own."""
    names = [kpi.name for kpi in kpis]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise refuse(f"two KPIs are named `{twice}`", hint="give one of them another name")
    return kpis


class Alert(Model):
    """Who is told of what: exactly one of `email`, `sns`, `slack`, `webhook`, `pagerduty`."""

    model_config = exactly_one("email", "sns", "slack", "webhook", "pagerduty")

    on: Annotated[list[Event], Field(min_length=1)] = Field(
        default_factory=lambda: ["failed", "stopped", "late"]  # type: ignore[arg-type]
    )
    """Runs that `failed` or were `stopped` by a rule, rows `quarantined`, rules that `warned`,
    data older (`late`) or runs longer (`slow`) than the sla says, runs that `recovered`."""
    email: Text | None = None
    sns: Text | None = None
    """ARN of a topic."""
    slack: Text | None = None
    """Webhook URL, as a `${secret.NAME}`."""
    webhook: Text | None = None
    """URL that is sent the run's report."""
    pagerduty: Text | None = None
    """Routing key, as a `${secret.NAME}`."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Alert:
        ways = ("email", "sns", "slack", "webhook", "pagerduty")
        given = [w for w in ways if getattr(self, w) is not None]
        if len(given) != 1:
            raise refuse(
                f"an alert goes one way, and here {'is none' if not given else 'are several'}",
                hint="keep one of " + ", ".join(ways),
            )
        if self.email and not re.fullmatch(r"[^@\s]+@[^@\s]+|\$\{secret\.\w+\}", self.email):
            raise refuse(f"`{self.email}` is not an e-mail address")
        return self


class Deploy(Model):
    """Where a build of this pipeline goes."""

    architecture: Architecture | None = None
    """Which of the seven; without it, `penstock recommend` chooses."""
    region: Annotated[str, AfterValidator(_region)] | None = None
    """AWS region."""
    account: Annotated[str, Field(pattern=r"^\d{12}$")] | None = None
    """AWS account number, in quotes."""
    environment: Text | None = None
    """Part of the names of what is built, such as `prod`."""
    tags: dict[Text, str] = Field(default_factory=dict)
    """Tags of everything that is built."""
    settings: dict[str, Any] = Field(default_factory=dict)
    """The architecture's own settings, such as `memory` of a function."""
