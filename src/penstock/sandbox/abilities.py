"""What the sandbox does not do, or does otherwise than AWS; `sandbox status` shows it.

What differs in Athena depends on what answers there: see `limit` of its engine.
"""

from __future__ import annotations

LIMITS = (
    "functions: Python in zip packages, run by the Python the sandbox is installed in",
    "functions: what is compiled in them must be for that Python and for this machine",
    "memory: processes are watched every 20 ms and killed; a shorter peak is not seen",
    "waits between attempts of asynchronous events are shorter: see --retry-seconds",
    "permissions are not checked: roles, resource policies and keys mean nothing here",
    "networks: functions reach what this machine reaches, whatever their VPC",
    "queues call functions; streams, and filters of messages, do not",
    "HTTP APIs call functions (payload 2.0) at addresses of the sandbox; other kinds do not answer",
    "HTTP APIs have no authorizers, throttling, CORS or access logs",
    "Redshift: its Data API, answered by PostgreSQL, for the commands and types Penstock uses",
    "Glue jobs and Step Functions refuse to run anything",
    "schedules fire when `sandbox tick` says so, and flexible windows are of no effect",
    "what it held is gone when it ends",
)
