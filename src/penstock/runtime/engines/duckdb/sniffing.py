"""What columns files hold, found by looking at their first rows. The compiler asks."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.errors import SourceUnavailable
from penstock.program import Column
from penstock.runtime.engines.duckdb.columns import match, refuse_alike
from penstock.runtime.engines.duckdb.csv_dialect import Dialect
from penstock.runtime.engines.duckdb.csv_header import read_head
from penstock.runtime.engines.duckdb.exact import plain_number
from penstock.runtime.engines.duckdb.prepared import prepare
from penstock.runtime.engines.duckdb.quoting import literal, name
from penstock.runtime.engines.duckdb.textfiles import Compression, compression_of, raw_lines
from penstock.runtime.widening import widens

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb

    from penstock.runtime.engines.base import FileFormat, InputFile

ROWS = 20_000
"""Rows looked at in each file."""
FEW_ROWS = 200
COLUMNS_AT_ONCE = 64
WIDE_AT_ONCE = 512
MOST_FILES = 8
"""Files looked at: the first ones with other columns than those before."""
_WIDE = "SELECT * FROM looked_at"
_OTHER_DELIMITERS = {";": ";", "\t": "\\t", "|": "|"}
_ISO_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
_OFFSET = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_NUMBER = r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?"
# In this order: the first that every value passes. A text that starts with a zero, or is a day
# written as eight digits, is not a number: it would lose its zeros, or be added up.
# `@` is the column.
_TESTS = {
    "boolean": "lower(@) IN ('true', 'false')",
    "varchar": "regexp_full_match(@, '[+-]?0[0-9_]+([.].*)?') OR "
    "(regexp_full_match(@, '(19|20)[0-9]{6}') AND try_strptime(@, '%Y%m%d') IS NOT NULL)",
    "bigint": "regexp_full_match(@, '[+-]?[0-9]+') AND TRY_CAST(@ AS BIGINT) IS NOT NULL",
    "double": f"regexp_full_match(@, '{_NUMBER}')",
    "date": f"regexp_full_match(@, '{_ISO_DATE}') AND TRY_CAST(@ AS DATE) IS NOT NULL",
    "timestamp": f"regexp_full_match(@, '{_ISO_DATE}([ T]{_CLOCK})?') "
    "AND TRY_CAST(@ AS TIMESTAMP) IS NOT NULL",
    "timestamptz": f"regexp_full_match(@, '{_ISO_DATE}[ T]{_CLOCK} ?{_OFFSET}') "
    "AND TRY_CAST(@ AS TIMESTAMPTZ) IS NOT NULL",
    "time": f"regexp_full_match(@, '{_CLOCK}') AND TRY_CAST(@ AS TIME) IS NOT NULL",
}


def sniff(files: Sequence[InputFile], fmt: FileFormat) -> tuple[Column, ...]:
    """The columns of all files together: each with a type that holds what was looked at.

    Raises:
        SourceUnavailable: a file cannot be opened, or its columns cannot be told.
        StepFailed: a file is broken.
    """
    import duckdb

    settings: dict[str, Any] = {
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    with (
        duckdb.connect(":memory:", config=settings) as connection,
        TemporaryDirectory(prefix="penstock-") as folder,
    ):
        texts = fmt.name == "xml"
        if fmt.name not in {"csv", "ndjson", "parquet"}:
            files = files[:MOST_FILES]
        fmt, copies = prepare(files, fmt, None, Path(folder), limit=ROWS)
        files = [c.file for c in copies]
        connection.execute("SET TimeZone = 'UTC'")
        find = {"csv": _csv, "ndjson": _ndjson, "parquet": _parquet}[fmt.name]
        try:
            found = _joined(
                _texts(connection, files, fmt) if texts else find(connection, files, fmt)
            )
        except duckdb.Error as error:
            reason = str(error).partition("\n")[0].partition(": ")[2] or str(error)
            raise SourceUnavailable(
                f"the columns of `{files[0].name}` cannot be told: {reason}",
                code="PSK-SRC-036",
                hint="declare its `schema`",
            ) from error
    if not found:
        raise SourceUnavailable(
            f"the columns of `{files[0].name}` cannot be told: it holds no record",
            code="PSK-SRC-036",
            hint="declare its `schema`",
        )
    return found


def _joined(found: Iterable[Sequence[Column]]) -> tuple[Column, ...]:
    """The columns of several files: names in the order they are met, types that hold all."""
    kinds: dict[str, str] = {}
    for columns in found:
        for column in columns:
            before = kinds.get(column.name)
            kinds[column.name] = column.type if before is None else wider(before, column.type)
    return tuple(Column(n, t or "varchar") for n, t in kinds.items())


def wider(one: str, other: str) -> str:
    """A type for the values of both; empty stands for no value at all.

    >>> wider("bigint", "double"), wider("date", "timestamp"), wider("bigint", "date")
    ('double', 'timestamp', 'varchar')
    """
    if not one or not other or one == other:
        return one or other
    numbers = {"bigint", "double", "smallint", "integer"}
    if {one, other} <= numbers:
        order = ["smallint", "integer", "bigint", "double"]
        return max(one, other, key=order.index)
    a, b = types.parse(one), types.parse(other)
    return other if widens(a, b) else one if widens(b, a) else "varchar"


def _csv(
    connection: duckdb.DuckDBPyConnection, files: Sequence[InputFile], fmt: FileFormat
) -> Iterable[Sequence[Column]]:
    dialect = Dialect.of(fmt.options)
    seen: set[tuple[str, ...] | None] = set()
    looked = 0
    for file in files:
        head = read_head(file, dialect)
        if head.empty or (head.names in seen and looked):
            continue
        seen.add(head.names)
        looked += 1
        if looked > MOST_FILES:
            break
        names = head.names or tuple(f"column{i + 1}" for i in range(head.width))
        match(names, [Column(n, "varchar") for n in names], file.name, "add")
        refuse_alike(names, file.name)
        _one_column(file, names, dialect)
        columns = {f"c{i}": "VARCHAR" for i in range(len(names))}
        source = (
            f"read_csv({literal([file.path])}, columns = {literal(columns)}, "
            f"{dialect.parameters(header=dialect.header, skip=dialect.skip)}, "
            f"compression = {literal(head.compression)}, ignore_errors = true, "
            "strict_mode = false)"
        )
        yield _typed(connection, f"SELECT * FROM {source}", names, dialect)
    if not looked:
        raise SourceUnavailable(
            f"`{files[0].name}` is empty, so its columns are not known",
            code="PSK-SRC-036",
            hint="declare its `schema`",
        )


def _one_column(file: InputFile, names: Sequence[str], dialect: Dialect) -> None:
    """One column whose name holds another delimiter is a wrong delimiter."""
    if len(names) > 1:
        return
    for other, spelled in _OTHER_DELIMITERS.items():
        if other != dialect.delimiter and other in names[0]:
            raise SourceUnavailable(
                f"`{file.name}` has one column, `{names[0]}`, where `{spelled}` seems to divide "
                "several",
                code="PSK-SRC-036",
                hint=f'say options: {{delimiter: "{spelled}"}}',
            )


def _typed(
    connection: duckdb.DuckDBPyConnection, rows: str, names: Sequence[str], dialect: Dialect
) -> list[Column]:
    """Type each column of a query of texts: a few rows rule most types out, all rows the rest."""
    tests = dict(_TESTS)
    if dialect.date_format:
        tests["date"] = f"try_strptime(@, {literal(dialect.date_format)}) IS NOT NULL"
    if dialect.timestamp_format:
        tests["timestamp"] = f"try_strptime(@, {literal(dialect.timestamp_format)}) IS NOT NULL"
    possible = [set(tests) for _ in names]
    found: list[tuple[int, set[str]]] = []
    if len(names) > COLUMNS_AT_ONCE:  # each query over a file with thousands of columns is slow
        sql = f"CREATE OR REPLACE TEMP TABLE looked_at AS {rows} LIMIT {ROWS}"
        connection.execute(sql)
        rows = _WIDE
    for limit in (FEW_ROWS, ROWS):
        found = _passed(connection, f"{rows} LIMIT {limit}", tests, possible, dialect)
        # `varchar` is about any value; it matters where a number is still possible.
        possible = [
            set(tests) if not n else {*k, "varchar"} if k & {"bigint", "double"} else k
            for n, k in found
        ]
    return [
        Column(n, next((k for k in tests if k in kinds), "varchar") if count else "")
        for n, (count, kinds) in zip(names, found, strict=True)
    ]


def _passed(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    tests: Mapping[str, str],
    possible: Sequence[set[str]],
    dialect: Dialect,
) -> list[tuple[int, set[str]]]:
    """For each column: how many values it has, and the tests that hold.

    A query of thousands of columns takes DuckDB minutes to plan: some at a time.
    """
    found: list[tuple[int, set[str]]] = []
    at_once = WIDE_AT_ONCE if rows.startswith(_WIDE) else COLUMNS_AT_ONCE
    for start in range(0, len(possible), at_once):
        some = possible[start : start + at_once]
        if rows.startswith(_WIDE):
            found += _passed_wide(connection, rows, tests, some, start, dialect)
            continue
        found += _passed_some(connection, rows, tests, some, start, dialect)
    return found


def _passed_wide(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    tests: Mapping[str, str],
    possible: Sequence[set[str]],
    first: int,
    dialect: Dialect,
) -> list[tuple[int, set[str]]]:
    """The same as `_passed_some`, of many columns: one value a row, so that the query is short."""
    asked = [k for k in tests if any(k in kinds for kinds in possible)]
    items = []
    for kind in asked:
        number = kind in {"bigint", "double", "varchar"}
        text = plain_number("v", dialect.numbers) if number else "v"
        every = "bool_or" if kind == "varchar" else "bool_and"
        items.append(f"coalesce({every}({tests[kind].replace('@', text)}), false)")
    chosen = ", ".join(f"c{i}" for i in range(first, first + len(possible)))
    values = f"UNPIVOT ({rows.replace('*', chosen)}) ON COLUMNS(*) INTO NAME n VALUE v"
    sql = f"SELECT n, count(v), [{', '.join(items)}] FROM ({values}) GROUP BY n"
    told = {n: (count, held) for n, count, held in connection.execute(sql).fetchall()}
    found = []
    for i, kinds in enumerate(possible, first):
        count, held = told.get(f"c{i}", (0, []))
        found.append((count, {k for k, ok in zip(asked, held, strict=False) if ok and k in kinds}))
    return found


def _passed_some(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    tests: Mapping[str, str],
    possible: Sequence[set[str]],
    first: int,
    dialect: Dialect,
) -> list[tuple[int, set[str]]]:
    items, meant = [], []
    for i, kinds in enumerate(possible, first):
        items.append(f"count(c{i})")
        meant.append((i, ""))
        for kind in (k for k in tests if k in kinds):
            number = kind in {"bigint", "double", "varchar"}
            text = plain_number(f"c{i}", dialect.numbers) if number else f"c{i}"
            every = "bool_or" if kind == "varchar" else "bool_and"
            test = tests[kind].replace("@", text)
            items.append(f"coalesce({every}({test}) FILTER (c{i} IS NOT NULL), false)")
            meant.append((i, kind))
    row = connection.execute(f"SELECT {', '.join(items)} FROM ({rows})").fetchone()
    assert row is not None
    counts = [0] * len(possible)
    passed: list[set[str]] = [set() for _ in possible]
    for (i, kind), value in zip(meant, row, strict=True):
        if not kind:
            counts[i - first] = int(value)
        elif value:
            passed[i - first].add(kind)
    return list(zip(counts, passed, strict=True))


def _ndjson(
    connection: duckdb.DuckDBPyConnection, files: Sequence[InputFile], _: FileFormat
) -> Iterable[Sequence[Column]]:
    for file in files[:MOST_FILES]:
        compression = compression_of(file.path)
        found = _described(connection, file.path, compression)
        columns = [Column(str(n), types.from_duckdb(str(t))) for n, t, *_ in found]
        _refuse_alike(connection, file, compression, [c.name for c in columns])
        times = [c.name for c in columns if c.type in {"timestamp", "date", "varchar"}]
        if times:
            # DuckDB takes a text with an offset for a timestamp without one: type texts anew.
            lines = raw_lines([file.path], compression)
            chosen = ", ".join(
                f"json_extract_string(line, {literal('$.' + name(n))})" for n in times
            )
            aliases = ", ".join(f"c{i}" for i in range(len(times)))
            rows = (
                f"SELECT * FROM (SELECT {chosen} FROM {lines} "
                f"WHERE json_valid(line)) AS t({aliases})"
            )
            again = {c.name: c.type for c in _typed(connection, rows, times, Dialect())}
            wanted = {"timestamp", "timestamptz", "date"}
            columns = [
                Column(c.name, again[c.name])
                if c.name in again and (again[c.name] in wanted or c.type != "varchar")
                else c
                for c in columns
            ]
        yield columns


def _refuse_alike(
    connection: duckdb.DuckDBPyConnection,
    file: InputFile,
    compression: Compression,
    names: Sequence[str],
) -> None:
    """DuckDB makes `name_1` of a key that is `name` in other letter case, and finds no value."""
    folded = {n.lower() for n in names}
    if not any(n.lower().rpartition("_")[0] in folded for n in names):
        return
    sql = (
        f"SELECT DISTINCT unnest(json_keys(line)) FROM {raw_lines([file.path], compression)} "
        "WHERE json_valid(line) AND json_type(line) = 'OBJECT'"
    )
    keys = sorted(str(row[0]) for row in connection.execute(sql).fetchall())
    refuse_alike(keys, file.name)


def _described(
    connection: duckdb.DuckDBPyConnection, path: str, compression: Compression
) -> list[tuple[Any, ...]]:
    source = (
        f"read_ndjson({literal([path])}, sample_size = {ROWS}, ignore_errors = true, "
        f"compression = {literal(compression)})"
    )
    found = connection.execute(f"DESCRIBE FROM {source}").fetchall()
    if [row[:2] for row in found] != [("json", "JSON")]:
        return found
    # One line that is no object makes one column of all lines: look at the objects alone.
    lines = raw_lines([path], compression)
    objects = f"FROM {lines} WHERE json_valid(line) AND json_type(line) = 'OBJECT' LIMIT {ROWS}"
    with TemporaryDirectory(prefix="penstock-") as folder:
        alone = str(Path(folder, "objects.ndjson"))
        text = "\n".join(
            line for (line,) in connection.execute(f"SELECT line {objects}").fetchall()
        )
        Path(alone).write_text(text + "\n", encoding="utf-8")
        source = f"read_ndjson({literal([alone])}, sample_size = {ROWS})"
        return connection.execute(f"DESCRIBE FROM {source}").fetchall() if text else []


def _texts(
    connection: duckdb.DuckDBPyConnection, files: Sequence[InputFile], fmt: FileFormat
) -> Iterable[Sequence[Column]]:
    """NDJSON whose values are all texts, as XML gives them."""
    for columns, file in zip(_ndjson(connection, files, fmt), files, strict=True):
        plain = [c.name for c in columns if not types.parse(c.type).fields and c.type != "json"]
        chosen = ", ".join(f"json_extract_string(line, {literal('$.' + name(n))})" for n in plain)
        aliases = ", ".join(f"c{i}" for i in range(len(plain)))
        rows = (
            f"SELECT * FROM (SELECT {chosen} FROM {raw_lines([file.path], 'none')}) AS t({aliases})"
        )
        again = {c.name: c for c in _typed(connection, rows, plain, Dialect())} if plain else {}
        yield [again.get(c.name, c) for c in columns]


def _parquet(
    connection: duckdb.DuckDBPyConnection, files: Sequence[InputFile], __: FileFormat
) -> Iterable[Sequence[Column]]:
    for file in files:
        columns = []
        for n, t in parquet_columns(connection, file):
            try:
                columns.append(Column(n, types.from_duckdb(t)))
            except ValueError as error:
                raise SourceUnavailable(
                    f"column `{n}` of `{file.name}`: {error}",
                    code="PSK-SRC-036",
                    hint="declare a `schema` without it",
                ) from error
        yield columns


def parquet_columns(
    connection: duckdb.DuckDBPyConnection, file: InputFile
) -> list[tuple[str, str]]:
    """Name and DuckDB type of each column of a Parquet file."""
    sql = f"DESCRIBE FROM read_parquet({literal([file.path])}, hive_partitioning = false)"
    return [(str(n), str(t)) for n, t, *_ in connection.execute(sql).fetchall()]
