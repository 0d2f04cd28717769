"""Reads the expressions of steps: one DuckDB expression over the columns of a step's input.

The text is parsed twice on purpose: sqlglot makes the tree that is rendered for every engine,
and DuckDB binds the text as the user wrote it, so that its findings point into that text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from penstock import sql_size
from penstock.transforms.base import Bound, Problem
from penstock.transforms.canonical import canonical
from penstock.transforms.names import cast, column, data_type, identifier, literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from penstock.transforms.base import Columns, Input
    from penstock.transforms.names import Scalar

_HEAD = "SELECT ("
_GROUPED = "PSK-SQL-105"
_MANY_ROWS = (exp.Explode, exp.Unnest)
_MANY_ROWS_NAMES = {"unnest", "generate_subscripts", "unlist"}


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that binds.

    Attributes:
        tree: columns of the input stand without a table and exactly as the input spells them;
            variables are literals; cast to `type` where DuckDB's own type is not Penstock's.
        type: None: a column it uses is not known.
    """

    tree: exp.Expr
    type: str | None


class Reader:
    """Reads expressions over one input, and keeps what is wrong with them.

    Args:
        noun: what the expressions are, for messages: "a filter".
        by: for an aggregate step: the grouping expressions as DuckDB text; None: not an
            aggregate step.
    """

    def __init__(self, given: Input, *, noun: str, by: Sequence[str] | None = None) -> None:
        self._given = given
        self._noun = noun
        self._by = by
        self.problems: list[Problem] = []

    def read(
        self, text: str, path: tuple[str | int, ...] = (), *, columns: Columns | None = None
    ) -> Expression | None:
        """An expression, or None with its problems noted.

        Args:
            columns: instead of the input's columns.
        """
        over = self._given.columns if columns is None else columns
        tree = self._parse(text, path)
        if tree is None or not self._allowed(tree, path):
            return None
        if any(over[name] is None for name in _used(tree, over)):
            return Expression(exp.Null(), None)
        bound = self._bind(text, over)
        if bound.failures:
            self._failed(bound, path, text)
            return None
        try:
            type_name, must_cast = canonical(bound.columns[0][1])
        except ValueError as error:
            message = f"{self._noun} gives a value of type {bound.columns[0][1].lower()}"
            self._note("PSK-TYPE-010", f"{message}, which Penstock has not", path, str(error))
            return None
        normal = _normal(tree, over, self._given.variables)
        return Expression(cast(normal, type_name) if must_cast else normal, type_name)

    def _parse(self, text: str, path: tuple[str | int, ...]) -> exp.Expr | None:
        large = sql_size.too_large(sql_size.words(text))
        if large is not None:
            place = (large.offset, large.length)
            self.problems.append(Problem(sql_size.CODE, large.message, path, large.hint, *place))
            return None
        try:
            select = parse_one(f"{_HEAD}{text}\n)", read="duckdb")
        except (SqlglotError, RecursionError):
            self._unparsable(text, path)
            return None
        items = select.expressions
        rest = [key for key, value in select.args.items() if value and key != "expressions"]
        if not isinstance(select, exp.Select) or rest or len(items) != 1:
            self._note("PSK-STEP-011", f"{self._noun} is one SQL expression", path)
            return None
        tree = items[0]
        if isinstance(tree, exp.Subquery):
            self._no_query(path)
            return None
        inner: exp.Expr = tree.this if isinstance(tree, exp.Paren) else tree
        if isinstance(inner, exp.Alias):
            hint = "the name stands before the colon: `new_column: expression`"
            self._note("PSK-STEP-011", f"{self._noun} has no `AS`", path, hint)
            return None
        if isinstance(inner, exp.Tuple) or _has_star(inner):
            self._note("PSK-STEP-011", f"{self._noun} is one SQL expression", path)
            return None
        return inner

    def _unparsable(self, text: str, path: tuple[str | int, ...]) -> None:
        bound = self._given.binder.describe(f"{_HEAD}{text}\n)")
        syntax = [f for f in bound.failures if f.code == "PSK-SQL-101"]
        if syntax:
            self._failed(Bound(failures=tuple(syntax)), path, text)
        else:
            self._note("PSK-SQL-120", "this is outside the SQL that Penstock reads", path)

    def _allowed(self, tree: exp.Expr, path: tuple[str | int, ...]) -> bool:
        if tree.find(exp.Query):
            self._no_query(path)
            return False
        many = tree.find(*_MANY_ROWS) or next(
            (a for a in tree.find_all(exp.Anonymous) if a.name.lower() in _MANY_ROWS_NAMES), None
        )
        if many:
            hint = "write it as an SQL model, where rows may multiply"
            self._note("PSK-STEP-012", f"{self._noun} gives one value for one row", path, hint)
            return False
        return True

    def _no_query(self, path: tuple[str | int, ...]) -> None:
        hint = "use a `lookup` step or an SQL model to bring other datasets in"
        self._note("PSK-STEP-013", f"{self._noun} reads its own row only", path, hint)

    def _bind(self, text: str, over: Columns) -> Bound:
        rows = empty_rows(over)
        names = list(over)
        if self._by is not None:
            # An aggregate beside it, so that a plain column outside `by` does not bind.
            groups = f" GROUP BY {', '.join(self._by)}" if self._by else ""
            sql = f"{_HEAD}{text}\n) AS v, count(*) FROM {rows}{groups}"
        else:
            # Columns beside it, so that an aggregate does not bind.
            sql = f"{_HEAD}{text}\n) AS v, * FROM {rows}"
        return self._given.binder.describe(sql, known=names, portable=True)

    def _failed(self, bound: Bound, path: tuple[str | int, ...], text: str) -> None:
        for failure in bound.failures:
            code, message, hint = failure.code, failure.message, failure.hint
            offset, length = failure.offset, failure.length
            if code == _GROUPED:
                offset = None
                code = "PSK-STEP-014"
                message, hint = self._about_aggregates()
            if offset is not None:
                offset -= len(_HEAD)
                if offset >= len(text):  # at our own parenthesis
                    offset, length = max(len(text.rstrip()) - 1, 0), 1
                    message = "the expression ends too early"
                elif offset < 0:
                    offset = None
            self.problems.append(Problem(code, message, path, hint, offset, length))

    def _about_aggregates(self) -> tuple[str, str]:
        if self._by is None:
            return (
                f"{self._noun} works on one row, and this is an aggregate of many",
                "use an `aggregate` step, or a window: sum(x) OVER (PARTITION BY …)",
            )
        return (
            "a measure is an aggregate, and this uses a column outside one",
            "such as count(*), sum(x), max(x); or put the column under `by`",
        )

    def _note(
        self, code: str, message: str, path: tuple[str | int, ...], hint: str | None = None
    ) -> None:
        self.problems.append(Problem(code, message, path, hint))


