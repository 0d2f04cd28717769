"""The compiler: a definition becomes a Program for one engine, in passes.

Each pass is one file and one function over a `Compilation`; they run in the order of `PASSES`.
None stops at an error: what is broken is left out, and everything else is still looked at.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

from penstock import dialects, sql_size
from penstock.compiler.assemble import assemble
from penstock.compiler.bind import bind
from penstock.compiler.binder import Binder
from penstock.compiler.engines import report_engines
from penstock.compiler.incremental import check_incremental
from penstock.compiler.kpis import check_kpis
from penstock.compiler.models import read_models
from penstock.compiler.places import check_places
from penstock.compiler.quality import check_quality
from penstock.compiler.render import render
from penstock.compiler.resolve import resolve
from penstock.compiler.slicing import decide_slices
from penstock.compiler.sources import read_sources
from penstock.compiler.state import Compilation, DatasetInfo
from penstock.compiler.steps import check_steps
from penstock.compiler.targets import check_targets
from penstock.compiler.ties import warn_of_ties
from penstock.compiler.unused import warn_of_unused
from penstock.diagnostics import did_you_mean
from penstock.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from penstock.program import Column
    from penstock.spec import Definition

__all__ = ["PASSES", "Compilation", "DatasetInfo", "compile_definition"]

PASSES: tuple[Callable[[Compilation], None], ...] = (
    read_models,
    resolve,
    read_sources,
    check_steps,
    bind,
    check_quality,
    check_kpis,
    check_targets,
    check_places,
    check_incremental,
    warn_of_unused,
    warn_of_ties,
    decide_slices,
    render,
    report_engines,
    assemble,
)


def compile_definition(
    definition: Definition,
    engine: str = "duckdb",
    *,
    schemas: Mapping[str, tuple[Column, ...]] | None = None,
) -> Compilation:
    """Compile a definition for an engine.

    Args:
        schemas: of sources that were looked at already: they are not asked.

    Everything wrong with it is in `Compilation.diagnostics`; `Compilation.program` is None if
    there is an error among them.

    Raises:
        UsageError: there is no engine of that name.
    """
    if engine not in dialects.names():
        hint = did_you_mean(engine, dialects.names(), noun="engines")
        raise UsageError(f"no engine named `{engine}`", hint=hint)
    sql_size.allow_depth()
    spoken = dialects.REFERENCE if dialects.missing(engine) else engine
    state = Compilation(definition, engine, dialects.load(spoken), Binder(definition.variables))
    state.given = dict(schemas or {})
    try:
        with _no_collecting():
            for one in PASSES:
                one(state)
    finally:
        state.binder.close()
    return state


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Keep the garbage collector from walking trees that are all still needed.

    A tenth of the time of a thousand models; what they leave behind is collected afterwards.
    """
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()
