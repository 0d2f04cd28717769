"""What moto would pretend to do: statements, queries, jobs and executions that never run.

Each is an error instead. Creating such a resource still works, so that Terraform can be tried.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# (module, class, method, what does not run).
PRETENDED = (
    ("redshiftdata", "RedshiftDataAPIServiceBackend", "execute_statement", "Redshift statements"),
    ("athena", "AthenaBackend", "start_query_execution", "Athena queries"),
    ("glue", "GlueBackend", "start_job_run", "Glue jobs"),
    ("glue", "GlueBackend", "start_crawler", "Glue crawlers"),
    ("stepfunctions", "StepFunctionBackend", "start_execution", "Step Functions executions"),
)


def install() -> None:
    """Have moto refuse them."""
    from moto.core.exceptions import JsonRESTError

    for service, name, method, what in PRETENDED:
        backend = getattr(import_module(f"moto.{service}.models"), name)
        setattr(backend, method, _refusing(JsonRESTError, what))


def _refusing(error: Any, what: str) -> Any:
    def refuse(*_: Any, **__: Any) -> None:
        raise error("ValidationException", f"the sandbox does not run {what}")

    return refuse
