"""Programs in the build's folder: its own, and those that plannings made of it.

    DIGEST.json             a Program
    now/BUILD.json          which one plannings of a build begin with, where it is not the build's

Only a planner that holds the lane's lock writes there.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from penstock.errors import RunError
from penstock.program import Program, canonical
from penstock.runtime.plan import anew
from penstock.runtime.references import bind_run

if TYPE_CHECKING:
    from penstock.runtime.serverless.settings import Function
    from penstock.runtime.serverless.work import RunPlan
    from penstock.runtime.storage import Store

CODE = "PSK-FN-003"
NOW = "now"


def read(store: Store, name: str) -> Program:
    """A Program of a folder.

    Raises:
        RunError: what is there is none.
        PenstockError: it cannot be read.
    """
    try:
        return Program.from_json(json.loads(store.read(name)))
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{store.url(name)} is no Program: {error}", code=CODE, hint="apply the build again"
        ) from error


def current(function: Function) -> Program:
    """What a planning begins with: the build's Program, or what the sources have made of it."""
    path = f"{NOW}/{_hex(function.program.digest)}.json"
    # By listing: without the right to list all of a bucket S3 denies what is not there.
    if not any(entry.path == path for entry in function.programs.list(NOW)):
        return function.program
    return of_digest(function, json.loads(function.programs.read(path))["program"])


def put(function: Function, program: Program) -> None:
    """Put a Program beside the build's; doing it again puts the same."""
    function.programs.put(f"{_hex(program.digest)}.json", canonical(program.as_json()) + b"\n")


def make_current(function: Function, program: Program) -> None:
    """Have plannings begin with a Program that was put."""
    body = json.dumps({"program": program.digest}).encode()
    function.programs.put(f"{NOW}/{_hex(function.program.digest)}.json", body)


def of_digest(function: Function, digest: str) -> Program:
    """The Program of a digest, read once.

    Raises:
        RunError: there is none, or it is another one.
    """
    if digest == function.program.digest:
        return function.program
    if digest not in function.read:
        found = read(function.programs, f"{_hex(digest)}.json")
        if found.pipeline != function.program.pipeline or found.seal().digest != digest:
            raise RunError(
                f"{function.programs.url(_hex(digest))}.json is not the Program of that digest",
                code=CODE,
                hint="nothing but the planner may write there; apply the build again",
            )
        function.read[digest] = found
    return function.read[digest]


def bound(function: Function, plan: RunPlan) -> Program:
    """The Program that a plan names, as it runs; of a plan of another build the build's own."""
    mine = plan.build == function.program.digest
    program = of_digest(function, plan.program) if mine else function.program
    return bind_run(anew(program) if plan.full_refresh else program, plan.run_id, plan.date)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")
