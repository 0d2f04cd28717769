"""Which statements, names and relations a model may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.dialects.portable.desugaring.building import refuse
from penstock.dialects.portable.reading import called, shown
from penstock.dialects.portable.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 63  # bytes: PostgreSQL cuts the rest off and says nothing
_FILES = ("read_", "parquet_", "sniff_", "glob")
# Tuples that are no values; `within.py` sees to those of count(DISTINCT (a, b)).
_TUPLES = (
    exp.Values,
    exp.Group,
    exp.GroupingSets,
    exp.Rollup,
    exp.Cube,
    exp.Pivot,
    exp.Distinct,
)
_SERIES = frozenset({"range", "generate_series"})


def statement(tree: exp.Expr) -> None:
    """Refuse what is no query, and names that engines read differently.

    Raises:
        Refusal: a statement, name or relation is not portable.
    """
    if not isinstance(tree, (exp.Query, exp.Pivot, exp.Values)) or isinstance(tree, exp.Table):
        raise Refusal("PSK-SQL-120", f"a model is one SELECT, not {type(tree).__name__.upper()}")
    if tree.find(exp.Into):
        raise Refusal("PSK-SQL-120", "a model is one SELECT, and writes into no table of its own")
    _sets(tree)
    for node in tree.walk():
        if isinstance(node, exp.Identifier):
            _identifier(node)
        elif isinstance(node, exp.Tuple) and not (
            isinstance(node.parent, _TUPLES) or node.arg_key == "on" or _unpivoted(node)
        ):
            raise refuse(
                "PSK-PORT-022",
                node,
                f"`{shown(node)}`: rows compare differently where they hold NULL",
                "compare each of their values",
            )
        elif isinstance(node, exp.Table):
            _relation(node)
        elif isinstance(node, exp.Explode):
            raise refuse(
                "PSK-PORT-022",
                node,
                "unnest among the columns gives other rows on each engine",
                "FROM t, unnest(t.items) AS u(item)",
            )
        elif isinstance(node, (exp.Dot, exp.Anonymous)):
            _called(node)
        elif isinstance(node, exp.Columns) or (
            isinstance(node, exp.Star) and isinstance(node.parent, (exp.Like, exp.ILike, exp.Not))
        ):
            raise refuse(
                "PSK-PORT-022",
                node,
                "which columns a pattern takes is not said in the SQL",
                "name them, or * EXCLUDE (…)",
            )
        elif isinstance(node, exp.TableSample):
            raise refuse(
                "PSK-PORT-022",
                node,
                "a sample takes other rows in each run and on each engine",
                "the step `sample` takes the same rows everywhere, by a hash of a key",
            )
        elif isinstance(node, (exp.Placeholder, exp.Parameter, exp.SessionParameter)):
            raise refuse(
                "PSK-PORT-022",
                node,
                f"`{shown(node)}`: parameters are not in the portable language",
            )


def known(tree: exp.Expr, schemas: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse relations whose columns are not known, when every name is qualified.

    Raises:
        Refusal: a table is neither a source, a model nor named in WITH.
    """
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        there = table.name in schemas or table.name in named
        if isinstance(table.this, exp.Identifier) and not there:
            raise refuse(
                "PSK-PORT-021",
                table,
                f"the columns of `{table.name}` are not known",
                "declare it as a source or a model",
            )


def _called(node: exp.Expr) -> None:
    """Refuse `s.upper()`, and calls that are none of the language's."""
    if isinstance(node, exp.Dot) and called(node.expression):
        more = ", …" if node.expression.expressions else ""
        raise refuse(
            "PSK-PORT-022",
            node,
            f"`{shown(node)}`: a function called behind a point is not portable",
            f"{called(node.expression)}({shown(node.this)}{more})",
        )
    if isinstance(node, exp.Anonymous) and called(node) is None:
        raise refuse(
            "PSK-PORT-022",
            node,
            f"`{shown(node)}` is not in the portable language",
            "a struct has names for its fields: {'a': 1}",
        )


def _unpivoted(node: exp.Tuple) -> bool:
    """Whether it is what UNPIVOT makes rows of: `pivots.py` sees to it."""
    above = node.find_ancestor(exp.Pivot, exp.Query)
    return isinstance(above, exp.Pivot) and bool(above.args.get("unpivot"))


def _sets(tree: exp.Expr) -> None:
    """In GROUPING SETS and its kind a number is a place to one engine, a value to another."""
    for node in tree.find_all(exp.GroupingSets, exp.Rollup, exp.Cube):
        for each in node.expressions:
            for part in each.expressions if isinstance(each, exp.Tuple) else [each.unnest()]:
                if isinstance(part, exp.Literal):
                    raise refuse(
                        "PSK-PORT-022",
                        part,
                        f"`{shown(part)}` is a column's place or a value here, as the engine is",
                        "name the column",
                    )


def _identifier(node: exp.Identifier) -> None:
    name = str(node.this)
    if name != name.lower():
        raise refuse(
            "PSK-PORT-030",
            node,
            f"`{name}` has capital letters: engines disagree on whether they count",
            f"write `{name.lower()}`, and rename the column where it is read",
        )
    if len(name.encode()) > _LONGEST:
        raise refuse(
            "PSK-PORT-030",
            node,
            f"`{name}` is longer than {_LONGEST} bytes, and PostgreSQL would cut it",
            "give it a shorter name",
        )


def _relation(node: exp.Table) -> None:
    name = called(node.this)
    if name is not None:
        if name in _SERIES:
            return
        if name.startswith(_FILES) or name.endswith("_scan"):
            raise refuse(
                "PSK-PORT-022",
                node,
                f"`{name}` reads files, which only DuckDB does inside a query",
                "declare a source, and read it by its name",
            )
        raise refuse(
            "PSK-PORT-022",
            node,
            f"the table function `{name}` is not in the portable language",
            "unnest, range and generate_series are",
        )
    alias = node.args.get("alias")
    if alias is not None and alias.columns:
        raise refuse(
            "PSK-PORT-022",
            node,
            f"`{shown(node)}` renames the columns of a table",
            "(SELECT a AS b FROM t) AS t",
        )
    if node.args.get("db") is not None:
        raise refuse(
            "PSK-PORT-022",
            node,
            f"`{shown(node)}` is outside the pipeline",
            "a model reads sources and models by their bare names",
        )
    if any(c in node.name for c in "./\\*:"):
        raise refuse(
            "PSK-PORT-022",
            node,
            f"`{node.name}` is a file, which only DuckDB reads by its name",
            "declare a source, and read it by its name",
        )
