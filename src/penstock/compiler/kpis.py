"""Pass: compiles the KPIs, each a SELECT of one number over datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.compiler.bind_model import rendered_tree
from penstock.compiler.models import tell_failures
from penstock.compiler.own_rules import evaluating
from penstock.compiler.sqltext import read_model
from penstock.diagnostics import did_you_mean
from penstock.program import Kpi
from penstock.quality.statement import gives_one_row
from penstock.transforms.base import Failure
from penstock.transforms.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.compiler.sqltext import Model
    from penstock.compiler.state import Compilation
    from penstock.spec.operation import Kpi as Declared

NOT_A_NUMBER = "PSK-KPI-001"
NUMBERS = frozenset({"smallint", "integer", "bigint", "double", "decimal"})


def check_kpis(state: Compilation) -> None:
    """Fill `state.kpis`, in the order of the file."""
    for number, declared in enumerate(state.definition.pipeline.kpis):
        kpi = _compiled(state, number, declared)
        if kpi is not None:
            state.kpis.append(kpi)


def _compiled(state: Compilation, number: int, declared: Declared) -> Kpi | None:
    positions = state.definition.positions
    path = ("kpis", number, "sql")
    text = declared.sql
    model, failures = read_model(text, lambda o, n: positions.inside(path, o, n), state.binder)
    if model is not None:
        failures = _unknown(state, model)
    needs = tuple(dict.fromkeys(r.name.lower() for r in model.references)) if model else ()
    if model is None or failures or not state.usable(needs):
        tell_failures(state, failures, lambda o, n: positions.inside(path, o, n), len(text))
        return None
    bound = state.binder.describe(text, known=[c for d in needs for c in state.schema(d)])
    failures = list(bound.failures) or _not_a_number(model, bound.columns)
    tell_failures(state, failures, model.span, len(text))
    if failures:
        return None
    state.places[f"kpi:{declared.name}"] = positions.key(("kpis", number, "name"))
    sql = evaluating(state).render(rendered_tree(state, model))
    return Kpi(declared.name, sql, needs, declared.unit)


def _unknown(state: Compilation, model: Model) -> list[Failure]:
    known = {*state.datasets, *state.definition.broken}
    return [
        Failure(
            "PSK-REF-001",
            f"no dataset named `{found.name}`",
            did_you_mean(found.name.lower(), known, noun="datasets"),
            found.offset,
            found.length,
        )
        for found in model.references
        if found.name.lower() not in known
    ]


def _not_a_number(model: Model, columns: Sequence[tuple[str, str]]) -> list[Failure]:
    """What is wrong where the SELECT binds and gives something other than one number."""
    wrong = None
    if len(columns) != 1:
        wrong = f"{len(columns)} columns", "SELECT one value"
    elif not _numeric(columns[0][1]):
        wrong = f"{columns[0][1].lower()}", "count, sum or cast it"
    elif not gives_one_row(model.tree):
        wrong = "many rows", "aggregate them (count, sum, …), or add LIMIT 1"
    if wrong is None:
        return []
    return [Failure(NOT_A_NUMBER, f"a KPI is one number, and this gives {wrong[0]}", wrong[1])]


def _numeric(bound: str) -> bool:
    try:
        return canonical(bound)[0].partition("(")[0] in NUMBERS
    except ValueError:  # a type that Penstock has not
        return False
