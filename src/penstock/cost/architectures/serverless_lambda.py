"""Architecture 1: planner, workers and loader in Lambda, queues between them.

The counts are those of the code (`docs/decisions/0030`) and of its Terraform; a test holds those of
the ledger against a ledger at work.
"""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

from penstock.cost.architectures.lambda_settings import Settings, settings_of
from penstock.cost.bill import Usage, Used

if TYPE_CHECKING:
    from penstock.cost.shape import Shape
    from penstock.cost.volume import Assumption, Volume
    from penstock.diagnostics import Diagnostic

SLICE_BYTES = 256 << 20
"""Of one worker: `SLICE_BYTES` of penstock/runtime/serverless/settings.py."""
MOST_SLICES = 1000
FILE_BYTES = 256 << 20
PART_BYTES = 8 << 20
"""Of an upload: `CHUNK` of penstock/runtime/storage/s3.py."""
MESSAGES_A_REQUEST = 10

COLD_SECONDS = 1.0
"""Start of a function that was not there; billed since 2025 (`lambda.init_phase_billing`)."""
WORKER_SECONDS = 0.5
PLANNER_SECONDS = 2.0
LOADER_SECONDS = 3.0
FREE_DISK_MB = 512

LEDGER_WRITES, LEDGER_WRITES_A_SLICE = 60, 3
LEDGER_READS, LEDGER_READS_A_SLICE = 50, 4
LEDGER_BYTES = 20_000
LEDGER_MONTHS = 12
LOG_BYTES = 10_000
LOG_MONTHS = 12
LAKE_MONTHS = 12
STAGING_DAYS = 14
PACKAGE_GB = Decimal("0.12")
POLLERS, POLL_SECONDS = 5, 20
ALARMS, DASHBOARDS, METRICS = 16, 1, 10
KEY_REQUESTS_A_CALL = 5
CATALOG_REQUESTS = 10
RPU, COPY_BYTES_A_SECOND = 8, 50_000_000.0
ATHENA_LEAST_BYTES = 10_000_000
SECONDS_A_MONTH = Decimal(730 * 3600)
DAYS_A_MONTH = Decimal(730) / 24

QUEUES = 2
_GB = Decimal(10**9)


def slices_of(volume: Volume, shape: Shape) -> int:
    """How many workers share a run. A pipeline that cannot be cut has one."""
    if shape.cut is False:
        return 1
    return max(1, min(MOST_SLICES, math.ceil(volume.bytes_in / SLICE_BYTES)))


def _d(number: float) -> Decimal:
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


