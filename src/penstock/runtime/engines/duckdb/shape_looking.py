"""The columns of single files, and whether their values need wider types than a schema gives."""

from __future__ import annotations

import shutil
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.errors import PenstockError
from penstock.program import Column
from penstock.runtime.engines.duckdb import sniffing
from penstock.runtime.engines.duckdb.columns import match
from penstock.runtime.engines.duckdb.csv_dialect import Dialect
from penstock.runtime.engines.duckdb.csv_header import read_head
from penstock.runtime.engines.duckdb.exact import plain_number
from penstock.runtime.engines.duckdb.ndjson_keys import keys_of_small
from penstock.runtime.engines.duckdb.prepared import prepare
from penstock.runtime.engines.duckdb.quoting import literal, name
from penstock.runtime.engines.duckdb.textfiles import compression_of, raw_lines
from penstock.runtime.sources.shapes import Shape
from penstock.runtime.widening import holding, widens

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import duckdb

    from penstock.runtime.engines.base import FileFormat, InputFile

_WHOLE = {"smallint": 5, "integer": 10, "bigint": 19}
_CAST = frozenset((*_WHOLE, "decimal", "double", "date", "timestamp", "timestamptz", "time"))
_KEYED = frozenset(("ndjson", "json", "xml"))
_DIGITS = "'^[+-]?0*([0-9]*)(?:[.]([0-9]*?)0*)?$'"


