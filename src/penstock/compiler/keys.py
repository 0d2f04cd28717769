"""Which columns of a query no two of its rows share, as far as its text and its datasets tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.compiler.state import Compilation

    Key = frozenset[str]

# Steps after which a row is still one row, with its columns under their names.
_KEEPING = {
    *("standardize", "filter", "nulls", "outliers", "lookup", "geocode", "derive", "surrogate_key"),
    *("sessionize", "window", "top", "sample", "encode", "scale", "parse_json", "parse_url"),
    "validate",
}
_UNIQUE = re.compile(r'\s*(?:IsPrimaryKey|IsUnique)((?:\s+"[^"]+")+)\s*', re.IGNORECASE)


class Keys:
    """The keys that are known in a compilation, names in lower case."""

    def __init__(self, state: Compilation) -> None:
        self._state = state
        self._datasets: dict[str, list[Key]] = {}

    def of_rows(self, select: exp.Select) -> list[Key]:
        """Of the rows that a SELECT works on: those of FROM, where nothing is joined to it."""
        group = select.args.get("group")
        if group is not None:
            return [_plain(group.expressions)] if _only_columns(group) else []
        source = select.args.get("from_")
        if source is None or select.args.get("joins") or select.args.get("laterals"):
            return []
        return self._of_source(source.this, select)

    def of_result(self, select: exp.Select) -> list[Key]:
        """Of the rows that it gives."""
        names = self.outputs(select)
        if names is None:
            return []
        found = [frozenset(names)] if select.args.get("distinct") is not None else []
        renamed = self._renamed(select)
        keys = [k for k in self.of_rows(select) if k <= renamed.keys()]
        return [*found, *(frozenset(renamed[c] for c in key) for key in keys)]

    def outputs(self, select: exp.Select) -> list[str] | None:
        """The names of the columns that it gives; None: not known."""
        names: list[str] = []
        for item in select.expressions:
            if not item.is_star:
                names.append(item.alias_or_name.lower())
            elif isinstance(item, exp.Star) and not any(item.args.values()):
                inner = self._columns(select)
                if inner is None:
                    return None
                names += inner
            else:
                return None
        return names

    def looked_at(self, select: exp.Select) -> set[str] | None:
        """The columns that a SELECT names; None: not known, or of several tables."""
        if select.args.get("joins"):
            return None
        names = {c.name.lower() for c in select.find_all(exp.Column) if not c.is_star}
        if any(item.is_star for item in select.expressions):
            inner = self._columns(select)
            return None if inner is None else names | set(inner)
        return names

    def _renamed(self, select: exp.Select) -> dict[str, str]:
        """Column of FROM → the name it is given under."""
        found = {}
        for item in select.expressions:
            if isinstance(item, exp.Star):
                found.update({c: c for c in self._columns(select) or ()})
            elif isinstance(item.unalias(), exp.Column):
                found[item.unalias().name.lower()] = item.alias_or_name.lower()
        return found

    def _columns(self, select: exp.Select) -> list[str] | None:
        source = select.args.get("from_")
        if source is None or select.args.get("joins"):
            return None
        inner = self._query(source.this, select)
        if inner is not None:
            return self.outputs(inner) if isinstance(inner, exp.Select) else None
        info = self._state.datasets.get(source.this.name.lower())
        return [c.name.lower() for c in info.schema] if info is not None else None

    def _of_source(self, source: exp.Expr, select: exp.Select) -> list[Key]:
        inner = self._query(source, select)
        if inner is not None:
            return self.of_result(inner) if isinstance(inner, exp.Select) else []
        return self._of_dataset(source.name.lower()) if isinstance(source, exp.Table) else []

    def _query(self, source: exp.Expr, select: exp.Select) -> exp.Expr | None:
        """The query that a name in FROM stands for; None: a dataset."""
        if isinstance(source, exp.Subquery):
            return source.unnest()
        at: exp.Expr | None = select
        while at is not None:
            with_ = at.args.get("with_")
            if isinstance(with_, exp.With):
                for cte in with_.expressions:
                    if cte.alias.lower() == source.name.lower() and select is not cte.this:
                        found: exp.Expr = cte.this
                        return found if not with_.args.get("recursive") else exp.Null()
            at = at.parent
        return None

    def _of_dataset(self, name: str) -> list[Key]:
        if name not in self._datasets:
            self._datasets[name] = []  # a dataset that is made from itself is told elsewhere
            self._datasets[name] = self._found(name)
        return self._datasets[name]

    def _found(self, name: str) -> list[Key]:
        keys = [
            frozenset(c.lower() for c in re.findall(r'"([^"]+)"', match[1]))
            for check in self._state.checks
            if check.dataset == name and (match := _UNIQUE.fullmatch(check.rule))
        ]
        model = self._state.models.get(name)
        if model is not None:
            return keys + (self.of_result(model.tree) if isinstance(model.tree, exp.Select) else [])
        made: list[Key] = []
        for use in self._state.steps.get(name, ()):
            options: Mapping[str, object] = getattr(use.options, "__dict__", {})
            if use.name == "deduplicate" and options.get("keys"):
                made = [_names(options["keys"])]
            elif use.name == "aggregate":
                made = [_names(options["by"])] if options.get("by") else []
            elif use.name not in _KEEPING:
                made = []
        return keys + made


def _names(given: object) -> Key:
    return (
        frozenset(str(n).lower() for n in given)
        if isinstance(given, (list, tuple, dict))
        else frozenset()
    )


def _only_columns(group: exp.Expr) -> bool:
    more = any(group.args.get(k) for k in ("grouping_sets", "cube", "rollup", "all", "totals"))
    return not more and all(isinstance(e, exp.Column) for e in group.expressions)


def _plain(columns: list[exp.Expr]) -> Key:
    return frozenset(c.name.lower() for c in columns)
