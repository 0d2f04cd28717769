"""What commands that work on a pipeline folder share: arguments, loading, compiling, the ledger."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from penstock.errors import UsageError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.cli.output import Output
    from penstock.cli.snapshot import Checked
    from penstock.program import Program
    from penstock.runtime.heartbeat import HeldLock
    from penstock.runtime.ledger.base import Ledger
    from penstock.runtime.observer import Observer
    from penstock.spec import Definition

F = TypeVar("F", bound="Callable[..., Any]")

folder_argument = click.argument(
    "folder", default=".", type=click.Path(path_type=Path), metavar="[FOLDER]"
)
folder_option = click.option(
    "--folder", "-C", default=".", type=click.Path(path_type=Path), help="The pipeline folder."
)


def folder_behind(function: F) -> F:
    """`[FOLDER]` behind a command's own arguments, or `--folder`; both give `folder`."""

    @wraps(function)
    def with_folder(*args: Any, folder: Path | None, named: Path | None, **rest: Any) -> Any:
        if folder is not None and named is not None:
            raise UsageError("the folder is given twice", hint="leave out --folder")
        return function(*args, folder=folder or named or Path(), **rest)

    path = click.Path(path_type=Path)
    option = click.option("--folder", "-C", "named", type=path, help="The pipeline folder.")
    argument = click.argument("folder", required=False, type=path, metavar="[FOLDER]")
    return cast("F", argument(option(with_folder)))


def definition_options(function: F) -> F:
    """`--profile` and `--var`."""
    function = click.option("--profile", help="A profile of the pipeline file.")(function)
    return click.option(
        "--var", "variables", multiple=True, metavar="NAME=VALUE", help="Set a variable."
    )(function)


def parse_variables(pairs: tuple[str, ...]) -> dict[str, str]:
    """`--var NAME=VALUE` as a mapping.

    Raises:
        UsageError: there is no `=`.
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--var takes NAME=VALUE, not `{pair}`", hint="--var late_after=20")
        found[name] = value
    return found


def load(
    output: Output, folder: Path, profile: str | None, variables: tuple[str, ...]
) -> Definition:
    """Read a pipeline folder; its files' texts are kept for the lines under diagnostics."""
    from penstock.spec import load_definition

    definition = load_definition(folder, profile=profile, variables=parse_variables(variables))
    output.files.update(definition.files)
    return definition


