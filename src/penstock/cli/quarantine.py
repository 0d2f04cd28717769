"""`penstock quarantine list|show|export|replay|discard`: the rows that were set aside."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, pass_output
from penstock.cli.tables import table
from penstock.cli.where import deployed, deployed_ledger, where_options
from penstock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    from penstock.runtime.ledger.base import Ledger
    from penstock.runtime.quarantine import QuarantinedRow

    F = TypeVar("F", bound=Callable[..., Any])


@click.group("quarantine")
def command() -> None:
    """List, show, export, replay or discard rows that were set aside.

    The first three also of a deployment, with --sandbox or --profile.
    """


def _filters(function: F) -> F:
    function = click.option("--dataset", help="Only rows of this dataset.")(function)
    function = click.option("--rule", help="Only rows that broke this rule.")(function)
    function = click.option("--run", "run_id", help="Only rows of this run.")(function)
    state = click.option(
        "--state", type=click.Choice(["held", "replayed", "discarded"]), help="Only these rows."
    )
    return where_options(state(function))


def _rows(
    output: Output,
    folder: Path,
    *,
    dataset: str | None,
    rule: str | None,
    run_id: str | None,
    state: str | None,
    sandbox: bool,
    profile: str | None,
) -> Iterator[QuarantinedRow]:
    root = shared.pipeline_root(folder)
    for row in _kept(output, root, run_id or "", sandbox=sandbox, profile=profile):
        if dataset not in {None, row.dataset} or rule not in {None, row.rule}:
            continue
        if state in {None, row.state}:
            yield row


def _kept(
    output: Output, root: Path, run_id: str, *, sandbox: bool, profile: str | None
) -> Iterator[QuarantinedRow]:
    """Every row, here or where the pipeline was deployed."""
    if sandbox or profile is not None:
        from penstock.deploy.operate import held

        found = deployed(root, sandbox=sandbox, profile=profile)
        gone: list[str] = []
        yield from held.read(found, deployed_ledger(found), run_id=run_id, gone=gone.append)
        if gone:
            output.note(
                f"{len(gone)} older run{'s' * (len(gone) > 1)} set rows aside that the work bucket "
                "does not keep any more (`work_days`)"
            )
        return
    from penstock.runtime.quarantine import read

    ledger = shared.open_ledger(root)
    if ledger is not None:
        yield from read(root, ledger, shared.pipeline_name(root), run_id=run_id)


@command.command("list")
@shared.folder_argument
@_filters
@pass_output
def list_rows(output: Output, /, *, folder: Path, **filters: Any) -> None:
    """Count the rows in quarantine by run, dataset and rule."""
    counts = Counter(
        (r.run_id, r.dataset, r.rule, r.state) for r in _rows(output, folder, **filters)
    )
    names = ("run_id", "dataset", "rule", "state", "rows")
    groups = [dict(zip(names, (*key, n), strict=True)) for key, n in counts.items()]

    def shown() -> str:
        if not groups:
            return "nothing is in quarantine"
        return table(["run", *names[1:]], [list(g.values()) for g in groups])

    document = {"schema": "penstock.quarantine/1", "total": sum(counts.values()), "groups": groups}
    output.result(shown, document)


@command.command("show")
@shared.folder_argument
@_filters
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1))
@pass_output
def show(output: Output, /, *, folder: Path, limit: int, **filters: Any) -> None:
    """Show rows in quarantine: what they hold, where they are from, and why they are here."""
    rows = list(islice(_rows(output, folder, **filters), limit))

    def shown() -> str:
        return "\n\n".join(_card(r) for r in rows) or "nothing is in quarantine"

    output.result(shown, {"schema": "penstock.quarantine/1", "rows": [asdict(r) for r in rows]})


@command.command("export")
@shared.folder_argument
@_filters
@click.option("--output", "-o", "path", type=click.Path(), help="A file; default: stdout.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["ndjson", "csv"]),
    help="Default: as the file's suffix says, else ndjson.",
)
@pass_output
def export(
    output: Output, /, *, folder: Path, path: str | None, form: str | None, **filters: Any
) -> None:
    """Write the rows in quarantine to a file, all of them, in the shape of the table."""
    rows = _rows(output, folder, **filters)
    form = form or ("csv" if path and path.endswith(".csv") else "ndjson")
    if path is None:
        if output.json:
            every = [asdict(r) for r in rows]
            output.result("", {"schema": "penstock.quarantine/1", "rows": every})
            return
        with click.open_file("-", "w") as out:
            _write(rows, out, form)
        return
    try:
        with click.open_file(path, "w", encoding="utf-8", atomic=True) as out:
            count = _write(rows, out, form)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"cannot write {path}: {reason}", code="PSK-CLI-005") from error
    output.result(
        f"{count:,} rows written to {path}",
        {"schema": "penstock.quarantine/1", "rows_written": count, "file": path},
    )


def _which(function: F) -> F:
    """Which held rows are meant."""
    function = click.option("--dataset", help="Only rows of this dataset.")(function)
    function = click.option("--rule", help="Only rows that broke this rule.")(function)
    function = click.option("--run", "run_id", help="Only rows that this run met.")(function)
    key = click.option("--key", "keys", multiple=True, help="Only the row with this replay key.")
    return key(function)


@command.command("replay")
@shared.folder_argument
@_which
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Corrected rows, as `export` writes them; only these are replayed.",
)
@shared.definition_options
@click.option("--memory", metavar="SIZE", help="What the process may use, e.g. 512MB.")
@click.option("--threads", type=click.IntRange(min=1), help="Default: every core.")
@pass_output
def replay(
    output: Output,
    *,
    folder: Path,
    dataset: str | None,
    rule: str | None,
    run_id: str | None,
    keys: tuple[str, ...],
    file: Path | None,
    profile: str | None,
    variables: tuple[str, ...],
    memory: str | None,
    threads: int | None,
) -> int:
    """Send held rows through the pipeline again, as they are or corrected."""
    from penstock.cli.corrected_file import read_corrected
    from penstock.cli.run import parse_size, tell
    from penstock.runtime.replay import Wanted
    from penstock.runtime.replay import replay as again
    from penstock.runtime.run import RunOptions

    shared.pipeline_root(folder)
    corrected = read_corrected(file) if file else None
    program = shared.program_or_fail(output, folder, "duckdb", profile, variables)
    root = folder
    ledger = shared.open_ledger(root, create=True)
    assert ledger is not None
    wanted = Wanted(dataset, rule, run_id, keys, corrected)
    memory_bytes = parse_size(memory) if memory else None
    try:
        _refuse_unknown(root, ledger, program.pipeline, {*keys, *(corrected or ())})
        options = RunOptions(memory_bytes, threads)
        with shared.telling(output, root) as observer:
            result = again(program, root, ledger, observer, options, wanted)
    finally:
        ledger.close()
    tell(output, root, result)
    return result.exit_code


@command.command("discard")
@shared.folder_argument
@_which
@click.option("--reason", required=True, help="Why these rows are given up, for the audit trail.")
@pass_output
def discard(
    output: Output,
    *,
    folder: Path,
    dataset: str | None,
    rule: str | None,
    run_id: str | None,
    keys: tuple[str, ...],
    reason: str,
) -> None:
    """Give up held rows: they stay in the quarantine, and are not replayed any more."""
    from penstock.runtime.corrections import Discarded, write_discarded
    from penstock.runtime.ledger.holder import current_actor
    from penstock.runtime.replay import Wanted, held

    if not reason.strip():
        raise UsageError("--reason is empty", hint="say why these rows are given up")
    if not (dataset or rule or run_id or keys):
        raise UsageError(
            "say which rows are to be discarded", hint="--key, --rule, --run or --dataset"
        )
    root = shared.pipeline_root(folder)
    name = shared.pipeline_name(root)
    ledger = shared.open_ledger(root)
    found: list[str] = []
    if ledger is not None:
        try:
            _refuse_unknown(root, ledger, name, set(keys))
            with shared.ordinary_lock(ledger, name):
                wanted = Wanted(dataset, rule, run_id, keys)
                found = [r.replay_key for r in held(root, ledger, name, wanted)]
                if found:
                    actor = current_actor()
                    write_discarded(root, Discarded(name, found, actor, reason))
                    ledger.set_quarantine_state(
                        name, found, "discarded", actor=actor, reason=reason
                    )
        finally:
            ledger.close()
    output.result(
        f"{len(found):,} row{'s' * (len(found) != 1)} discarded" if found else "nothing is held",
        {"schema": "penstock.quarantine/1", "discarded": len(found), "keys": found},
    )


def _refuse_unknown(root: Path, ledger: Ledger, pipeline: str, keys: set[str]) -> None:
    """Refuse replay keys that no row has."""
    if not keys:
        return
    from penstock.runtime.quarantine import read

    left = set(keys)
    for row in read(root, ledger, pipeline):
        left.discard(row.replay_key)
        if not left:
            return
    raise UsageError(
        f"no row in quarantine has the replay key {min(left)}",
        code="PSK-CLI-041",
        hint="`penstock quarantine show` names the keys",
    )


def _write(rows: Iterator[QuarantinedRow], out: Any, form: str) -> int:
    import csv

    from penstock.runtime.quarantine import QuarantinedRow

    count = 0
    names = list(QuarantinedRow.__dataclass_fields__)
    sheet = csv.DictWriter(out, names) if form == "csv" else None
    if sheet:
        sheet.writeheader()
    for count, row in enumerate(rows, start=1):  # noqa: B007
        if sheet:
            sheet.writerow(asdict(row))
        else:
            out.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
    return count


def _card(row: QuarantinedRow) -> str:
    where = f"{row.file}:{row.line}" if row.file and row.line else row.file or row.dataset
    body = row.raw if row.row is None else row.row
    return (
        f"{row.dataset}  {row.rule}  ({row.state})\n  where   {where}\n  why     {row.reason}\n"
        f"  row     {body}\n  run     {row.run_id}\n  key     {row.replay_key}"
    )
