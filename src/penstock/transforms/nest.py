"""nest: `nest: {into: address, columns: [street, city]}`: columns to one struct."""

from __future__ import annotations

from pydantic import Field
from sqlglot import exp

from penstock import types
from penstock.spec.base import Text  # noqa: TC001  # pydantic reads it
from penstock.transforms.aggregate import Group
from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.expressions import Reader
from penstock.transforms.names import column, identifier
from penstock.transforms.operations import Project
from penstock.transforms.ordering import read_order, with_ties_broken
from penstock.transforms.reading import Path, new_names, unknown


class Nest(Step):
    """Puts columns into one struct; with `by`, the rows of a group into one list of structs.

    Without `by` the other columns and all rows stay, and the struct comes last. With `by` there is
    one row for each group, and columns neither in `by` nor in `columns` go.
    """

    into: Text
    """New column: the struct, or the list."""
    columns: list[str] | dict[str, str] = Field(default_factory=list)
    """Columns that become fields; or field → column. With `by`, all others by default."""
    by: list[str] | None = None
    """Columns whose values make a group; an empty list: all rows are one."""
    order_by: list[str] = Field(default_factory=list)
    """With `by`: the order of the list, as `COLUMN [asc|desc] [nulls first|last]`. Rows that tie
    are ordered by their remaining columns."""

    def build(self, given: Input) -> Built:
        """A projection, or an aggregate."""
        named = list(self.columns.values()) if isinstance(self.columns, dict) else self.columns
        groups = self.by or []
        built = Built({}, problems=unknown(groups, given.columns, ("by",)))
        if isinstance(self.columns, list):
            built.problems += unknown(named, given.columns, ("columns",))
            fields = {name: name for name in named}
        else:
            fields = self.columns
            built.problems += unknown(named, given.columns, ("columns",))
        if not fields and self.by is not None:
            fields = {name: name for name in given.columns if name not in groups}
        if not fields:
            message = "there is no column to put into the struct"
            built.problems.append(Problem("PSK-STEP-017", message, (), "name some: `columns: […]`"))
        struct, type_name = _struct(given, fields)
        if self.by is None:
            built.columns = {n: t for n, t in given.columns.items() if n not in fields.values()}
            made = {name: column(name) for name in built.columns} | {self.into: struct}
            built.operations.append(Project(made))
        else:
            reader = Reader(given, noun="an ordering")
            terms = read_order(self.order_by, reader, given.columns, "order_by")
            built.problems += reader.problems
            built.columns = {n: given.columns[n] for n in groups if n in given.columns}
            order = with_ties_broken(terms, [c for c in given.columns if c not in groups])
            rows = exp.ArrayAgg(this=exp.Order(this=struct, expressions=order))
            built.operations.append(Group({n: column(n) for n in built.columns}, {self.into: rows}))
            type_name = f"{type_name}[]" if type_name else None
        built.problems += self._unordered()
        names: list[tuple[str, Path]] = [(self.into, ("into",))]
        built.problems += new_names(names, built.columns)
        built.columns[self.into] = type_name
        return built

    def _unordered(self) -> list[Problem]:
        if self.by is not None and not self.order_by:
            message = "a list has an order, and rows have none of their own"
            return [Problem("PSK-STEP-060", message, ("by",), "add `order_by: [COLUMN]`")]
        if self.by is None and self.order_by:
            message = "`order_by` orders a list, and without `by` there is none"
            return [Problem("PSK-STEP-030", message, ("order_by",), "add `by: [COLUMN]`")]
        return []


def _struct(given: Input, fields: dict[str, str]) -> tuple[exp.Expr, str | None]:
    """A struct of columns, and its type; None: not known."""
    struct = exp.Struct(
        expressions=[
            exp.PropertyEQ(this=identifier(field), expression=column(name))
            for field, name in fields.items()
        ]
    )
    found = []
    for field, name in fields.items():
        type_name = given.columns.get(name)
        if type_name is None:
            return struct, None
        found.append((field, types.parse(type_name)))
    return struct, str(types.Type("struct", fields=tuple(found)))
