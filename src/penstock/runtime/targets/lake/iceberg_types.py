"""The types, schemas and partition specs of Iceberg tables."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from penstock import types
from penstock.errors import LoadFailed
from penstock.program import Column
from penstock.runtime.targets.evolution import as_text
from penstock.runtime.targets.lake.partitioning import Term, parse_term

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN = {
    "boolean": "BooleanType",
    "integer": "IntegerType",
    "bigint": "LongType",
    "double": "DoubleType",
    "varchar": "StringType",
    "blob": "BinaryType",
    "date": "DateType",
    "time": "TimeType",
    "timestamp": "TimestampType",
    "timestamptz": "TimestamptzType",
}
_BACK = {**{v: k for k, v in _PLAIN.items()}, "FloatType": "double", "FixedType": "blob"}
_NARROW = frozenset({"FloatType", "FixedType"})
_TRANSFORMS = {
    "year": "YearTransform",
    "month": "MonthTransform",
    "day": "DayTransform",
    "hour": "HourTransform",
}
_GROWS = {("integer", "bigint")}


def stored(columns: Sequence[Column]) -> tuple[Column, ...]:
    """Columns as Iceberg keeps them: JSON is text, a small integer an integer."""

    def wide(kind: types.Type) -> types.Type:
        if kind.name == "smallint":
            return types.Type("integer")
        return replace(kind, fields=tuple((n, wide(t)) for n, t in kind.fields))

    each = as_text(columns, frozenset({"json"}))
    return tuple(replace(c, type=str(wide(types.parse(c.type))), required=False) for c in each)


def refuse_growth(before: Sequence[Column], after: Sequence[Column], name: str) -> None:
    """Make sure that types grow only as Iceberg lets them.

    Raises:
        LoadFailed: one would have to grow otherwise.
    """
    now = {c.name: c.type for c in after}
    wrong = [
        f"`{c.name}` from {c.type} to {now[c.name]}"
        for c in before
        if c.name in now and now[c.name] != c.type and not _may_grow(c.type, now[c.name])
    ]
    if wrong:
        raise LoadFailed(
            f"the Iceberg table of `{name}` cannot take the new rows: no column there grows "
            f"{'; '.join(wrong)}",
            code="PSK-TGT-103",
            hint="cast the column to its old type, or write the table anew with "
            "`mode: overwrite` or `penstock run --full-refresh`",
        )


def _may_grow(one: str, other: str) -> bool:
    a, b = types.parse(one), types.parse(other)
    if a.name == b.name == "decimal":
        return a.numbers[1] == b.numbers[1] and a.numbers[0] <= b.numbers[0]
    return (one, other) in _GROWS


def iceberg_type(text: str) -> Any:
    """The pyiceberg type of a column; ids inside are provisional, pyiceberg gives its own."""
    import itertools

    return _iceberg_type(types.parse(text), itertools.count(1000))


def _iceberg_type(kind: types.Type, ids: Any) -> Any:
    import pyiceberg.types as t

    if kind.name == "decimal":
        return t.DecimalType(*kind.numbers)
    if kind.name == "list":
        element = _iceberg_type(kind.fields[0][1], ids)
        return t.ListType(next(ids), element, element_required=False)
    if kind.name == "map":
        key, value = (_iceberg_type(k, ids) for _, k in kind.fields)
        return t.MapType(next(ids), key, next(ids), value, value_required=False)
    if kind.name == "struct":
        fields = (
            t.NestedField(next(ids), n, _iceberg_type(k, ids), required=False)
            for n, k in kind.fields
        )
        return t.StructType(*fields)
    return getattr(t, _PLAIN[kind.name])()


def new_schema(columns: Sequence[Column]) -> Any:
    """The pyiceberg schema of a new table, with the ids it gives."""
    from pyiceberg.schema import Schema, assign_fresh_schema_ids
    from pyiceberg.types import NestedField

    fields = [
        NestedField(i, c.name, iceberg_type(c.type), required=False)
        for i, c in enumerate(columns, 1)
    ]
    return assign_fresh_schema_ids(Schema(*fields))


def columns_of(schema: Any, shown: str) -> tuple[Column, ...]:
    """The columns of a table.

    Raises:
        LoadFailed: there is a type that no Penstock type holds.
    """
    found = []
    for field in schema.fields:
        try:
            kind = str(_from_iceberg(field.field_type))
        except KeyError as error:
            raise LoadFailed(
                f"column `{field.name}` of {shown} is {field.field_type}, which Penstock has no "
                "type for",
                code="PSK-TGT-112",
                hint="`penstock explain PSK-TGT-112`",
            ) from error
        found.append(Column(field.name, kind, required=field.required))
    return tuple(found)


def unwritable(schema: Any) -> list[str]:
    """Columns that are read as a wider type, and so cannot be written as they are."""
    return [f.name for f in schema.fields if type(f.field_type).__name__ in _NARROW]


def _from_iceberg(kind: Any) -> types.Type:
    name = type(kind).__name__
    if name == "DecimalType":
        return types.Type("decimal", (kind.precision, kind.scale))
    if name == "ListType":
        return types.Type("list", fields=(("element", _from_iceberg(kind.element_type)),))
    if name == "MapType":
        key, value = _from_iceberg(kind.key_type), _from_iceberg(kind.value_type)
        return types.Type("map", fields=(("key", key), ("value", value)))
    if name == "StructType":
        return types.Type(
            "struct", fields=tuple((f.name, _from_iceberg(f.field_type)) for f in kind.fields)
        )
    return types.parse(_BACK[name])


def field_ids(schema: Any) -> dict[str, Any]:
    """Column → its id, in the form of `WriteSpec.field_ids`."""
    return {f.name: _ids(f.field_id, f.field_type) for f in schema.fields}


def _ids(own: int, kind: Any) -> Any:
    name = type(kind).__name__
    if name == "ListType":
        return {"": own, "element": _ids(kind.element_id, kind.element_type)}
    if name == "MapType":
        return {
            "": own,
            "key": _ids(kind.key_id, kind.key_type),
            "value": _ids(kind.value_id, kind.value_type),
        }
    if name == "StructType":
        return {"": own, **{f.name: _ids(f.field_id, f.field_type) for f in kind.fields}}
    return own


def transform_of(term: Term) -> Any:
    """The pyiceberg transform of an entry of `partition_by`."""
    import pyiceberg.transforms as t

    if term.transform is None:
        return t.IdentityTransform()
    if term.transform == "truncate":
        return t.TruncateTransform(term.width or 1)
    if term.transform == "bucket":
        return t.BucketTransform(term.width or 1)
    return getattr(t, _TRANSFORMS[term.transform])()


def spec_name(term: Term) -> str:
    """What the partition field is called."""
    return term.column if term.transform is None else f"{term.column}_{term.transform}"


def new_spec(partition_by: Sequence[str], schema: Any) -> Any:
    """The partition spec of a new table."""
    from pyiceberg.partitioning import PartitionField, PartitionSpec

    terms = [parse_term(t) for t in partition_by]
    return PartitionSpec(
        *(
            PartitionField(
                source_id=schema.find_field(t.column).field_id,
                field_id=1000 + i,
                transform=transform_of(t),
                name=spec_name(t),
            )
            for i, t in enumerate(terms)
        )
    )


def terms_of(spec: Any, schema: Any) -> tuple[str, ...]:
    """`partition_by` of a partition spec."""
    found = []
    for field in spec.fields:
        column = schema.find_column_name(field.source_id) or str(field.source_id)
        text = str(field.transform)
        if text == "identity":
            found.append(column)
        elif text.startswith("truncate["):
            found.append(str(Term(column, "truncate", field.transform.width)))
        elif text.startswith("bucket["):
            found.append(str(Term(column, "bucket", field.transform.num_buckets)))
        else:
            found.append(f"{text}({column})")
    return tuple(found)


def partition_value(text: str | None, term: Term, kind: str) -> Any:
    """The value that Iceberg notes, of the text that the folder's column gave."""
    if text is None:
        return None
    name = types.parse(kind).name
    if term.transform == "truncate":
        return text if name == "varchar" else int(text)
    if term.transform is not None or name not in {"varchar", "boolean", "decimal"}:
        return int(text)
    if name == "decimal":
        return Decimal(text)
    return text == "true" if name == "boolean" else text


def partition_text(value: Any) -> str | None:
    """The other way round."""
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)
