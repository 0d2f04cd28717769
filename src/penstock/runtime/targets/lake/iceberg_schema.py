"""Changes of an Iceberg table's schema and partitions, inside a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.runtime.targets.lake.iceberg_types import iceberg_type, spec_name, transform_of
from penstock.runtime.targets.lake.partitioning import parse_term

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.program import Column


def updated_schema(transaction: Any, before: Sequence[Column], after: Sequence[Column]) -> None:
    """Have the table get these columns: new ones, wider ones, and without those that are gone."""
    old = {c.name: c for c in before}
    new = {c.name: c for c in after}
    if tuple(before) == tuple(after):
        return
    with transaction.update_schema(allow_incompatible_changes=True) as update:
        again = []
        for name, column in old.items():
            if name not in new:
                update.delete_column((name,))
                continue
            kind = iceberg_type(new[name].type)
            if new[name].type != column.type:
                if kind.is_primitive and _promotes(column.type, new[name].type):
                    update.update_column((name,), field_type=kind)
                else:  # only an overwrite comes here: another column under the same name
                    update.delete_column((name,))
                    again.append(name)
                    continue
            if column.required and not new[name].required:
                update.make_column_optional((name,))
        for name in [*again, *(n for n in new if n not in old)]:
            update.add_column((name,), iceberg_type(new[name].type))


def _promotes(one: str, other: str) -> bool:
    from pyiceberg.exceptions import ResolveError
    from pyiceberg.schema import promote

    try:
        promote(iceberg_type(one), iceberg_type(other))
    except ResolveError:
        return False
    return True


def updated_spec(transaction: Any, before: Sequence[str], after: Sequence[str]) -> None:
    """Have the table be partitioned so from now on."""
    if tuple(before) == tuple(after):
        return
    names = [f.name for f in transaction.table_metadata.spec().fields]
    with transaction.update_spec() as update:
        for name in names:
            update.remove_field(name)
        for term in map(parse_term, after):
            update.add_field(term.column, transform_of(term), spec_name(term))
