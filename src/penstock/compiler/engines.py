"""Pass: says which engines can run the definition, and why the others cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock import dialects
from penstock.compiler.portability import portability

if TYPE_CHECKING:
    from penstock.compiler.state import Compilation

MOST_STATEMENTS = 100
"""Beyond so many only `penstock engines` asks each engine, which takes some ms each."""


def report_engines(state: Compilation) -> None:
    """Fill `state.engines`; tell why the engine asked for cannot."""
    gap = dialects.missing(state.engine)
    if gap:
        state.tell(
            gap.code,
            f"the pipeline cannot be compiled for {state.engine}: {gap.because}",
            None,
            f"it runs on: {', '.join(e for e in dialects.ENGINES if not dialects.missing(e))}",
            engines=(state.engine,),
        )
    against = _against(state)
    state.engines = {
        engine: _support(state, engine, against.get(engine, set())) for engine in dialects.ENGINES
    }


def _against(state: Compilation) -> dict[str, set[str]]:
    """Engine → codes of what is not portable to it, where the reference engine was asked for.

    Each is told as a warning, as long as no other engine is asked for.
    """
    errors = any(d.severity == "error" for d in state.diagnostics)
    if errors or state.engine != dialects.REFERENCE:
        return {}
    found: dict[str, set[str]] = {}
    for finding in portability(state, each_engine=len(state.statements) <= MOST_STATEMENTS):
        state.found.append(finding.diagnostic)
        for engine in finding.diagnostic.engines:
            found.setdefault(engine, set()).add(finding.diagnostic.code)
    return found


def _support(state: Compilation, engine: str, against: set[str]) -> dict[str, Any]:
    gap = dialects.missing(engine)
    if gap:
        return {"supported": False, "because": [gap.code]}
    codes = against | {
        d.code
        for d in state.diagnostics
        if d.severity == "error" and (not d.engines or engine in d.engines)
    }
    return {"supported": False, "because": sorted(codes)} if codes else {"supported": True}
