"""One slice of a run, worked on at several sizes of memory."""

from __future__ import annotations

import json
import platform
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.deploy.access import access_of
from penstock.deploy.architectures.serverless_lambda.settings import settings_of
from penstock.deploy.architectures.serverless_lambda.tuning.knee import Trial, knee, usd_of
from penstock.deploy.architectures.serverless_lambda.tuning.stage import batch, invoke, opened
from penstock.errors import TuneError, UsageError
from penstock.facts.prices import load_prices
from penstock.sandbox.lambdas import processors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from penstock.cost.architectures.lambda_settings import Settings
    from penstock.deploy.architectures.serverless_lambda.tuning.stage import Stage
    from penstock.program import Program
    from penstock.sandbox.lambdas.execution import Outcome

SCHEMA = "penstock.tune/1"
SIZES = (512, 1024, 1769, 3008, 5307)
LEAST, MOST = 512, 10240  # of `deploy.settings.memory`
_PLANNER_MB = 3008
_ASK = {"schema": "penstock.ask/1"}
_WHY = {
    "Runtime.OutOfMemory": "out of memory: its process was killed",
    "Sandbox.Timedout": "it took longer than `deploy.settings.timeout`",
}


@dataclass(frozen=True, slots=True)
class Tuning:
    """What came of it.

    Attributes:
        slice: `number`, `of`, `files`, `bytes`: the largest of the run.
        machine: that the prices are of.
        repeats: warm calls at each size.
        trials: one for each size, the smallest first.
        knee: the size beyond which time falls by less than it costs.
        differences: what this machine could not do as Lambda does.
    """

    pipeline: str
    slice: dict[str, int]
    machine: str
    repeats: int
    trials: tuple[Trial, ...]
    knee: Trial
    differences: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """As `penstock tune --json` gives it."""
        prices = load_prices()
        return {
            "schema": SCHEMA,
            "pipeline": self.pipeline,
            "architecture": "lambda",
            "slice": self.slice,
            "machine": self.machine,
            "repeats": self.repeats,
            "sizes": [trial.as_json() for trial in self.trials],
            "knee": self.knee.memory,
            "recommended": {"deploy.settings.memory": self.knee.memory},
            "differences": list(self.differences),
            "prices": {"region": prices.region, "compiled": str(prices.compiled)},
        }


def sizes_of(text: str | None) -> tuple[int, ...]:
    """Sizes of memory, the smallest first.

    Raises:
        UsageError: one is no number of MB that a worker can have.

    >>> sizes_of("1769,512"), sizes_of(None)
    ((512, 1769), (512, 1024, 1769, 3008, 5307))
    """
    if text is None:
        return SIZES
    found = [part.strip() for part in text.split(",")]
    for part in found:
        if not (part.isascii() and part.isdigit() and LEAST <= int(part) <= MOST):
            raise UsageError(
                f"`{part}` is no size of a worker's memory",
                code="PSK-TUNE-001",
                hint=f"MB, from {LEAST} to {MOST}: --sizes 512,1024,1769,3008",
            )
    return tuple(sorted({int(part) for part in found}))


def tune(
    program: Program,
    settings: dict[str, Any],
    build: Path,
    files: Sequence[tuple[Path, str, str]],
    *,
    sizes: Sequence[int],
    repeats: int,
    note: Callable[[str], None],
) -> Tuning:
    """Try the sizes.

    Args:
        settings: `deploy.settings`.
        build: for this machine.
        files: what is put where before the run is planned: file, bucket, key.
        repeats: warm calls at each size, after a cold one.
        note: is told how far it is.

    Raises:
        TuneError: no run can be planned of the data, or its largest slice fails at every size.
        SandboxError: the sandbox does not start.
    """
    given = settings_of(settings)
    with opened(build, timeout=given.timeout, storage=given.ephemeral_storage) as stage:
        access = access_of(program)
        for bucket in {b for _, b, _ in files} | {p.bucket for p in access.reads + access.writes}:
            stage.bucket(bucket)
        for file, bucket, key in files:
            stage.s3.upload_file(str(file), bucket, key)
        task, told = _planned(stage)
        trials = []
        for memory in sizes:
            note(f"{memory:,} MB …")
            trials.append(_tried(stage, task, given, memory, repeats))
    best = knee(trials)
    if best is None:
        raise TuneError(
            f"the slice came to an end at no size; at {trials[-1].memory:,} MB: "
            f"{trials[-1].failed}",
            code="PSK-TUNE-005",
            hint=f"`penstock explain {trials[-1].code}`" if trials[-1].code else "try larger sizes",
        )
    return Tuning(
        pipeline=program.pipeline,
        slice=told,
        machine=given.machine,
        repeats=repeats,
        trials=tuple(trials),
        knee=best,
        differences=_differences(given, trials),
    )


