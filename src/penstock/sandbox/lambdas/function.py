"""A deployed function, as the sandbox runs it: everything an execution environment is made of."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from dataclasses import dataclass
from typing import Any

RUNNABLE = "python"


@dataclass(frozen=True)
class Function:
    """One version of a function's code and configuration.

    Attributes:
        arn: without a version.
        timeout: seconds.
        memory: MB of resident memory, of all its processes together.
        storage: MB of /tmp.
        code: the zip.
        layers: the layers' zips, lowest first.
        machine: `arm64` or `x86_64`.
        json_logs: its log is lines of JSON.
        log_level: the least of the function's own lines, with `json_logs`.
        reserved: invocations it may have under way at once; None: no own limit.
    """

    name: str
    arn: str
    region: str
    account: str
    version: str
    runtime: str
    handler: str
    timeout: int
    memory: int
    storage: int
    variables: tuple[tuple[str, str], ...]
    code: bytes
    layers: tuple[bytes, ...]
    log_group: str
    machine: str
    json_logs: bool
    log_level: str
    reserved: int | None

    @property
    def key(self) -> str:
        """Changes when a warm environment would no longer be the function's."""
        told = [self.arn, self.version, self.runtime, self.handler, self.timeout, self.memory]
        told += [self.storage, self.variables, self.log_group]
        told += [self.json_logs, self.log_level]
        digest = hashlib.sha256(json.dumps(told).encode())
        for content in (self.code, *self.layers):
            digest.update(hashlib.sha256(content).digest())
        return digest.hexdigest()

    @property
    def qualified(self) -> str:
        """Its ARN with the version, as invocation records have it."""
        return f"{self.arn}:{self.version}"


def described(found: Any) -> Function:
    """A function of moto's as ours."""
    layers = []
    for layer in found.layers:
        from moto.awslambda.models import lambda_backends

        backend = lambda_backends[found.account_id][found.region]
        version = backend.layers_versions_by_arn(layer["Arn"])
        layers.append(version.code_bytes if version else b"")
    logging = getattr(found, "logging_config", None) or {}
    version = str(found.version)
    arn = found.function_arn
    # moto counts from 1; what was not published is $LATEST.
    plain = ":".join(arn.split(":")[:7])
    return Function(
        name=found.function_name,
        arn=plain,
        region=found.region,
        account=found.account_id,
        version=version if arn != plain and version.isdigit() else "$LATEST",
        runtime=found.run_time or "",
        handler=found.handler or "",
        timeout=int(found.timeout),
        memory=int(found.memory_size),
        storage=int(found.ephemeral_storage),
        variables=tuple(sorted((k, str(v)) for k, v in (found.environment_vars or {}).items())),
        code=getattr(found, "code_bytes", b""),
        layers=tuple(layers),
        log_group=found.logs_group_name,
        machine=(found.architectures or ["x86_64"])[0],
        json_logs=logging.get("LogFormat") == "JSON",
        log_level=logging.get("ApplicationLogLevel") or "INFO",
        reserved=None if found.reserved_concurrency is None else int(found.reserved_concurrency),
    )


def refusal(function: Function) -> str | None:
    """Why the sandbox cannot run a function; None if it can."""
    if not function.runtime.startswith(RUNNABLE):
        what = function.runtime or "a container image"
        return f"the sandbox runs Python functions of zip packages, and `{function.name}` is {what}"
    if not function.code:
        return f"`{function.name}` has no code: the object its package should be in was not there"
    return None


def differences(function: Function) -> list[str]:
    """How the function runs here otherwise than it asks to."""
    found = []
    own = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if function.runtime != own:
        found.append(
            f"the function asks for {function.runtime} and runs in {own}: compiled packages in "
            "its zip may not load here"
        )
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    if function.machine != machine:
        found.append(
            f"the function is for {function.machine} and this machine is {machine}: compiled "
            "packages in its zip do not load here"
        )
    return found
