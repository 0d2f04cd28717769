"""What `rollup` and `cube` share: groups of several levels in one dataset."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from pydantic import Field
from sqlglot import exp

from penstock.spec.base import Text  # noqa: TC001  # pydantic reads it
from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.expressions import Reader, column_names
from penstock.transforms.names import column, named, select, table
from penstock.transforms.reading import new_names, unknown
from penstock.transforms.reshape import Reshape

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOTAL = "total"


class Levels(Step):
    """One row for each group of each level, and a column that tells the level."""

    by: list[str] = Field(min_length=1, max_length=8)
    """Columns whose values make a group, from the widest to the narrowest."""
    measures: dict[str, str] = Field(min_length=1)
    """New column → aggregate, such as `count(*)`, `sum(distance)`."""
    level: Text = "level"
    """New column that tells which columns a row is grouped by: `region, carrier`, `region`,
    `total`. A NULL of the data is so not taken for a total."""

    @abstractmethod
    def _sets(self) -> list[tuple[str, ...]]:
        """The columns of each level."""

    def build(self, given: Input) -> Built:
        """One query with GROUPING SETS."""
        built = Built({}, problems=unknown(self.by, given.columns, ("by",)))
        by = [name for name in self.by if name in given.columns]
        if _TOTAL in by:
            message = f"the level of all rows is told as `{_TOTAL}`, which is a column here"
            hint = "rename the column first"
            place = ("by", self.by.index(_TOTAL))
            built.problems.append(Problem("PSK-STEP-016", message, place, hint))
        known = [name for name in by if given.columns[name] is not None]
        texts = [exp.to_identifier(name, quoted=True).sql("duckdb") for name in known]
        reader = Reader(given, noun="a measure", by=texts)
        built.columns = {name: given.columns[name] for name in by}
        built.columns[self.level] = "varchar"
        measures: dict[str, exp.Expr] = {}
        for name, text in self.measures.items():
            found = reader.read(text, ("measures", name))
            built.columns[name] = found.type if found else None
            if found is None:
                continue
            measures[name] = found.tree
            if found.type is not None and found.tree.find(exp.Window):
                message = "a measure cannot hold a window"
                hint = "derive it in a step of its own, before or after"
                built.problems.append(Problem("PSK-STEP-018", message, ("measures", name), hint))
        built.problems += reader.problems
        names = [(self.level, ("level",)), *((m, ("measures", m)) for m in self.measures)]
        built.problems += new_names(names, by)
        if built.problems:
            return built
        sets = self._sets()

        def query(rows: str) -> exp.Query:
            return _query(rows, by, sets, self.level, measures)

        sources = {name: frozenset({name}) for name in by}
        sources |= {self.level: frozenset()}
        sources |= {name: frozenset(column_names(tree)) for name, tree in measures.items()}
        built.operations.append(Reshape(query, sources))
        return built


def _query(
    rows: str,
    by: list[str],
    sets: list[tuple[str, ...]],
    level: str,
    measures: Mapping[str, exp.Expr],
) -> exp.Query:
    told = exp.Case(
        ifs=[
            exp.If(this=_at(by, names), true=exp.Literal.string(", ".join(names) or _TOTAL))
            for names in sets
        ]
    )
    items = [*(column(name) for name in by), named(told, level)]
    items += [named(tree.copy(), name) for name, tree in measures.items()]
    groups = [exp.Tuple(expressions=[column(name) for name in names]) for names in sets]
    query = select(items, table(rows))
    query.set("group", exp.Group(grouping_sets=[exp.GroupingSets(expressions=groups)]))
    # Without rows some engines make a total of nothing, and others none.
    some = exp.GT(this=exp.Count(this=exp.Star()), expression=exp.Literal.number(0))
    return query.having(some, copy=False)


def _at(by: list[str], names: tuple[str, ...]) -> exp.Expr:
    """Whether a row is of the level that groups by these columns."""
    tests = [
        exp.EQ(
            this=exp.Grouping(expressions=[column(name)]),
            expression=exp.Literal.number(0 if name in names else 1),
        )
        for name in by
    ]
    found: exp.Expr = exp.and_(*tests, copy=False)
    return found
