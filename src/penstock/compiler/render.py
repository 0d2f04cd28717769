"""Pass: renders every statement's trees as the engine's SQL."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock import dialects
from penstock.compiler.portability import refuse
from penstock.compiler.writing import AsWritten, Portable
from penstock.dialects.portable import Refusal
from penstock.program import Stage, Statement, stage_name
from penstock.transforms.names import select, table
from penstock.transforms.volatile import is_volatile

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation, Made
    from penstock.compiler.writing import Writer
    from penstock.transforms.base import Origins
    from penstock.transforms.parts import Part


def render(state: Compilation) -> None:
    """Fill `state.statements`, in an order in which they can run."""
    # A chain reads what it starts from several times: to make the rows, and to count those set
    # aside. Where it could find others the second time, they are kept.
    reread = {d for n, m in state.made.items() if m.parts for d in state.datasets[n].depends_on}
    for name in state.order:
        if name in state.made:
            made = state.made[name]
            if made.parts and name in reread and any(p.cost > 1 and not p.keep for p in made.parts):
                made.parts[-1].keep = True
            statement = _written(state, name, made, kept=name in reread)
            if statement is not None:
                state.statements.append(statement)


def _written(state: Compilation, name: str, made: Made, *, kept: bool) -> Statement | None:
    """A dataset's statement; None: it is refused, which is told.

    What is not portable runs on the engine that it is written for, and is told later.
    """
    if made.kind in ("python", "command"):
        # What feeds it is read beside the reference engine.
        reference = AsWritten(dialects.load(dialects.REFERENCE))
        return _statement(state, name, made, reference, kept=kept)
    refused = state.refusals.get(name)
    if refused is None and not state.tied(name):
        try:
            return _statement(state, name, made, Portable(state, name), kept=kept)
        except Refusal as found:
            refused = state.refusals[name] = found
    if state.capabilities.native:
        schema = state.datasets[name].schema if made.kind == "steps" else ()
        as_written = AsWritten(state.capabilities, schema)
        return _statement(state, name, made, as_written, kept=kept)
    refuse(state, name, refused)
    return None


def _statement(
    state: Compilation, name: str, made: Made, engine: Writer, *, kept: bool
) -> Statement:
    info = state.datasets[name]
    stages = tuple(_stage(part, engine, last=part is made.parts[-1]) for part in made.parts)
    again = made.kind == "sql" and (kept or is_volatile(made.query))
    sql = _composed(made.parts, stages, engine) if stages else engine.render(made.query, ends=True)
    if again:
        # Every reader is to see the same rows.
        stages = (Stage(stage_name(name, 1), "sql", sql, materialize=True),)
    return Statement(
        dataset=name,
        kind=made.kind,
        sql=sql,
        depends_on=info.depends_on,
        schema=info.schema,
        row_by_row=made.row_by_row,
        stages=stages,
        python=made.python,
        command=made.command,
        command_digest=made.command_digest,
        lineage=_lineage(made.origins),
    )


def _stage(part: Part, engine: Writer, *, last: bool) -> Stage:
    return Stage(
        name=part.name,
        step=part.step,
        sql=engine.render(part.query, makes=part.name, ends=last),
        effect=part.effect,
        excluded=engine.render(part.excluded) if part.excluded else None,
        materialize=part.keep,
    )


def _composed(parts: list[Part], stages: tuple[Stage, ...], engine: Writer) -> str:
    """The whole chain as one query: every part but the last is a CTE."""
    texts = [
        engine.render(_guarded(part), ends=part is parts[-1]) if part.guards else stage.sql
        for part, stage in zip(parts, stages, strict=True)
    ]
    ctes = []
    for part, text in zip(parts[:-1], texts[:-1], strict=True):
        kept = "MATERIALIZED " if part.keep and engine.materialized else ""
        ctes.append(f"{part.name} AS {kept}(\n{_indented(part, text)}\n)")
    return f"WITH {', '.join(ctes)}\n{texts[-1]}" if ctes else texts[-1]


def _indented(part: Part, text: str) -> str:
    """Moved in by two, unless that would change a literal of several lines."""
    long = any("\n" in node.name for node in part.query.find_all(exp.Literal, exp.Identifier))
    return text if long else indent(text, "  ")


def _guarded(part: Part) -> exp.Query:
    """The part's query, reading the guards that nothing else would run."""
    query = part.query.copy()
    for guard in part.guards:
        rows = select([exp.Literal.number(1)], table(guard))
        assert isinstance(query, exp.Select)
        query.where(exp.Not(this=exp.Exists(this=rows)), copy=False)
    return query


def _lineage(origins: Origins) -> dict[str, list[list[str]]]:
    return {name: [list(pair) for pair in sorted(pairs)] for name, pairs in origins.items()}
