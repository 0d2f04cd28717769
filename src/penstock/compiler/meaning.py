"""What a model means: its text in the portable language, or why it is not in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock import dialects
from penstock.dialects import portable
from penstock.transforms.base import Bound
from penstock.transforms.canonical import canonical
from penstock.transforms.names import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlglot import exp

    from penstock.compiler.sqltext import Model
    from penstock.compiler.state import Compilation


def meaning(state: Compilation, name: str, model: Model) -> portable.Prepared | None:
    """A model's query with every name and type known.

    Fills `state.prepared`, or `state.refusals` where it is not portable.
    """
    if state.tied(name):
        return None
    try:
        prepared = portable.prepare(
            model.text, inputs(state, state.datasets[name].depends_on), variables(state)
        )
        prepared.render(dialects.REFERENCE)
        columns = prepared.columns
    except portable.Refusal as refused:
        state.refusals[name] = refused
        return None
    return prepared if columns else None


def agree(state: Compilation, prepared: portable.Prepared, bound: Bound) -> Bound | None:
    """The columns of a model as DuckDB names them, with the types that they have everywhere.

    None: what Penstock would have run is not what DuckDB reads in the user's text.
    """
    sql = prepared.render(dialects.REFERENCE)
    mine = state.binder.describe(sql)
    if mine.failures:
        return None
    # Beside failures stand the columns of a query without what failed.
    columns = mine.columns if bound.failures else bound.columns
    if [n for n, _ in columns] != [n for n, _ in mine.columns]:
        return None
    found = []
    for (name, given), (_, meant), (_, physical) in zip(
        columns, prepared.columns, mine.columns, strict=True
    ):
        if meant != "null" and canonical(physical) != (meant, False):
            return None
        found.append((name, given if meant == "null" else meant))
    return Bound(tuple(found))


def not_agreed(*, unnamed: bool) -> portable.Refusal:
    """Penstock reads a text otherwise than DuckDB, where both can read it.

    Args:
        unnamed: there are columns without a name, for which each engine makes one up.
    """
    if unnamed:
        return portable.Refusal(
            "PSK-PORT-034",
            "each engine names a column without a name in its own way",
            "name it with AS",
        )
    return portable.Refusal(
        "PSK-PORT-034",
        "Penstock reads this SQL otherwise than DuckDB does",
        "write it in a plainer way; and please report it, with the model",
    )


def inputs(state: Compilation, names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Dataset → column → type, of the datasets that a query reads."""
    return {n: {c.name: c.type for c in state.datasets[n].schema} for n in names}


def variables(state: Compilation) -> Mapping[str, exp.Expr]:
    """What `$NAME` stands for."""
    return {name: literal(value) for name, value in state.definition.variables.items()}