class ServerlessLambda:
    """The usage of architecture 1."""

    name = "lambda"
    title = "architecture 1, serverless ETL with Lambda"
    compute = ("Lambda", "SQS")
    not_priced = (
        "Redshift Data API: no source for a price was found",
        "a provisioned Redshift cluster: it is there anyway, and its price is by the hour",
        "the source itself: its storage, its database, what an API charges",
        "queries of readers, except one over each run's output for Athena targets",
        "flow logs of a private network: their volume is that of its traffic",
        "mails and messages of alarms: there should be few",
        "the watch of a pipeline with an SLA: 288 short calls of the planner a day",
        "data that leaves AWS or goes to another region or zone",
        "taxes, support, private discounts, free allowances",
    )

    def check(self, shape: Shape) -> None:
        """See `Architecture`."""
        settings_of(shape.settings)

    def run(self, volume: Volume, shape: Shape) -> Usage:
        """See `Architecture`."""
        settings = settings_of(shape.settings)
        slices = slices_of(volume, shape)
        calls = 2 + slices
        usage = Usage.of(*_functions(volume, settings, slices))
        usage += Usage.of(*_queues(slices), *_storage(volume, shape, slices), *_ledger(slices))
        logs = _d(calls * LOG_BYTES) / _GB
        return usage + Usage.of(
            Used("CloudWatch", "logs, taken in", "cloudwatch.logs_ingest_standard", logs),
            Used("X-Ray", "traces", "xray.traces_recorded", _d(calls)),
            *_start(shape),
            *_secured(shape, calls, logs),
            *_warehouse(volume, shape),
        )

    def month(self, volume: Volume, shape: Shape, runs: Decimal) -> Usage:
        """See `Architecture`: what is kept, once as much is kept as will be."""
        output = _d(volume.bytes_out) * runs / _GB
        redshift, lake = shape.count("redshift"), len(shape.targets) - shape.count("redshift")
        share = output / max(1, len(shape.targets))
        staged = share * redshift * STAGING_DAYS / DAYS_A_MONTH
        logs = _d((2 + slices_of(volume, shape)) * LOG_BYTES) * runs / _GB
        ledger = _d(LEDGER_BYTES) * runs * LEDGER_MONTHS / _GB
        return Usage.of(
            Used("S3", "lake, kept", "s3.standard_storage", share * lake * LAKE_MONTHS),
            Used("S3", "staging, kept", "s3.standard_storage", staged),
            Used("CloudWatch", "logs, kept", "cloudwatch.logs_storage", logs * LOG_MONTHS),
            Used("CloudWatch", "metrics", "cloudwatch.custom_metric", _d(METRICS if runs else 0)),
            Used("DynamoDB", "ledger, kept", "dynamodb.storage", ledger),
            Used("DynamoDB", "point-in-time recovery", "dynamodb.pitr", ledger),
            Used(
                "Redshift",
                "tables, kept",
                "redshift.managed_storage",
                share * redshift * LAKE_MONTHS,
            ),
        )

    def idle(self, shape: Shape) -> Usage:
        """See `Architecture`."""
        polls = _d(QUEUES * POLLERS) * SECONDS_A_MONTH / POLL_SECONDS
        hours = _d(shape.zones * len(_endpoints(shape))) * 730
        return Usage.of(
            Used("SQS", "Lambda's polling of empty queues", "sqs.standard_requests", polls),
            Used("CloudWatch", "alarms", "cloudwatch.alarm_standard", _d(ALARMS)),
            Used("CloudWatch", "dashboard", "cloudwatch.dashboard", _d(DASHBOARDS)),
            Used("S3", "packages", "s3.standard_storage", PACKAGE_GB),
            Used("Secrets Manager", "secrets", "secrets_manager.secret", _d(shape.secrets)),
            Used("KMS", "key", "kms.customer_key", _d(int(shape.customer_key))),
            Used("VPC", "interface endpoints", "network.vpce_interface_hour", hours),
        )

    def assumptions(self, volume: Volume, shape: Shape) -> list[Assumption]:
        """See `Architecture`."""
        from penstock.cost.architectures.lambda_assumptions import assumptions

        return assumptions(volume, shape)

    def findings(self, volume: Volume, shape: Shape) -> list[Diagnostic]:
        """See `Architecture`."""
        from penstock.cost.architectures.lambda_fit import findings

        return findings(volume, shape)

    def most_bytes(self, volume: Volume, shape: Shape) -> float:
        """See `Architecture`."""
        from penstock.cost.architectures.lambda_fit import most_bytes

        return most_bytes(volume, shape)

    def workers(self, volume: Volume, shape: Shape) -> int:
        """See `Architecture`."""
        return slices_of(volume, shape)

    def takes(self, volume: Volume, shape: Shape) -> float:
        """See `Architecture`."""
        from penstock.cost.architectures.lambda_fit import takes

        return takes(volume, shape)

    def processors(self, shape: Shape) -> float:
        """See `Architecture`."""
        return settings_of(shape.settings).processors

    def machine(self, shape: Shape) -> str:
        """See `Architecture`."""
        return settings_of(shape.settings).machine


def _functions(volume: Volume, settings: Settings, slices: int) -> list[Used]:
    price = f"lambda.duration_{'arm64' if settings.machine == 'arm64' else 'x86'}"
    memory = _d(settings.memory) / 1024
    working = worker_seconds(volume, slices)
    beside = _d(PLANNER_SECONDS + LOADER_SECONDS + 2 * COLD_SECONDS)
    disk = _d(max(0, settings.ephemeral_storage - FREE_DISK_MB)) / 1024 * (working + beside)
    return [
        Used("Lambda", "workers, time", price, memory * working),
        Used("Lambda", "planner and loader, time", price, memory * beside),
        Used("Lambda", "calls", "lambda.requests", _d(2 + slices)),
        Used("Lambda", "disk over 512 MB", "lambda.ephemeral_storage_over_512MB", disk),
    ]


