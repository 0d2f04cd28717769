"""explode: `explode: {column: legs, into: leg, position: number}`: a row for each element."""

from __future__ import annotations

from typing import Literal

from sqlglot import exp, parse_one

from penstock import types
from penstock.transforms.base import Built, Input, Step
from penstock.transforms.names import fresh, identifier
from penstock.transforms.reading import Path, misfit, new_names
from penstock.transforms.reshape import Reshape


class Explode(Step):
    """Makes a row of each element of a list. The other columns are repeated.

    A NULL among the elements is an element.
    """

    column: str
    """The list."""
    into: str | None = None
    """What the column of the elements is named; like the list by default. It stands in its place.
    """
    position: str | None = None
    """New column: the place of the element in the list, from 1; NULL for an empty list."""
    empty: Literal["keep", "drop"] = "keep"
    """An empty list, or NULL for a list: one row with NULL, or none."""

    def build(self, given: Input) -> Built:
        """One query with a join to the elements of the list."""
        built = Built({})
        wrong = misfit(self.column, given.columns, ("list",), ("column",), step="explode")
        if wrong:
            built.problems.append(wrong)
            return built
        into = self.into if self.into is not None else self.column
        whole = given.columns[self.column]
        element = str(types.parse(whole).fields[0][1]) if whole else None
        for name, type_name in given.columns.items():
            if name == self.column:
                built.columns[into] = element
            else:
                built.columns[name] = type_name
        others = [name for name in given.columns if name != self.column]
        names: list[tuple[str, Path]] = [(into, ("into",))]
        if self.position is not None:
            built.columns[self.position] = "bigint"
            names.append((self.position, ("position",)))
        built.problems += new_names(names, others)

        def query(rows: str) -> exp.Query:
            return self._query(rows, list(given.columns), into, str(element))

        sources = {n: frozenset({self.column if n == into else n}) for n in built.columns}
        if self.position is not None:
            sources[self.position] = frozenset({self.column})
        built.operations.append(Reshape(query, sources, heavy=False))
        return built

    def _query(self, rows: str, columns: list[str], into: str, element: str) -> exp.Query:
        """A join to the elements, or to their numbers.

        DuckDB takes a list apart twenty times faster where it stands as a column of its own, and
        where the join is no outer one: so it is made ready inside, an empty one with one element.
        """
        elements, numbers = (_quoted(fresh(n, columns)) for n in ("elements", "numbers"))
        whole = _quoted(self.column)
        some = f"len({whole}) > 0"
        others = ", ".join(_quoted(c) for c in columns)
        if self.position is None:
            ready = f"CASE WHEN {some} THEN {whole} ELSE [CAST(NULL AS {element})] END"
            listed, item, value = elements, "element", "item.element"
        else:
            ready = f"generate_series(1, CASE WHEN {some} THEN len({whole}) ELSE 1 END)"
            listed, item = numbers, "number"
            value = f"CASE WHEN len(listed.{whole}) > 0 THEN listed.{whole}[item.number] END"
        items = [
            f"{value} AS {_quoted(into)}" if c == self.column else f"listed.{_quoted(c)}"
            for c in columns
        ]
        if self.position is not None:
            items.append(
                f"CASE WHEN len(listed.{whole}) > 0 THEN CAST(item.number AS bigint) END "
                f"AS {_quoted(self.position)}"
            )
        where = f"WHERE {some}" if self.empty == "drop" else ""
        found: exp.Query = parse_one(  # type: ignore[assignment]
            f"SELECT {', '.join(items)} FROM (SELECT {others}, {ready} AS {listed} "
            f"FROM {_quoted(rows)} {where}) AS listed "
            f"CROSS JOIN UNNEST(listed.{listed}) AS item({item})",
            read="duckdb",
        )
        return found


def _quoted(name: str) -> str:
    return identifier(name).sql("duckdb")
