"""flatten: `flatten: {column: address, prefix: address_}`: the fields of a struct as columns."""

from __future__ import annotations

from pydantic import Field
from sqlglot import exp

from penstock import types
from penstock.transforms.base import Built, Input, Step
from penstock.transforms.names import column, identifier
from penstock.transforms.operations import Project
from penstock.transforms.reading import Path, misfit, new_names


class Flatten(Step):
    """Makes columns of the fields of a struct, in its place. Where the struct is NULL, they are.

    Lists stay what they are: see `explode`.
    """

    column: str
    """The struct."""
    prefix: str | None = None
    """What the names of the new columns begin with; by default the struct's name and `_`. Fields
    of a struct inside have its name and `_` besides."""
    depth: int = Field(ge=1, le=32, default=1)
    """How many levels of structs are taken apart."""

    def build(self, given: Input) -> Built:
        """One projection."""
        built = Built({})
        wrong = misfit(self.column, given.columns, ("struct",), ("column",), step="flatten")
        if wrong:
            built.problems.append(wrong)
            return built
        whole = given.columns[self.column]
        if whole is None:
            built.columns = {n: t for n, t in given.columns.items() if n != self.column}
            return built
        prefix = f"{self.column}_" if self.prefix is None else self.prefix
        fields = _fields(types.parse(whole), column(self.column), prefix, self.depth)
        made: dict[str, exp.Expr] = {}
        for name, type_name in given.columns.items():
            if name != self.column:
                made[name] = column(name)
                built.columns[name] = type_name
                continue
            for new, (tree, field) in fields.items():
                made[new] = tree
                built.columns[new] = field
        others = [name for name in given.columns if name != self.column]
        names: list[tuple[str, Path]] = [(name, ("column",)) for name in fields]
        built.problems += new_names(names, others)
        built.operations.append(Project(made))
        return built


def _fields(
    struct: types.Type, value: exp.Expr, prefix: str, depth: int
) -> dict[str, tuple[exp.Expr, str]]:
    """Name → expression and type of each field."""
    found: dict[str, tuple[exp.Expr, str]] = {}
    for name, field in struct.fields:
        tree = exp.Dot(this=value.copy(), expression=identifier(name))
        if field.name == "struct" and depth > 1:
            found |= _fields(field, tree, f"{prefix}{name}_", depth - 1)
        else:
            found[f"{prefix}{name}"] = (tree, str(field))
    return found
