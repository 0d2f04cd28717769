"""The SELECT of a CustomSql rule: read, checked, its tables found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.diagnostics import did_you_mean
from penstock.quality.sql import bind_text, parse_sql, set_variables

if TYPE_CHECKING:
    from penstock.quality.ast import Text
    from penstock.quality.scope import Scope

PRIMARY = "primary"
# `primary` is a reserved word of SQL. A name of the same length takes its place when the text is
# bound, so that offsets stay what they are.
_STAND_IN = "primar_"
UNKNOWN_DATASET = "PSK-DQ-015"


@dataclass(frozen=True, slots=True)
class Statement:
    """A SELECT over `primary` and other datasets.

    Attributes:
        tree: with `primary` as the dataset's relation and variables as values.
        outputs: names of its columns, `*` for all of a table, "" for a value without a name.
        reads_one: it reads one table, joined with nothing.
        gives_one_row: as far as can be seen without running it.
    """

    tree: exp.Query
    outputs: list[str]
    reads_one: bool
    gives_one_row: bool


def read_statement(text: Text, scope: Scope, *, code: str) -> Statement | None:
    """Read a statement; None, with errors at their places in the rule, if it is wrong."""
    tree = parse_sql(text, scope, code=code)
    if tree is None:
        return None
    if not isinstance(tree, exp.Query):
        scope.error(text.place, code, "expected a SELECT", "CustomSql only reads")
        return None
    outputs = ["*" if _is_star(output) else output.output_name for output in tree.selects]
    errors = len(scope.errors)
    _tables(tree, text, scope)
    filled = set_variables(tree, text, scope)
    if len(scope.errors) == errors:
        _bind(tree, text, scope, code)
    if len(scope.errors) > errors:
        return None
    assert isinstance(filled, exp.Query)  # None comes with an error
    _qualify(filled, scope)
    reads_one = isinstance(filled, exp.Select) and not filled.args.get("joins")
    return Statement(filled, outputs, reads_one, gives_one_row(filled))


def _tables(tree: exp.Query, text: Text, scope: Scope) -> None:
    """See that every table is there; other datasets become dependencies."""
    local = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        name = table.name
        if not isinstance(table.this, exp.Identifier):
            message = "a CustomSql rule reads datasets, not files or functions"
            hint = "make it a source of the pipeline"
            scope.error(text.place, UNKNOWN_DATASET, message, hint)
        elif table.db:
            _no_dataset(f"{table.db}.{name}", table, text, scope)
        elif name.lower() in local or name.lower() in (PRIMARY, scope.dataset):
            continue
        elif scope.datasets is not None and name not in scope.datasets:
            _no_dataset(name, table, text, scope)
        else:
            scope.depends_on.append(name)


def _no_dataset(name: str, table: exp.Table, text: Text, scope: Scope) -> None:
    start = int(table.this.meta.get("start", 0))
    end = int(table.this.meta.get("end", start)) + 1
    known = {*(scope.datasets or {}), PRIMARY}
    hint = did_you_mean(name.rpartition(".")[2], known, noun="datasets")
    message = f"there is no dataset `{name}`"
    scope.error(text.inside(start, end - start), UNKNOWN_DATASET, message, hint)


def _qualify(tree: exp.Query, scope: Scope) -> None:
    """Let `primary`, and the dataset by its own name, be the relation that is checked."""
    local = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        name = table.name.lower()
        if name in (PRIMARY, scope.dataset) and name not in local:
            alias = table.alias or table.name
            relation = scope.table()
            relation.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True)))
            for key in ("joins", "laterals", "pivots", "sample"):
                relation.set(key, table.args.get(key))
            table.replace(relation)
    for column in tree.find_all(exp.Column):
        if column.table.lower() == PRIMARY:
            column.set("table", exp.to_identifier(column.table, quoted=True))


def _bind(tree: exp.Query, text: Text, scope: Scope, code: str) -> None:
    written = list(text.value)
    names = [t.this for t in tree.find_all(exp.Table)]
    names += [c.args["table"] for c in tree.find_all(exp.Column) if c.args.get("table")]
    names += [a.this for a in tree.find_all(exp.TableAlias) if a.this]
    for name in names:
        start = name.meta.get("start")
        if name.name.lower() == PRIMARY and not name.args.get("quoted") and start is not None:
            written[start : start + len(PRIMARY)] = _STAND_IN
    rows = f'(SELECT * FROM "{scope.dataset}")'
    before = f'WITH {_STAND_IN} AS {rows}, "{PRIMARY}" AS {rows} SELECT * FROM (\n'
    bind_text(text, before, "\n) AS q", scope, code=code, written="".join(written))


def _is_star(output: exp.Expr) -> bool:
    return isinstance(output.this if isinstance(output, exp.Column) else output, exp.Star)


def gives_one_row(tree: exp.Query) -> bool:
    """Whether a SELECT gives one row at most, as far as can be seen without running it."""
    limit = tree.args.get("limit")
    if limit is not None and limit.expression.name == "1":
        return True
    if not isinstance(tree, exp.Select):
        return False
    if tree.args.get("group"):
        return False
    aggregates = [
        found
        for output in tree.expressions
        for found in output.find_all(exp.AggFunc)
        if found.find_ancestor(exp.Select) is tree and not isinstance(found.parent, exp.Window)
    ]
    return bool(aggregates) or tree.args.get("from_") is None
