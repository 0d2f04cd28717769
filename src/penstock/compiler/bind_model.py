"""Binds an SQL model: the user's own text, so that what is wrong is found at its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.compiler.binder import only_names
from penstock.compiler.guesses import guess
from penstock.compiler.join_keys import mismatched_keys
from penstock.compiler.lineage import Tracer
from penstock.compiler.meaning import agree, meaning, not_agreed
from penstock.compiler.models import tell_failures
from penstock.compiler.sqltext import same_words
from penstock.compiler.state import Made
from penstock.program import Column
from penstock.transforms.base import Failure, clashes
from penstock.transforms.canonical import canonical
from penstock.transforms.names import cast, column, identifier, literal, named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.compiler.sqltext import Model
    from penstock.compiler.state import Compilation

    BoundColumns = Sequence[tuple[str, str]]


def bind_model(state: Compilation, name: str) -> tuple[Made, tuple[Column, ...]] | None:
    """The model's tree and schema; None where something is wrong, which is told."""
    model = state.models[name]
    needs = state.datasets[name].depends_on
    known = [c for d in needs for c in state.schema(d)]
    bound = state.binder.describe(model.text, known=known)
    meant = meaning(state, name, model)
    agreed = agree(state, meant, bound) if meant is not None and only_names(bound) else None
    if meant is not None and agreed is not None:
        # Functions that DuckDB has not under this name, and types that are ours.
        state.prepared[name], bound = meant, agreed
    elif meant is not None and not bound.failures:
        state.refusals[name] = not_agreed(unnamed=bool(_unnamed(model, bound.columns)))
    schema, failures = _schema(model, bound.columns)
    if bound.failures:
        failures = list(bound.failures)
    tree = rendered_tree(state, model)
    tracer = Tracer(tree, {d: state.schema(d) for d in needs})
    if name not in state.prepared:  # the portable language knows the types better
        failures += mismatched_keys(tracer)
    tell_failures(state, failures, model.span, len(model.text))
    if failures:
        guess(state, name, bound.columns)
        return None
    _told_unnamed(state, model, bound.columns)
    portable = name in state.prepared
    whole = tree if portable else _with_canonical_types(state, tree, bound.columns, model.text)
    if whole is None:
        tell_failures(state, [_not_understood()], model.span, len(model.text))
        return None
    origins = tracer.origins([c.name for c in schema])
    return Made("sql", whole, origins=origins), tuple(schema)


def _schema(model: Model, bound: BoundColumns) -> tuple[list[Column], list[Failure]]:
    columns, failures = [], []
    for i, (name, bound_type) in enumerate(bound):
        try:
            columns.append(Column(name, canonical(bound_type)[0]))
        except ValueError as error:
            message = f"the column `{name}` is of type {bound_type.lower()}, which Penstock has not"
            place = _projection(model, i)
            failures.append(Failure("PSK-TYPE-010", message, str(error), *place))
    for i, name in clashes([n for n, _ in bound]):
        message = f"two columns are named `{name}`"
        hint = "give one another name with AS, or leave it out: SELECT * EXCLUDE (…)"
        failures.append(Failure("PSK-SQL-113", message, hint, *_projection(model, i)))
    return columns, failures


def _told_unnamed(state: Compilation, model: Model, bound: BoundColumns) -> None:
    """Columns that are named after their expression: each engine makes up another name."""
    for i in _unnamed(model, bound):
        state.tell(
            "PSK-SQL-116",
            f"this column has no name but its expression's: `{bound[i][0]}`",
            model.span(*_found(_projection(model, i))),
            "name it with AS",
            severity="warning",
        )


def _unnamed(model: Model, bound: BoundColumns) -> list[int]:
    items = _projections(model)
    if len(items) != len(bound):
        return []
    named_ = (exp.Alias, exp.Column, exp.Star, exp.Columns, exp.Dot, exp.Aliases)
    return [i for i, item in enumerate(items) if not isinstance(item, named_)]


def _projections(model: Model) -> list[exp.Expr]:
    query: exp.Expr = model.tree
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    return list(query.expressions) if isinstance(query, exp.Select) else []


def _projection(model: Model, number: int) -> tuple[int | None, int]:
    """Where the text of an output column stands, as near as sqlglot knows."""
    items = _projections(model)
    if number >= len(items) or any(i.is_star for i in items):
        return None, 0
    starts = [(i.meta["start"], i.meta["end"]) for i in items[number].walk() if "start" in i.meta]
    if not starts:
        return None, 0
    start, end = min(s for s, _ in starts), max(e for _, e in starts)
    return start, end - start + 1


def _found(place: tuple[int | None, int]) -> tuple[int, int]:
    return (place[0] or 0, place[1])


def rendered_tree(state: Compilation, model: Model) -> exp.Query:
    """The tree with variables as literals and datasets under their own names."""
    tree = model.tree.copy()
    variables = state.definition.variables
    for node in list(tree.find_all(exp.Placeholder)):
        if node.name in variables:
            node.replace(literal(variables[node.name]))
    for table in tree.find_all(exp.Table):
        lower = table.name.lower()
        if table.name != lower and lower in state.datasets:
            if not table.args.get("alias"):
                table.set("alias", exp.TableAlias(this=identifier(table.name)))
            table.set("this", identifier(lower))
    return tree


def _with_canonical_types(
    state: Compilation, tree: exp.Query, bound: BoundColumns, text: str
) -> exp.Query | None:
    """The tree with its columns cast to Penstock's types; None if sqlglot read something else."""
    rendered = tree.sql("duckdb", comments=False)
    # Binding the same words a second time would tell the same.
    same = same_words(rendered, text)
    again = bound if same else state.binder.describe(rendered).columns
    if [t for _, t in again] != [t for _, t in bound]:
        return None
    names = [n for n, _ in bound]
    casts = {n: canonical(t)[0] for n, t in bound if canonical(t)[1]}
    renamed = [n for n, _ in again] != names
    if not casts and not renamed:
        return tree
    alias = exp.TableAlias(this=identifier("model"))
    if renamed:
        alias.set("columns", [identifier(n) for n in names])
    items = [named(cast(column(n), casts[n]) if n in casts else column(n), n) for n in names]
    return exp.select(*items).from_(exp.Subquery(this=tree, alias=alias))


def _not_understood() -> Failure:
    return Failure(
        "PSK-SQL-120",
        "Penstock reads this SQL otherwise than DuckDB does",
        "write it in a plainer way; and please report it, with the model",
    )
