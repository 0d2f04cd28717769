"""What the bill of architecture 1 rests on, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.cost.architectures import serverless_lambda as counted
from penstock.cost.architectures.lambda_settings import settings_of
from penstock.cost.volume import Assumption

if TYPE_CHECKING:
    from penstock.cost.shape import Shape
    from penstock.cost.volume import Origin, Volume

POLLING = (
    "https://aws.amazon.com/blogs/compute/"
    "understanding-how-aws-lambda-scales-when-subscribed-to-amazon-sqs-queues/"
)
INIT = 'AWS Compute blog, 2025-04-29: "AWS Lambda standardizes billing for INIT Phase"'


def assumptions(volume: Volume, shape: Shape) -> list[Assumption]:
    """Every number that is no price: of the functions, of what they ask for, of what is kept."""
    return [*_functions(volume, shape), *_asked_for(shape), *_kept(shape)]


def _functions(volume: Volume, shape: Shape) -> list[Assumption]:
    settings = settings_of(shape.settings)
    given: Origin = "asked" if shape.settings else "assumed"
    slices = counted.slices_of(volume, shape)
    cut = "a run is cut by files" if shape.cut else "the Program does not say: taken as cut"
    return [
        Assumption(
            "functions",
            f"{settings.memory:,} MB of memory, {settings.ephemeral_storage:,} MB of disk, "
            f"{settings.machine}",
            given,
            f"deploy.settings; the memory comes with {settings.processors:.1f} processors",
        ),
        Assumption(
            "workers of a run",
            f"{slices:,}",
            "assumed",
            f"{cut}, a worker for each 256 MB"
            if shape.cut is not False
            else f"it cannot be cut: {shape.whole or 'rows of several files meet'}",
        ),
        Assumption(
            "start of a function",
            f"{counted.COLD_SECONDS:g} s, of each call",
            "assumed",
            "no function is warm; billed since August 2025",
            INIT,
        ),
        Assumption(
            "beside the engine's work",
            f"worker {counted.WORKER_SECONDS:g} s, planner {counted.PLANNER_SECONDS:g} s, "
            f"loader {counted.LOADER_SECONDS:g} s",
            "assumed",
            "reading plan and messages, staging, publishing",
        ),
    ]


def _asked_for(shape: Shape) -> list[Assumption]:
    found = [
        Assumption(
            "units of the ledger",
            f"writes {counted.LEDGER_WRITES} + {counted.LEDGER_WRITES_A_SLICE} a worker, "
            f"reads {counted.LEDGER_READS} + {counted.LEDGER_READS_A_SLICE} a worker",
            "measured",
            "counted at a ledger in DynamoDB, rounded up",
        ),
        Assumption(
            "polling of queues",
            f"{counted.QUEUES} queues, {counted.POLLERS} polls each, {counted.POLL_SECONDS} s long",
            "assumed",
            "an empty queue is polled day and night, by five at first",
            POLLING,
        ),
        Assumption(
            "logs", f"{counted.LOG_BYTES / 1000:g} KB a call", "assumed", "level INFO, with metrics"
        ),
        Assumption(
            "watching",
            f"{counted.ALARMS} alarms, {counted.DASHBOARDS} dashboard, {counted.METRICS} metrics",
            "assumed",
            "alarms and dashboard as the Terraform makes them; metrics as if sent in every hour",
        ),
    ]
    if shape.customer_key:
        found.append(
            Assumption(
                "requests of the key",
                f"{counted.KEY_REQUESTS_A_CALL} a call",
                "assumed",
                "environment, queue, table; S3 with bucket keys",
            )
        )
    if shape.count("redshift"):
        found.append(
            Assumption(
                "Redshift Serverless",
                f"{counted.RPU} RPU, {counted.COPY_BYTES_A_SECOND / 1e6:g} MB/s, at least 60 s",
                "assumed",
                "base capacity of the Terraform; nothing else keeps it awake",
            )
        )
    return found


def _kept(shape: Shape) -> list[Assumption]:
    found = [
        Assumption(
            "kept",
            f"lake {counted.LAKE_MONTHS} months, logs {counted.LOG_MONTHS} months, "
            f"ledger {counted.LEDGER_MONTHS} months of {counted.LEDGER_BYTES / 1000:g} KB a run",
            "assumed",
            "every run adds its output; a month as it is after a year",
        ),
        Assumption(
            "a GB",
            "1,000,000,000 bytes",
            "assumed",
            "at most 7 % too much, if the service counts 1,073,741,824",
        ),
    ]
    if shape.count("redshift"):
        found.append(
            Assumption(
                "staged for Redshift",
                f"{counted.STAGING_DAYS} days",
                "assumed",
                "`work_days` of the Terraform",
            )
        )
    return found
