"""unpivot: `unpivot: {columns: [jan, feb], name: month, value: flights}`: columns to rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator
from sqlglot import exp

from penstock.spec.base import Text  # noqa: TC001  # pydantic reads it
from penstock.spec.refusal import refuse
from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.common_type import common_type
from penstock.transforms.names import cast, column, fresh, identifier, literal, named, select, table
from penstock.transforms.reading import Path, new_names, unknown
from penstock.transforms.reshape import Reshape

if TYPE_CHECKING:
    from collections.abc import Iterable


class Unpivot(Step):
    """Makes a row of each of several columns: its name in one new column, its value in another.

    The other columns are repeated. The values become one type that holds them all exactly.
    """

    columns: list[str] | dict[str, str | int] = Field(min_length=1)
    """Columns that become rows; or column → what stands in `name` for it, all texts or all whole
    numbers."""
    name: Text = "name"
    """New column that tells which column a value is from."""
    value: Text = "value"
    """New column of the values."""
    nulls: Literal["keep", "drop"] = "keep"
    """A NULL: it becomes a row like any value, or none."""

    @model_validator(mode="after")
    def _labels_of_one_kind(self) -> Unpivot:
        if isinstance(self.columns, dict) and len({type(v) for v in self.columns.values()}) > 1:
            raise refuse("what stands in `name` is text for all columns, or a number for all")
        return self

    def build(self, given: Input) -> Built:
        """One query: each row as often as there are columns."""
        labels = self.columns if isinstance(self.columns, dict) else {c: c for c in self.columns}
        parts = list(self.columns)
        built = Built({}, problems=unknown(parts, given.columns, ("columns",)))
        kept = [name for name in given.columns if name not in parts]
        built.columns = {name: given.columns[name] for name in kept}
        built.columns[self.name] = "bigint" if _whole(labels.values()) else "varchar"
        type_name, problem = self._common(given, parts)
        built.problems += [problem] if problem else []
        built.columns[self.value] = type_name
        names: list[tuple[str, Path]] = [(self.name, ("name",)), (self.value, ("value",))]
        built.problems += new_names(names, kept)
        if built.problems or type_name is None:
            return built

        def query(rows: str) -> exp.Query:
            return self._query(rows, kept, dict(labels), type_name)

        sources = {name: frozenset({name}) for name in kept}
        sources |= {self.name: frozenset(), self.value: frozenset(parts)}
        built.operations.append(Reshape(query, sources, heavy=False))
        return built

    def _common(self, given: Input, parts: list[str]) -> tuple[str | None, Problem | None]:
        found: str | None = None
        for i, name in enumerate(parts):
            type_name = given.columns.get(name)
            if type_name is None:
                return None, None
            both = type_name if found is None else common_type(found, type_name)
            if both is None:
                message = f"`{name}` is {type_name}, and the columns before it are {found}"
                path = ("columns", name if isinstance(self.columns, dict) else i)
                hint = "cast them to one type in a step before"
                at_key = isinstance(self.columns, dict)
                return None, Problem("PSK-STEP-062", message, path, hint, at_key=at_key)
            found = both
        return found, None

    def _query(
        self, rows: str, kept: list[str], labels: dict[str, str | int], type_name: str
    ) -> exp.Query:
        part = fresh("part", [rows])
        number = column("number", part)
        values = exp.Values(
            expressions=[
                exp.Tuple(expressions=[literal(i), literal(label)])
                for i, label in enumerate(labels.values(), start=1)
            ],
            alias=exp.TableAlias(
                this=identifier(part), columns=[identifier("number"), identifier("label")]
            ),
        )
        label = cast(column("label", part), "bigint" if _whole(labels.values()) else "varchar")
        chosen = exp.Case(
            ifs=[
                exp.If(
                    this=exp.EQ(this=number.copy(), expression=literal(i)),
                    true=cast(column(name, rows), type_name),
                )
                for i, name in enumerate(labels, start=1)
            ]
        )
        items: list[exp.Expr] = [column(name, rows) for name in kept]
        items += [named(label, self.name), named(chosen, self.value)]
        query = select(items, table(rows)).join(values, join_type="cross", copy=False)
        if self.nulls == "drop":
            present = exp.Not(this=exp.Is(this=chosen.copy(), expression=exp.Null()))
            query = query.where(present, copy=False)
        return query


def _whole(labels: Iterable[str | int]) -> bool:
    return all(isinstance(label, int) for label in labels)