def worker_seconds(volume: Volume, slices: int) -> Decimal:
    """Billed seconds of all workers of a run together."""
    return _d(slices * (COLD_SECONDS + WORKER_SECONDS)) + _d(volume.seconds(slices))


def _queues(slices: int) -> list[Used]:
    # A task is sent with others, received and deleted by itself; then the load message.
    requests = math.ceil(slices / MESSAGES_A_REQUEST) + 2 * slices + 3
    return [Used("SQS", "messages", "sqs.standard_requests", _d(requests))]


def _storage(volume: Volume, shape: Shape, slices: int) -> list[Used]:
    files = max(slices * volume.files_out, math.ceil(volume.bytes_out / FILE_BYTES))
    parts = math.ceil(volume.bytes_out / PART_BYTES)
    # Upload of the parts, begun and completed for each file; what a slice made, and a look at
    # which are there; the plan, a list of each source, a manifest of each target.
    writes = parts + 2 * files + 2 * slices + 1 + shape.sources + 2 * len(shape.targets)
    # Each slice its files and the other sources whole; Program and plan for each call; the slices
    # for the loader; Redshift reads what is staged.
    reads = slices * shape.sources + 2 * (2 + slices) + slices + shape.count("redshift") * files
    return [
        Used("S3", "writes and lists", "s3.standard_put_copy_post_list", _d(writes)),
        Used("S3", "reads", "s3.standard_get_select", _d(reads)),
    ]


def _ledger(slices: int) -> list[Used]:
    writes = LEDGER_WRITES + slices * LEDGER_WRITES_A_SLICE
    reads = LEDGER_READS + slices * LEDGER_READS_A_SLICE
    return [
        Used("DynamoDB", "ledger, writes", "dynamodb.on_demand_write", _d(writes)),
        Used("DynamoDB", "ledger, reads", "dynamodb.on_demand_read", _d(reads)),
    ]


def _start(shape: Shape) -> list[Used]:
    if shape.trigger in {"schedule", "every"}:
        return [Used("EventBridge", "schedule", "eventbridge.scheduler_invocations", _d(1))]
    if shape.trigger == "webhook":
        return [Used("API Gateway", "webhook", "api_gateway.http_requests", _d(1))]
    return []  # events of S3 on the default bus are free (`eventbridge.custom_events`)


def _secured(shape: Shape, calls: int, logs: Decimal) -> list[Used]:
    key = calls * KEY_REQUESTS_A_CALL if shape.customer_key else 0
    through = logs if shape.zones else Decimal(0)
    return [
        Used("KMS", "requests", "kms.requests", _d(key)),
        Used("Secrets Manager", "reads", "secrets_manager.api_calls", _d(calls * shape.secrets)),
        Used("VPC", "data of endpoints", "network.vpce_interface_gb", through),
    ]


def _warehouse(volume: Volume, shape: Shape) -> list[Used]:
    redshift, athena = shape.count("redshift"), shape.count("athena")
    share = volume.bytes_out / max(1, len(shape.targets))
    seconds = copy_seconds(share)
    scanned = _d(max(ATHENA_LEAST_BYTES, share) * athena) / 10**12
    return [
        Used(
            "Redshift",
            "Serverless, loading",
            "redshift.serverless_rpu_hour",
            _d(redshift * RPU) * seconds / 3600,
        ),
        Used("Athena", "a query of each output", "athena.sql_scan", scanned),
        Used("Glue", "catalog, requests", "glue.catalog_requests", _d(CATALOG_REQUESTS * athena)),
    ]


def copy_seconds(size: float) -> Decimal:
    """Billed seconds of Redshift Serverless for a load; the least is 60 (the price list's)."""
    from penstock.facts.prices import load_prices

    least = load_prices().parameter("redshift.serverless_minimum_seconds")
    return max(least, _d(size / COPY_BYTES_A_SECOND))


def _endpoints(shape: Shape) -> list[str]:
    """Interface endpoints of a private network; S3 and DynamoDB have gateways, which are free."""
    return [
        "logs",
        "sqs",
        *(["secretsmanager"] if shape.secrets else []),
        *(["redshift-data"] if shape.count("redshift") else []),
        *(["glue"] if shape.count("athena") else []),
    ]


ARCHITECTURE = ServerlessLambda()