def check(
    output: Output,
    folder: Path,
    engine: str | None,
    profile: str | None,
    variables: tuple[str, ...],
) -> Checked:
    """Read and compile a pipeline folder, or recall what that gave before.

    Args:
        engine: None: that of the profile's architecture, else duckdb.

    Raises:
        InvalidDefinition: there is no usable `pipeline.yaml`.
        UsageError: no such engine, profile or variable, or a value that is not of its type.
    """
    from penstock.cli.snapshot import keep, recall

    given = parse_variables(variables)
    if profile is None:  # only a profile chooses another
        engine = engine or "duckdb"
    asked = {"engine": engine, "profile": profile, "variables": given}
    known = recall(folder, asked)
    if known is None:
        with _uncollected():
            known = _checked(output, folder, engine, profile, variables)
            keep(known, asked)
    output.files.update(known.files)
    return known


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: syntax trees are many, stay, and are walked each time.

    Saves a sixth of the time for 1,000 models, and takes 55 MB more.
    """
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def _checked(
    output: Output,
    folder: Path,
    engine: str | None,
    profile: str | None,
    variables: tuple[str, ...],
) -> Checked:
    from penstock.cli.snapshot import Checked
    from penstock.compiler import compile_definition
    from penstock.spec.models import ENGINE_OF

    definition = load(output, folder, profile, variables)
    pipeline = definition.pipeline
    target = pipeline.deploy.architecture if pipeline.deploy and profile else None
    found = compile_definition(definition, engine or (ENGINE_OF[target] if target else "duckdb"))
    return Checked(
        root=definition.root,
        name=pipeline.name,
        diagnostics=found.diagnostics,
        engines=found.engines,
        counts={
            "source": len(pipeline.sources),
            "transform": len(pipeline.transforms),
            "rule": len(found.checks),
            "target": len(pipeline.targets),
        },
        files=definition.files,
        program=found.program,
        deploy=pipeline.deploy.model_dump(include={"architecture", "settings"})
        if pipeline.deploy and pipeline.deploy.architecture
        else None,
    )


def program_or_fail(
    output: Output, folder: Path, engine: str, profile: str | None, variables: tuple[str, ...]
) -> Program:
    """The Program of a pipeline folder; its warnings are shown.

    Raises:
        InvalidDefinition: there is an error in it, or what a source is cannot be looked at.
    """
    checked = check(output, folder, engine, profile, variables)
    if checked.program is None:
        raise invalid(checked.diagnostics, files=checked.files)
    output.diagnostics([d for d in checked.diagnostics if d.severity == "warning"])
    return checked.program


def refuse_warehouse(engine: str) -> None:
    """Refuse to run a pipeline on what its SQL is only written for.

    Raises:
        UsageError: it is a warehouse.
    """
    from penstock import dialects

    if engine in dialects.WAREHOUSES:
        raise UsageError(
            f"{engine} runs no pipelines here: Penstock writes its SQL only",
            code="PSK-PORT-006",
            hint=f"print its statements: penstock compile --engine {engine}",
        )


def pipeline_root(folder: Path) -> Path:
    """The folder that holds `pipeline.yaml`.

    Raises:
        UsageError: there is none.
    """
    if not (folder / "pipeline.yaml").is_file():
        raise UsageError(
            f"there is no pipeline.yaml in {folder}",
            code="PSK-CLI-003",
            hint="name a pipeline folder, or make one with `penstock init NAME`",
        )
    return folder


def last_reports(root: Path, pipeline: str) -> list[dict[str, Any]]:
    """Reports of the runs in the local ledger, the latest first; none if nothing was ever run."""
    ledger = open_ledger(root)
    if ledger is None:
        return []
    try:
        return [run.report for run in ledger.runs(pipeline) if run.report]
    finally:
        ledger.close()


def open_ledger(root: Path, *, create: bool = False, start_over: bool = False) -> Ledger | None:
    """The ledger of a pipeline folder; None if nothing was ever run and `create` is off.

    Args:
        create: for what changes tables: it must know of every run before it.
        start_over: everything is published anew: what was known before does not matter.

    Raises:
        LedgerError: with `create`, if the ledger was lost or replaced by an older one.
    """
    from penstock.runtime.ledger.opening import open_ledger as open_by_reference

    path = root / ".penstock" / "ledger.sqlite"
    if not create and not path.is_file():
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    if create and not start_over and (not path.is_file() or not path.stat().st_size):
        _refuse_lost(root, None)
    ledger = open_by_reference(path)
    if create and not start_over:
        try:
            _refuse_lost(root, ledger)
        except BaseException:
            ledger.close()
            raise
    return ledger


def _refuse_lost(root: Path, ledger: Ledger | None) -> None:
    from penstock.errors import LedgerError
    from penstock.runtime.rebuild import unknown_run

    unknown = unknown_run(root, ledger)
    if unknown:
        raise LedgerError(
            f"run {unknown} left its folder, and the ledger "
            f"{'knows nothing of it' if ledger else 'is gone'}: rows would be loaded twice",
            code="PSK-LED-005",
            hint="`penstock ledger rebuild` makes the ledger again",
        )


def pipeline_name(root: Path) -> str:
    """The pipeline's name, without checking the whole definition."""
    from penstock.spec import load_definition

    return load_definition(root).pipeline.name


def ordinary_lock(ledger: Ledger, pipeline: str) -> HeldLock:
    """The lock of the ordinary runs, for a command that must not meet one.

    Raises:
        Conflict: on entering, if a live run holds it.
    """
    from penstock.runtime.heartbeat import HeldLock
    from penstock.runtime.ledger.base import DAILY
    from penstock.runtime.publish import lane_lock

    return HeldLock(ledger, lane_lock(pipeline, DAILY))


@contextmanager
def telling(output: Output, root: Path, *, log: bool = False) -> Iterator[Observer]:
    """What shows how far a run is, and tells what the environment asks for besides.

    Args:
        log: lines of JSON on stderr.

    Raises:
        UsageError: a variable has a value that means nothing.
    """
    import os
    import sys

    from penstock.runtime.telemetry.opening import open_telemetry

    telemetry = open_telemetry(
        os.environ, root, beside=progress(output), log=sys.stderr if log else None
    )
    try:
        yield telemetry
    finally:
        telemetry.close()


def progress(output: Output) -> Observer:
    """What shows on stderr how far a run is."""
    import sys

    from penstock.cli.output import color
    from penstock.observe.progress import make_progress

    return make_progress(sys.stderr, quiet=output.quiet or output.json, plain=not color(sys.stderr))
