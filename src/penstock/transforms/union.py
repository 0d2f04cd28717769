"""union: `union: {from: [returns_2012], source: year}`: the rows of other datasets beside these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from sqlglot import exp

from penstock.spec.base import Name  # noqa: TC001  # pydantic reads it
from penstock.transforms.base import Built, Input, Problem, Step
from penstock.transforms.common_type import common_type
from penstock.transforms.names import cast, column, named, select, table
from penstock.transforms.reading import Path, new_names
from penstock.transforms.reshape import Reshape

if TYPE_CHECKING:
    from penstock.transforms.base import Columns


class Union(Step):
    """Adds the rows of other datasets, column by column of the same name. No row goes.

    A column has the type that holds the values of all of them exactly. The columns of the rows
    come first, then those that only others have, in the order in which they are met.
    """

    from_: Name | list[Name] = Field(alias="from", min_length=1)
    """The other datasets."""
    missing: Literal["fail", "null"] | None = "null"
    """A column that not all of them have: it is NULL where it is not there, or it is an error."""
    source: str | None = None
    """New column: the name of the dataset that a row is from."""

    def build(self, given: Input) -> Built:
        """One UNION ALL."""
        others = [self.from_] if isinstance(self.from_, str) else self.from_
        single = isinstance(self.from_, str)
        built = Built(dict(given.columns))
        known: dict[str, Columns] = {}
        for i, other in enumerate(others):
            path: Path = ("from",) if single else ("from", i)
            if other in known:
                built.problems.append(Problem("PSK-STEP-016", f"`{other}` is named twice", path))
            theirs = given.datasets.get(other)
            if theirs is None:
                return Built({}, problems=built.problems)
            known[other] = theirs
            self._add(built, given, other, theirs, path)
        if self.source is not None:
            built.problems += new_names([(self.source, ("source",))], built.columns)
        columns = dict(built.columns)
        if self.source is not None:
            built.columns[self.source] = "varchar"
        if built.problems or not all(columns.values()):
            return built
        types = {name: str(type_name) for name, type_name in columns.items()}

        def query(rows: str) -> exp.Query:
            whole: exp.Query = self._part(rows, given.source, given.columns, types)
            for other, theirs in known.items():
                part = self._part(other, other, theirs, types)
                whole = exp.union(whole, part, distinct=False, copy=False)
            return whole

        sources = {name: frozenset({name}) for name in columns}
        if self.source is not None:
            sources[self.source] = frozenset()
        beside = {
            name: frozenset((other, name) for other, theirs in known.items() if name in theirs)
            for name in columns
        }
        built.operations.append(
            Reshape(query, sources, others=beside, beside=tuple(known), heavy=False)
        )
        return built

    def _add(self, built: Built, given: Input, other: str, theirs: Columns, path: Path) -> None:
        """The columns of another dataset beside those that are known."""
        lower = {name.lower(): name for name in built.columns}
        for name, type_name in theirs.items():
            now = built.columns.get(name)
            if name in built.columns:
                if now is None or type_name is None:
                    continue
                both = common_type(now, type_name)
                if both is None:
                    message = f"`{name}` is {type_name} in `{other}`, and {now} before it"
                    hint = "cast one of them first, so that both are of one type"
                    built.problems.append(Problem("PSK-STEP-062", message, path, hint))
                else:
                    built.columns[name] = both
                continue
            if name.lower() in lower:
                twin = lower[name.lower()]
                message = f"`{name}` of `{other}` and `{twin}` differ in letter case only"
                built.problems.append(Problem("PSK-STEP-016", message, path, "rename one of them"))
            built.columns[name] = type_name
        if self.missing == "fail":
            here = set(given.columns)
            told = [(f"`{other}` has no column", sorted(here - set(theirs)))]
            told.append((f"`{other}` alone has the column", sorted(set(theirs) - here)))
            for words, names in told:
                if names:
                    hint = "take `missing: fail` away, or select the same columns in both"
                    message = f"{words} `{names[0]}`"
                    built.problems.append(Problem("PSK-STEP-064", message, path, hint))

    def _part(self, rows: str, name: str, there: Columns, types: dict[str, str]) -> exp.Select:
        """The rows of one dataset with all the columns."""
        items: list[exp.Expr] = []
        for wanted, type_name in types.items():
            value: exp.Expr = column(wanted) if wanted in there else exp.Null()
            same = there.get(wanted) == type_name
            items.append(named(value if same else cast(value, type_name), wanted))
        if self.source is not None:
            items.append(named(exp.Literal.string(name), self.source))
        return select(items, table(rows))
