"""Runs a user's function over Arrow record batches, streamed.

How it is called depends on its first parameter: named `batch` or annotated `pa.RecordBatch`, once
for each batch; named `table` or annotated `pa.Table`, once with everything; else once with a
`pyarrow.RecordBatchReader`, which can be iterated. It returns or yields record batches or tables.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from penstock.errors import MissingExtra, StepFailed
from penstock.runtime.arrow_types import arrow_schema, conform, penstock_type
from penstock.runtime.python_module import StepModule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from penstock.program import Column

Form = Literal["batch", "table", "reader"]
CODE_RESULT = "PSK-PY-022"
_END = object()


def run_step(
    root: Path,
    file: str,
    function: str,
    batches: Iterable[Any],
    schema: Sequence[Column],
    *,
    dataset: str,
) -> Iterator[Any]:
    """The step's rows as Arrow tables of exactly `schema`, as the function gives them.

    Args:
        root: the pipeline folder.
        file: the user's file, relative to it.
        batches: the input: at least one `pyarrow.RecordBatch`, which may be empty.
        dataset: for messages.

    Raises:
        MissingExtra: pyarrow is not installed.
        StepFailed: the function raised (the span is the user's own line), gave something that
            is not Arrow data, or columns that are not those of `schema`.
    """
    require_pyarrow()
    wanted = arrow_schema(schema)
    with StepModule(root, file) as module:
        call = module.function(function)
        for data in _results(module, call, function, batches):
            try:
                table = conform(data, wanted, schema, dataset)
            except StepFailed as error:
                error.span = error.span or module.definition(call)
                raise
            if table.num_rows:
                yield table


def probe(
    root: Path, file: str, function: str, columns: Mapping[str, str]
) -> list[tuple[str, str]]:
    """The columns that a function returns for no rows, each with its Penstock type.

    Run it in a process of its own: the user's code may hang, exit or crash.

    Args:
        columns: of the input, with their Penstock types.

    Raises:
        MissingExtra: pyarrow is not installed.
        StepFailed: as `run_step`; or it returned nothing that tells a schema.
    """
    require_pyarrow()
    import pyarrow as pa

    from penstock.program import Column

    schema = arrow_schema([Column(n, t) for n, t in columns.items()])
    empty = pa.RecordBatch.from_pylist([], schema=schema)
    with StepModule(root, file) as module:
        call = module.function(function)
        for data in _results(module, call, function, [empty]):
            return [(f.name, penstock_type(f.type, f.name)) for f in data.schema]
        raise StepFailed(
            f"`{function}` gives no batch for an empty input, so its columns are not known",
            code=CODE_RESULT,
            hint="give an empty batch with the right columns, or declare `schema`",
            span=module.definition(call),
        )


def require_pyarrow() -> None:
    """Raise MissingExtra unless pyarrow can be imported."""
    try:
        import pyarrow as pa  # noqa: F401  # only whether it is there
    except ImportError as error:
        raise MissingExtra("pyarrow", "python", wanted_by="a Python step") from error


def form_of(function: Callable[[Any], Any]) -> Form:
    """How a function wants its input.

    >>> form_of(lambda batch: batch), form_of(lambda table: table), form_of(lambda rows: rows)
    ('batch', 'table', 'reader')
    """
    try:
        parameters = [*inspect.signature(function).parameters.values()]
    except (TypeError, ValueError):
        return "reader"
    if not parameters:
        return "reader"
    first = parameters[0]
    kind = first.annotation
    named = kind if isinstance(kind, str) else getattr(kind, "__name__", "")
    annotated = named.strip("'\" ").rpartition(".")[2]
    by_annotation: dict[str, Form] = {
        "RecordBatch": "batch",
        "Table": "table",
        "RecordBatchReader": "reader",
    }
    by_name: dict[str, Form] = {"batch": "batch", "table": "table"}
    return by_annotation.get(annotated) or by_name.get(first.name, "reader")


def _results(
    module: StepModule, call: Callable[[Any], Any], name: str, batches: Iterable[Any]
) -> Iterator[Any]:
    """Record batches and tables as the function gives them."""
    import pyarrow as pa

    doing = f"`{name}` of `{module.file}` raised"
    incoming = iter(batches)
    first = next(incoming)
    every = itertools.chain([first], incoming)
    form = form_of(call)
    if form == "batch":
        for batch in every:
            with module.watched(doing):
                result = call(batch)
            yield from _pieces(module, call, name, result, doing)
        return
    if form == "table":
        given = pa.Table.from_batches(every, schema=first.schema)
    else:
        given = pa.RecordBatchReader.from_batches(first.schema, every)
    with module.watched(doing):
        result = call(given)
    del given
    yield from _pieces(module, call, name, result, doing)


def _pieces(
    module: StepModule, call: Callable[[Any], Any], name: str, result: Any, doing: str
) -> Iterator[Any]:
    """What the function returned, one record batch or table at a time."""
    import pyarrow as pa

    if isinstance(result, (pa.RecordBatch, pa.Table)):
        yield result
        return
    if not isinstance(result, (Iterator, list, tuple, pa.RecordBatchReader)):
        raise _not_arrow(module, call, name, result)
    pieces = iter(result)
    while True:
        with module.watched(doing):
            piece = next(pieces, _END)
        if piece is _END:
            return
        if not isinstance(piece, (pa.RecordBatch, pa.Table)):
            raise _not_arrow(module, call, name, piece)
        yield piece


def _not_arrow(module: StepModule, call: Callable[[Any], Any], name: str, value: Any) -> StepFailed:
    kind = type(value)
    known = {
        "DataFrame": "pyarrow.Table.from_pandas(frame, preserve_index=False) makes a table of it",
        "NoneType": "did it forget to `return`?",
        "dict": "pyarrow.table(columns) makes a table of a dict of columns, and "
        "pyarrow.Table.from_pylist(rows) of a list of rows",
    }
    return StepFailed(
        f"`{name}` gave {'nothing' if value is None else f'a {kind.__name__}'} where a "
        "pyarrow.RecordBatch or pyarrow.Table is wanted",
        code=CODE_RESULT,
        hint=known.get(kind.__name__, "return a pyarrow.RecordBatch or pyarrow.Table, or yield"),
        span=module.definition(call),
    )
