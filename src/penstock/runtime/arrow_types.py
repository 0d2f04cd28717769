"""Whether Arrow data has the columns and types a schema names; casts that lose nothing.

pyarrow is imported inside the functions: the runtime works without it where no step is Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.diagnostics import did_you_mean
from penstock.errors import StepFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column

CODE_SHAPE = "PSK-PY-023"
CODE_VALUE = "PSK-PY-024"


def arrow_schema(schema: Sequence[Column]) -> Any:
    """The `pyarrow.Schema` of a Penstock schema."""
    import pyarrow as pa

    return pa.schema([pa.field(c.name, arrow_type(types.parse(c.type))) for c in schema])


def arrow_type(kind: types.Type) -> Any:
    """The `pyarrow.DataType` that holds a Penstock type. JSON travels as text."""
    import pyarrow as pa

    plain = {
        "boolean": pa.bool_(),
        "smallint": pa.int16(),
        "integer": pa.int32(),
        "bigint": pa.int64(),
        "double": pa.float64(),
        "varchar": pa.string(),
        "json": pa.string(),
        "blob": pa.binary(),
        "date": pa.date32(),
        "time": pa.time64("us"),
        "timestamp": pa.timestamp("us"),
        "timestamptz": pa.timestamp("us", tz="UTC"),
    }
    inner = [arrow_type(t) for _, t in kind.fields]
    if kind.name == "decimal":
        return pa.decimal128(*kind.numbers)
    if kind.name == "list":
        return pa.list_(inner[0])
    if kind.name == "map":
        return pa.map_(*inner)
    if kind.name == "struct":
        return pa.struct([pa.field(n, t) for (n, _), t in zip(kind.fields, inner, strict=True)])
    return plain[kind.name]


def penstock_type(kind: Any, column: str) -> str:
    """The Penstock type that holds every value of a `pyarrow.DataType`.

    Raises:
        StepFailed: there is none.
    """
    import pyarrow.types as t

    kind = _stored(kind)
    if t.is_dictionary(kind):
        return penstock_type(kind.value_type, column)
    if t.is_integer(kind):
        bits = kind.bit_width + t.is_unsigned_integer(kind)
        wide = "bigint" if bits <= 64 else "decimal(20,0)"
        return "smallint" if bits <= 16 else "integer" if bits <= 32 else wide
    if t.is_decimal(kind) and kind.precision <= 38 and 0 <= kind.scale <= kind.precision:
        return f"decimal({kind.precision},{kind.scale})"
    if t.is_timestamp(kind):
        return "timestamptz" if kind.tz else "timestamp"
    if t.is_map(kind):
        key, item = (penstock_type(k, column) for k in (kind.key_type, kind.item_type))
        return types.normalize(f"map({key}, {item})")
    if t.is_struct(kind):
        fields = tuple((f.name, types.parse(penstock_type(f.type, column))) for f in kind)
        return str(types.Type("struct", fields=fields))
    if t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind):
        return penstock_type(kind.value_type, column) + "[]"
    for test, name in (
        (_is_text, "varchar"),
        (_is_bytes, "blob"),
        (t.is_boolean, "boolean"),
        (t.is_floating, "double"),
        (t.is_date, "date"),
        (t.is_time, "time"),
    ):
        if test(kind):
            return name
    raise StepFailed(
        f"column `{column}` is {kind}, which no type of the pipeline file holds",
        code=CODE_SHAPE,
        hint="cast it in the step; `penstock explain PSK-PY-023` lists the types",
    )


def conform(data: Any, wanted: Any, schema: Sequence[Column], dataset: str) -> Any:
    """A record batch or table as a table with exactly the columns of `wanted`, in its order.

    Args:
        data: `pyarrow.RecordBatch` or `pyarrow.Table`.
        wanted: `pyarrow.Schema` of `schema`.

    Raises:
        StepFailed: columns are missing, extra, or of a type that cannot become the wanted one
            without loss (each is named); or a value does not fit.
    """
    import pyarrow as pa

    table = pa.table(data) if isinstance(data, pa.RecordBatch) else data
    faults = _faults(table.schema, wanted, schema)
    if faults:
        raise StepFailed(
            f"what `{dataset}` returned is not its schema: " + "; ".join(faults),
            code=CODE_SHAPE,
            hint="return the columns of `schema` with their types, or change `schema`",
        )
    arrays = []
    for field, column in zip(wanted, schema, strict=True):
        found = table.column(field.name)
        if found.type != field.type:
            try:
                found = _cast(found, field.type)
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
                raise StepFailed(
                    f"a value of column `{column.name}` of `{dataset}` does not fit into "
                    f"{column.type}: {error}",
                    code=CODE_VALUE,
                    hint="round or convert it in the step",
                ) from error
        arrays.append(found)
    return pa.table(arrays, schema=pa.schema([pa.field(f.name, f.type) for f in wanted]))


def _faults(found: Any, wanted: Any, schema: Sequence[Column]) -> list[str]:
    names = list(found.names)
    faults = [f"column `{n}` comes {names.count(n)} times" for n in dict.fromkeys(names)
              if names.count(n) > 1]  # fmt: skip
    for field, column in zip(wanted, schema, strict=True):
        if field.name not in names:
            near = did_you_mean(field.name, [n for n in names if n not in wanted.names])
            returned = near.removeprefix("did you mean ").rstrip("?")
            hint = f" (it returned {returned})" if near.startswith("did you") else ""
            faults.append(f"column `{field.name}` ({column.type}) is missing{hint}")
        elif names.count(field.name) == 1:
            kind = found.field(field.name).type
            if not _fits(kind, field.type):
                faults.append(f"column `{field.name}` is {kind}, not {column.type}")
    extra = [n for n in dict.fromkeys(names) if n not in wanted.names]
    faults += [f"column `{n}` is not in the schema" for n in extra]
    return faults


def _fits(have: Any, want: Any) -> bool:
    """Whether every value of a type has an equal one in the other (timestamps: of each value)."""
    import pyarrow.types as t

    have, want = _stored(have), _stored(want)
    if have == want or t.is_null(have):
        return True
    if t.is_dictionary(have):
        return _fits(have.value_type, want)
    if t.is_nested(want):
        return _nested_fits(have, want)
    if _is_text(want):
        return _is_text(have)
    if _is_bytes(want):
        return _is_bytes(have)
    if t.is_integer(have):
        return _integer_fits(have, want)
    if t.is_floating(want):
        return bool(t.is_floating(have) and have.bit_width <= want.bit_width)
    if t.is_decimal(want) and t.is_decimal(have):
        whole = have.precision - have.scale <= want.precision - want.scale
        return bool(whole and have.scale <= want.scale)
    if t.is_timestamp(want):
        return bool(t.is_timestamp(have) and (have.tz is None) == (want.tz is None))
    return bool((t.is_date(want) and t.is_date(have)) or (t.is_time(want) and t.is_time(have)))


def _integer_fits(have: Any, want: Any) -> bool:
    import pyarrow.types as t

    bits = have.bit_width - (1 if t.is_signed_integer(have) else 0)
    if t.is_signed_integer(want):
        return bool(want.bit_width - 1 >= bits)
    if t.is_floating(want):
        return bool(bits <= 53 if want.bit_width == 64 else bits <= 24)
    if t.is_decimal(want):
        return bool(len(str(2**bits)) <= want.precision - want.scale)
    return False


def _nested_fits(have: Any, want: Any) -> bool:
    import pyarrow.types as t

    if t.is_map(want):
        return bool(
            t.is_map(have)
            and _fits(have.key_type, want.key_type)
            and _fits(have.item_type, want.item_type)
        )
    if t.is_struct(want):
        if not t.is_struct(have):
            return False
        names = [f.name for f in have]
        return names == [f.name for f in want] and all(
            _fits(have.field(n).type, want.field(n).type) for n in names
        )
    lists = t.is_list(have) or t.is_large_list(have) or t.is_fixed_size_list(have)
    return bool(lists and _fits(have.value_type, want.value_type))


def _cast(found: Any, want: Any) -> Any:
    import pyarrow as pa

    if isinstance(want, pa.BaseExtensionType):  # JSON travels as text
        stored = found.cast(want.storage_type)
        return pa.chunked_array([want.wrap_array(c) for c in stored.chunks], type=want)
    if isinstance(found.type, pa.BaseExtensionType):
        found = pa.chunked_array([c.storage for c in found.chunks], type=found.type.storage_type)
    if pa.types.is_dictionary(found.type):
        found = found.cast(found.type.value_type)
    return found.cast(want, safe=True)


def _stored(kind: Any) -> Any:
    import pyarrow as pa

    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _is_text(kind: Any) -> bool:
    import pyarrow.types as t

    return bool(t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind))


def _is_bytes(kind: Any) -> bool:
    import pyarrow.types as t

    return bool(
        t.is_binary(kind)
        or t.is_large_binary(kind)
        or t.is_fixed_size_binary(kind)
        or t.is_binary_view(kind)
    )
