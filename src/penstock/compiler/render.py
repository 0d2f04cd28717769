"""Pass: renders every statement's trees as the engine's SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.program import Stage, Statement, stage_name
from penstock.transforms.names import identifier, table
from penstock.transforms.volatile import is_volatile

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation, Made
    from penstock.dialects import Capabilities
    from penstock.transforms.base import Origins
    from penstock.transforms.parts import Part


def render(state: Compilation) -> None:
    """Fill `state.statements`, in an order in which they can run."""
    for name in state.order:
        if name in state.made:
            state.statements.append(_statement(state, name, state.made[name]))


def _statement(state: Compilation, name: str, made: Made) -> Statement:
    engine = state.capabilities
    info = state.datasets[name]
    query = _composed(made.parts, engine) if made.parts else made.query
    stages = tuple(_stage(part, engine) for part in made.parts)
    if made.kind == "sql" and is_volatile(query):
        # Every reader is to see the same rows.
        sql = engine.render(query, pretty=True)
        stages = (Stage(stage_name(name, 1), "sql", sql, materialize=True),)
    return Statement(
        dataset=name,
        kind=made.kind,
        sql=engine.render(query, pretty=True),
        depends_on=info.depends_on,
        schema=info.schema,
        row_by_row=made.row_by_row,
        stages=stages,
        python=made.python,
        command=made.command,
        lineage=_lineage(made.origins),
    )


def _stage(part: Part, engine: Capabilities) -> Stage:
    return Stage(
        name=part.name,
        step=part.step,
        sql=engine.render(part.query, pretty=True),
        effect=part.effect,
        excluded=engine.render(part.excluded, pretty=True) if part.excluded else None,
        materialize=part.keep,
    )


def _composed(parts: list[Part], engine: Capabilities) -> exp.Query:
    """The whole chain as one query: every part but the last is a CTE."""
    *before, last = parts
    query = _guarded(last)
    if not before:
        return query
    ctes = [
        exp.CTE(
            this=_guarded(part),
            alias=exp.TableAlias(this=identifier(part.name)),
            materialized=True if part.keep and engine.materialized else None,
        )
        for part in before
    ]
    query.set("with_", exp.With(expressions=ctes))
    return query


def _guarded(part: Part) -> exp.Query:
    """The part's query, reading the guards that nothing else would run."""
    query = part.query.copy()
    for guard in part.guards:
        rows = exp.select(exp.Literal.number(1)).from_(table(guard))
        assert isinstance(query, exp.Select)
        query = query.where(exp.Not(this=exp.Exists(this=rows)), copy=False)
    return query


def _lineage(origins: Origins) -> dict[str, list[list[str]]]:
    return {name: [list(pair) for pair in sorted(pairs)] for name, pairs in origins.items()}
