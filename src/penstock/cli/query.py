"""`penstock query SQL`: SQL over the published tables, each under its target's name."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from penstock.cli import pipeline as shared
from penstock.cli.output import Output, as_json, pass_output, to_stdout
from penstock.cli.where import deployed, deployed_ledger, where_options
from penstock.diagnostics import did_you_mean
from penstock.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    import duckdb

    from penstock.runtime.ledger.base import Ledger

SHOWN_ROWS = 1000


@click.command("query")
@click.argument("sql")
@shared.folder_behind
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json", "parquet"]), default="table"
)
@click.option("--output", "-o", "path", type=click.Path(path_type=Path), help="Write to a file.")
@where_options
@pass_output
def command(
    output: Output,
    *,
    sql: str,
    folder: Path,
    form: str,
    path: Path | None,
    sandbox: bool,
    profile: str | None,
) -> None:
    """Run SQL over the published targets of the pipeline; each is a table of its name."""
    if form == "parquet" and path is None:
        raise UsageError("Parquet cannot be printed", hint="add --output FILE")
    root = shared.pipeline_root(folder)
    ledger = None
    if sandbox or profile is not None:
        ledger = deployed_ledger(deployed(root, sandbox=sandbox, profile=profile))
    con = connect(root, ledger=ledger)
    try:
        if path is not None:
            _to_file(output, con, sql, form, path)
        else:
            _to_stdout(output, con, sql, form)
    finally:
        con.close()


def connect(
    root: Path, *, views: bool = True, ledger: Ledger | None = None
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view of each target's current version, unless `views` is off.

    Args:
        ledger: what knows the versions; None: the folder's own.
    """
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtra("duckdb", "all", wanted_by="`penstock query`") from error
    from penstock.runtime.publish import load_from_json, open_target

    con = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    con.execute("SET TimeZone = 'UTC'")
    _ends_when_asked(con)
    if not views:
        return con
    ledger = ledger or shared.open_ledger(root)
    current = ledger.current(shared.pipeline_name(root)) if ledger else {}
    for name, version in current.items():
        target = open_target(load_from_json(version.load), root)
        con.execute(f'CREATE VIEW "{name}" AS SELECT * FROM {target.relation()}')
    return con


def _ends_when_asked(con: duckdb.DuckDBPyConnection) -> None:
    """An interruption stops the query; DuckDB alone would wait for its other threads."""

    def stop(*_: object) -> NoReturn:
        con.interrupt()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)


def _run(con: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyConnection:
    import duckdb

    try:
        statements = con.extract_statements(sql)
        if len(statements) != 1 or statements[0].type not in {
            duckdb.StatementType.SELECT,
            duckdb.StatementType.EXPLAIN,
        }:
            raise UsageError("`penstock query` takes one SELECT", code="PSK-CLI-006")
        return con.execute(statements[0])
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        text = str(error).partition(":")[2].strip() or str(error)
        hint = None
        missing = re.search(r"Table with name (\S+) does not exist", text)
        if missing:
            names = [
                r[0]
                for r in con.sql(
                    "SELECT view_name FROM duckdb_views() WHERE NOT internal"
                ).fetchall()
            ]
            hint = did_you_mean(missing[1], names, noun="published targets")
            hint = hint if names else "nothing is published yet; `penstock run` publishes"
            text = f"no published target is named `{missing[1]}`"
        raise UsageError(text, code="PSK-CLI-006", hint=hint) from error


def _to_stdout(output: Output, con: duckdb.DuckDBPyConnection, sql: str, form: str) -> None:
    found = _run(con, sql)
    names = [d[0] for d in found.description]
    if output.json or form == "json":
        keys = _apart(names)
        rows = [dict(zip(keys, r, strict=True)) for r in found.fetchall()]
        if output.json:
            types = {k: str(d[1]).lower() for k, d in zip(keys, found.description, strict=True)}
            output.result("", {"schema": "penstock.query/1", "columns": types, "rows": rows})
            return
        output.result(as_json(rows), {})
        return
    if form == "csv":
        _csv(found, names)
        return
    from penstock.cli.tables import table

    rows_ = found.fetchmany(SHOWN_ROWS + 1)
    text = table(names, [list(map(_readable, r)) for r in rows_[:SHOWN_ROWS]])
    more = " shown; --format csv gives all" if len(rows_) > SHOWN_ROWS else ""
    count = min(len(rows_), SHOWN_ROWS)
    output.result(f"{text}\n\n{count:,} row{'s' * (count != 1)}{more}", {})


def _csv(found: duckdb.DuckDBPyConnection, names: list[str]) -> None:
    import csv

    with to_stdout(), click.open_file("-", "w") as out:
        sheet = csv.writer(out, lineterminator="\n")  # as in a file
        sheet.writerow(names)
        while rows := found.fetchmany(10_000):
            sheet.writerows(list(map(_in_csv, row)) for row in rows)


def _apart(names: list[str]) -> list[str]:
    """Names of which each is there once, told apart as DuckDB tells columns of a file apart.

    >>> _apart(["id", "id", "id_1"])
    ['id', 'id_1', 'id_1_1']
    """
    taken: list[str] = []
    for name in names:
        key, number = name, 0
        while key in taken:
            number += 1
            key = f"{name}_{number}"
        taken.append(key)
    return taken


def _readable(value: Any) -> Any:
    r"""A value as a cell shows it: bytes as DuckDB writes them, what is nested as JSON.

    >>> _readable(b"A\0"), _readable([1, None, {"x": True}])
    ('\\x41\\x00', '[1,null,{"x":true}]')
    """
    if isinstance(value, (bytes, list, tuple, dict)):
        from penstock.runtime import json_text

        try:
            whole = json_text.text(value)
        except json_text.NoJson:
            return str(value)
        return json.loads(whole) if isinstance(value, bytes) else whole
    return value


def _in_csv(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else _readable(value)


def _to_file(
    output: Output, con: duckdb.DuckDBPyConnection, sql: str, form: str, path: Path
) -> None:
    import duckdb

    if form == "table":
        form = {".csv": "csv", ".parquet": "parquet"}.get(path.suffix, "json")
    options: dict[str, Any] = {
        "csv": "FORMAT csv, HEADER",
        "json": "FORMAT json, ARRAY true",
        "parquet": "FORMAT parquet, COMPRESSION zstd",
    }
    _run(con, f"SELECT * FROM ({sql.rstrip().rstrip(';')}) LIMIT 0")
    literal = str(path).replace("'", "''")
    try:
        done = con.execute(f"COPY ({sql.rstrip().rstrip(';')}) TO '{literal}' ({options[form]})")
    except duckdb.Error as error:
        raise UsageError(str(error).partition(":")[2].strip(), code="PSK-CLI-006") from error
    row = done.fetchone()
    count = row[0] if row else 0
    document = {"schema": "penstock.query/1", "file": str(path), "rows_written": count}
    output.result(f"{count:,} row{'s' * (count != 1)} written to {path}", document)