def _planned(stage: Stage) -> tuple[str, dict[str, int]]:
    """Plan a run; gives the task of its largest slice, and what that holds."""
    with stage.function("planner", _PLANNER_MB) as planner:
        outcome, _ = invoke(planner, _ASK)
    told = json.loads(outcome.payload)
    if outcome.error or told.get("status") != "planned":
        reason = told.get("errorMessage") or f"the planner answered `{told.get('status')}`"
        raise TuneError(
            f"no run can be planned of this data: {reason}",
            code="PSK-TUNE-004",
            hint="`penstock run` on the same data says more",
        )
    plan = stage.document(f"{told['run_id']}/{told['attempt']}/plan.json")
    assert plan is not None
    shared = [file for each in plan["whole"].values() for file in each["files"]]
    # What is not cut is read whole, and its files are named a second time.
    slices = [[*shared, *(files if plan["source"] else ())] for files in plan["files"]]
    bytes_of = [sum(file["size"] for file in files) for files in slices]
    number = bytes_of.index(max(bytes_of))
    tasks = {json.loads(body)["slice"]: body for body in stage.taken("tasks")}
    return tasks[number], {
        "number": number,
        "of": len(slices),
        "files": len(slices[number]),
        "bytes": bytes_of[number],
    }


def _tried(stage: Stage, task: str, settings: Settings, memory: int, repeats: int) -> Trial:
    """A cold call and some warm ones, in one process of this size."""
    about = json.loads(task)
    at = f"{about['run_id']}/{about['attempt']}"
    done = f"{at}/slices/{about['slice']:05d}.json"
    seconds, used = [], []
    cold, peak = 0.0, 0
    before = stage.keys()
    with (
        stage.function("worker", memory) as worker,
        processors.held_to(worker.pid, memory),
    ):
        for number in range(repeats + 1):
            outcome, processor = invoke(worker, batch(task))
            peak = max(peak, outcome.peak)
            found = stage.document(done)
            failed = _failure(outcome, found, stage, f"{at}/failures/{about['slice']}.json")
            stage.remove(stage.keys() - before)
            stage.taken("loads")
            if failed is not None:
                return Trial(memory, peak=peak, code=failed[0], failed=failed[1])
            if number == 0:
                cold = outcome.seconds + (outcome.init_seconds or 0.0)
                continue
            seconds.append(outcome.seconds)
            used.append(processor)
    median = statistics.median(seconds)
    return Trial(
        memory,
        seconds=round(median, 4),
        cold_seconds=round(cold, 4),
        processor_seconds=round(statistics.median(used), 4),
        peak=peak,
        usd=usd_of(memory, settings.ephemeral_storage, settings.machine, median, load_prices()),
    )


def _failure(
    outcome: Outcome, done: dict[str, Any] | None, stage: Stage, left: str
) -> tuple[str | None, str] | None:
    """Code and reason why a slice did not come to an end; None: it did."""
    answer = json.loads(outcome.payload)
    if outcome.error:
        kind = str(answer.get("errorType"))
        return None, _WHY.get(kind) or f"{kind}: {answer.get('errorMessage')}"
    if done is not None and "error" in done:
        return done["error"]["code"], done["error"]["message"]
    if done is None:
        told = stage.document(left) or {}
        return told.get("code"), str(told.get("message") or "the worker gave it back")
    return None


def _differences(settings: Settings, trials: Sequence[Trial]) -> tuple[str, ...]:
    found = []
    here = processors.here()
    short = [t.memory for t in trials if t.processors > here + 0.01]
    if short:
        found.append(
            f"this machine gives {here} processors, so larger sizes than "
            f"{here * processors.MB_A_PROCESSOR:,} MB had fewer than in Lambda "
            f"({', '.join(f'{memory:,}' for memory in short)} MB): they would be faster there"
        )
    machine = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    if settings.machine != machine:
        found.append(f"the prices are those of {settings.machine}, the seconds of {machine}")
    found += [
        "the processors are this machine's, and what else runs here takes its part",
        "S3, SQS and DynamoDB are the sandbox's, on the same processors: no network lies between",
        "memory is looked at every 20 ms; /tmp is not counted, as in Lambda",
    ]
    return tuple(found)