def empty_rows(columns: Columns) -> str:
    """A FROM item with these columns and no rows, in DuckDB's SQL.

    >>> empty_rows({"a": "integer", "b c": "varchar"})
    '(SELECT CAST(NULL AS integer) AS "a", CAST(NULL AS varchar) AS "b c")'
    """
    items = ", ".join(
        f"CAST(NULL AS {type_name}) AS {exp.to_identifier(name, quoted=True).sql('duckdb')}"
        for name, type_name in columns.items()
        if type_name is not None
    )
    return f"(SELECT {items or 'NULL'})"


def _has_star(tree: exp.Expr) -> bool:
    """Whether it stands for several columns; `count(*)` does not."""
    stars = (s for s in tree.find_all(exp.Star) if not isinstance(s.parent, exp.Count))
    return next(stars, None) is not None or tree.find(exp.Columns) is not None


def free_columns(tree: exp.Expr) -> Iterator[exp.Column]:
    """The columns of an expression that are not the variable of a list comprehension."""
    for node in list(tree.find_all(exp.Column)):
        inside = node.find_ancestor(exp.Comprehension)
        while inside and node.parts[0].name.lower() != inside.expression.name.lower():
            inside = inside.find_ancestor(exp.Comprehension)
        if inside is None:
            yield node


def column_names(tree: exp.Expr) -> set[str]:
    """The columns that a normal expression uses."""
    return {node.name for node in free_columns(tree) if not node.table}


def _used(tree: exp.Expr, over: Columns) -> Iterator[str]:
    by_lower = {name.lower(): name for name in over}
    for node in free_columns(tree):
        found = by_lower.get(node.parts[0].name.lower())
        if found is not None:
            yield found


def _normal(tree: exp.Expr, over: Columns, variables: Mapping[str, Scalar]) -> exp.Expr:
    """The tree with columns as the input spells them and variables as literals."""
    by_lower = {name.lower(): name for name in over}
    root = exp.Paren(this=tree.copy())
    for node in free_columns(root):
        first, *fields = node.parts
        name = by_lower.get(first.name.lower())
        if name is None:
            continue
        new: exp.Expr = column(name)
        for part in fields:
            new = exp.Dot(this=new, expression=identifier(part.name))
        node.replace(new)
    for placeholder in list(root.find_all(exp.Placeholder)):
        placeholder.replace(literal(variables[placeholder.name]))
    done: exp.Expr = root.this
    return done


def typed(value: Scalar, type_name: str) -> exp.Expr:
    """A value of the pipeline file as a value of a column's type."""
    if isinstance(value, str) and type_name == "varchar":
        return exp.Literal.string(value)
    if isinstance(value, bool) and type_name == "boolean":
        return exp.Boolean(this=value)
    plain = exp.Literal.number(repr(value)) if isinstance(value, float) else literal(value)
    return exp.Cast(this=plain, to=data_type(type_name))