def look(
    files: Iterable[InputFile], fmt: FileFormat, schema: Sequence[Column], *, grow: bool
) -> Iterator[Shape]:
    """The shape of each file; of one that cannot be read, none: the run says what is wrong.

    Types are found for columns that are not in the schema. With `grow`, all values of numbers and
    days are looked at too.
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
        connection.execute("SET TimeZone = 'UTC'")
        numbers = count()
        for file in files:
            place = Path(folder, str(next(numbers)))
            try:
                shape = _look(connection, file, fmt, schema, place, grow=grow)
            except (duckdb.BinderException, duckdb.ParserException):
                raise  # ours, not the file's
            except (PenstockError, duckdb.Error, OSError, ValueError):
                shape = Shape()
            shutil.rmtree(place, ignore_errors=True)
            yield shape


def _look(
    connection: duckdb.DuckDBPyConnection,
    file: InputFile,
    fmt: FileFormat,
    schema: Sequence[Column],
    place: Path,
    *,
    grow: bool,
) -> Shape:
    if fmt.name == "ndjson" and not (grow or fmt.options):
        keys = keys_of_small(file.path, file.size)
        if keys and {k.casefold() for k in keys} <= {c.name.casefold() for c in schema}:
            return Shape(tuple(Column(k, "") for k in sorted(keys)))
    place.mkdir(parents=True)
    # A key may come first in the last record; the columns of the others are known by their head.
    few = None if grow or fmt.name in _KEYED else sniffing.ROWS
    inner, copies = prepare([file], fmt, None, place, limit=few)
    return _together(
        [_look_at(connection, c.file, inner, fmt, schema, grow=grow) for c in copies]  # of a zip
    )


def _together(shapes: Sequence[Shape]) -> Shape:
    """One shape of all the files that a packed one holds."""
    if len(shapes) == 1:
        return shapes[0]
    columns: dict[str, Column] = {}
    grown: dict[str, str] = {}
    for shape in shapes:
        for column in shape.columns:
            known = columns.get(column.name)
            kind = sniffing.wider(known.type, column.type) if known else column.type
            columns[column.name] = Column(column.name, kind)
        for key, kind in shape.grown.items():
            wide = holding(types.parse(grown.get(key, kind)), types.parse(kind))
            if wide is not None:
                grown[key] = str(wide)
    unread = dict.fromkeys(n for s in shapes for n in s.unread)
    unnamed = {n: kind for s in shapes for n, kind in s.unnamed.items()}
    return Shape(tuple(columns.values()), grown, tuple(unread), unnamed)


def _look_at(
    connection: duckdb.DuckDBPyConnection,
    copy: InputFile,
    inner: FileFormat,
    fmt: FileFormat,
    schema: Sequence[Column],
    *,
    grow: bool,
) -> Shape:
    if inner.name == "parquet":
        return _of_parquet(sniffing.parquet_columns(connection, copy), copy, schema, grow=grow)
    dialect = Dialect.of(inner.options)
    columns: Sequence[Column]
    if inner.name == "csv":
        head = read_head(copy, dialect)
        if head.names is None:
            return Shape()
        if {n.casefold() for n in head.names} <= {c.name.casefold() for c in schema}:
            columns = [Column(n, "") for n in head.names]
        else:
            (columns,) = sniffing._csv(connection, [copy], inner)  # noqa: SLF001
        source = {f"c{i}": "VARCHAR" for i in range(len(columns))}
        rows = (
            f"SELECT * FROM read_csv({literal([copy.path])}, columns = {literal(source)}, "
            f"{dialect.parameters(header=dialect.header, skip=dialect.skip)}, "
            f"compression = {literal(head.compression)}, ignore_errors = true, strict_mode = false)"
        )
    else:
        find = sniffing._texts if fmt.name == "xml" else sniffing._ndjson  # noqa: SLF001
        (columns,) = find(connection, [copy], inner)
        lines = raw_lines([copy.path], compression_of(copy.path))
        columns = [*columns, *_late_keys(connection, lines, {c.name for c in columns})]
        chosen = ", ".join(
            f"json_extract_string(line, {literal('$.' + name(c.name))}) AS c{i}"
            for i, c in enumerate(columns)
        )
        rows = f"SELECT {chosen} FROM {lines} WHERE json_valid(line)"
    known = {c.name.casefold() for c in schema}
    found = tuple(Column(c.name, "" if c.name.casefold() in known else c.type) for c in columns)
    if not grow:
        return Shape(found)
    at = match([c.name for c in columns], schema, copy.name, "ignore").place
    grown = _grown(connection, rows, at, schema, dialect)
    return Shape(found, grown, _unread(connection, rows, at, schema, grown, dialect))


def _unread(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    place: Mapping[str, int],
    schema: Sequence[Column],
    grown: Mapping[str, str],
    dialect: Dialect,
) -> tuple[str, ...]:
    """Schema columns with values in this file that are of another type altogether."""
    asked = [
        c
        for c in schema
        if c.name in place and c.name not in grown and types.parse(c.type).name in _CAST
        if types.parse(c.type).name not in dialect.formatted
    ]
    if not asked:
        return ()
    items = []
    for column in asked:
        text = f"c{place[column.name]}"
        if types.parse(column.type).name in (*_WHOLE, "decimal", "double"):
            text = plain_number(text, dialect.numbers)
        items.append(f"count({text}) > count(TRY_CAST({text} AS {column.type}))")
    found = connection.execute(f"SELECT {', '.join(items)} FROM ({rows})").fetchone()
    assert found is not None
    return tuple(c.name for c, misfit in zip(asked, found, strict=True) if misfit)


def _late_keys(connection: duckdb.DuckDBPyConnection, lines: str, known: set[str]) -> list[Column]:
    """Keys that come after the records whose types were looked at."""
    sql = (
        f"SELECT DISTINCT unnest(json_keys(line)) FROM {lines} "
        "WHERE json_valid(line) AND json_type(line) = 'OBJECT'"
    )
    found = sorted(str(row[0]) for row in connection.execute(sql).fetchall())
    return [Column(key, "varchar") for key in found if key not in known]


def _of_parquet(
    found: Sequence[tuple[str, str]], file: InputFile, schema: Sequence[Column], *, grow: bool
) -> Shape:
    columns: list[Column] = []
    unnamed = {}
    for key, kind in found:
        try:
            columns.append(Column(key, types.from_duckdb(kind)))
        except ValueError:
            columns.append(Column(key, ""))
            unnamed[key] = kind.lower()
    place = match([c.name for c in columns], schema, file.name, "ignore").place if schema else {}
    grown = {}
    for column in schema if grow else ():
        if column.name in place and (kind := columns[place[column.name]].type):
            have, want = types.parse(column.type), types.parse(kind)
            if have != want and not widens(want, have) and (wide := holding(have, want)):
                grown[column.name] = str(wide)
    return Shape(tuple(columns), grown, unnamed=unnamed)


def _grown(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    place: Mapping[str, int],
    schema: Sequence[Column],
    dialect: Dialect,
) -> dict[str, str]:
    """Schema column → the type its values in this file need, where its own is too narrow."""
    items: list[str] = []
    asked: list[Column] = []
    for column in schema:
        kind = types.parse(column.type)
        if column.name not in place:
            continue
        at = f"c{place[column.name]}"
        if kind.name in _WHOLE or kind.name == "decimal":
            text = f"regexp_extract({plain_number(at, dialect.numbers)}, {_DIGITS}, "
            number = f"try_cast({plain_number(at, dialect.numbers)} AS DECIMAL(38,0))"
            items.append(
                f"[max(length({text}1)))::VARCHAR, max(length({text}2)))::VARCHAR, "
                f"min({number})::VARCHAR, max({number})::VARCHAR]"
            )
        elif kind.name == "date" and not dialect.date_format:
            stamp = sniffing._TESTS["timestamp"].replace("@", at)  # noqa: SLF001
            day = f"regexp_full_match({at}, {literal(sniffing._ISO_DATE)})"  # noqa: SLF001
            items.append(f"[count(*) FILTER (NOT {day} AND {stamp})]")
        else:
            continue
        asked.append(column)
    if not items:
        return {}
    found = connection.execute(f"SELECT {', '.join(items)} FROM ({rows})").fetchone()
    assert found is not None
    grown: dict[str, str] = {}
    for column, told in zip(asked, found, strict=True):
        if needed := _needed(types.parse(column.type), told):
            grown[column.name] = needed
    return grown


def _needed(kind: types.Type, told: Sequence[Any]) -> str | None:
    """The type that is asked for; None: its own will do, or none would."""
    if kind.name == "date":
        return "timestamp" if told[0] else None
    whole, scale = int(told[0] or 0), int(told[1] or 0)
    if not scale and kind.name in _WHOLE:
        low, high = int(told[2] or 0), int(told[3] or 0)
        bits = max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0)
        need = next(
            (n for n, b in (("smallint", 15), ("integer", 31), ("bigint", 63)) if bits <= b), None
        )
        wanted = types.parse(need or f"decimal({min(38, max(whole, 20))},0)")
    else:
        wanted = types.parse(f"decimal({min(38, max(1, whole + scale))},{min(scale, 38)})")
    if whole + scale > 38 or widens(wanted, kind):
        return None
    wide = holding(kind, wanted)
    return str(wide) if wide else None
